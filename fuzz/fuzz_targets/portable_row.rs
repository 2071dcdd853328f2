//! A line that claims to be a row of a backup: what is understood is written again as it was understood.
#![no_main]

use embargod::store::portable::PortableRow;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    if let Ok(row) = serde_json::from_slice::<PortableRow>(line) {
        let written = serde_json::to_vec(&row).expect("it was read from such a line");
        let again: PortableRow = serde_json::from_slice(&written).expect("it was written by us");
        assert!(again == row);
    }
});
