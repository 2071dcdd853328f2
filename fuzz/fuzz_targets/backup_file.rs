//! A file that claims to be a backup: without the key nothing in it is believed, and reading it ends.
#![no_main]

use std::sync::LazyLock;

use embargod::{
    backup::{BackupReader, verify},
    domain::embargoed::Clearance,
    sealing::{Sealer, SealingKey},
};
use libfuzzer_sys::fuzz_target;

static SEALER: LazyLock<Sealer> = LazyLock::new(|| Sealer::new(SealingKey::generate()));

fuzz_target!(|file: &[u8]| {
    let clearance = Clearance::grant();
    if let Ok(reader) = BackupReader::open(file, &SEALER, &clearance) {
        assert!(verify(reader).is_err(), "believed without the key");
    }
});
