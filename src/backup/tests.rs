use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::{
    domain::embargoed::Clearance,
    sealing::{Keyring, Sealer, SealingKey},
    store::portable::PortableRow,
};

fn sealer() -> Sealer {
    Sealer::new(SealingKey::generate())
}

fn header() -> Header {
    Header {
        key: String::new(),
        made_at: "2026-11-02T09:00:00Z".parse().expect("an instant"),
        program: "0.1.0".to_owned(),
        backend: "sqlite".to_owned(),
        schema: 2,
    }
}

fn number(last: i64, length: usize) -> PortableRow {
    PortableRow::Number { series: "canary".repeat(length), last }
}

fn written(sealer: &Sealer, rows: &[PortableRow]) -> Vec<u8> {
    let mut writer = BackupWriter::begin(Vec::new(), header(), sealer).expect("begun");
    for row in rows {
        writer.add(row).expect("added");
    }
    let (bytes, count) = writer.finish().expect("finished");
    assert_eq!(count, rows.len() as u64);
    bytes
}

fn read(sealer: &Sealer, bytes: &[u8]) -> Result<Vec<PortableRow>, BackupError> {
    let clearance = Clearance::grant();
    let mut reader = BackupReader::open(Cursor::new(bytes), sealer, &clearance)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    Ok(rows)
}

fn same(left: &[PortableRow], right: &[PortableRow]) -> bool {
    left == right
}

/// Where the chunks of a file begin.
fn chunks_at(bytes: &[u8]) -> usize {
    let lines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    lines.take(2).last().expect("two lines") + 1 + WRAPPED_KEY_BYTES
}

#[test]
fn rows_come_back_whatever_their_size_has_to_do_with_chunks() {
    let sealer = sealer();
    // a line of a number is {"row":"number","series":"…","last":1} and its end
    let frame = serde_json::to_vec(&number(1, 0)).expect("plain data").len() + 1;
    assert_eq!(CHUNK_BYTES % 2, 0);
    let exact = |bytes: usize| PortableRow::Number { series: "x".repeat(bytes - frame), last: 1 };
    for rows in [
        vec![],
        vec![number(1, 1)],
        vec![exact(CHUNK_BYTES - 1)],
        vec![exact(CHUNK_BYTES)],
        vec![exact(CHUNK_BYTES + 1)],
        vec![exact(CHUNK_BYTES), exact(CHUNK_BYTES)],
        vec![exact(5 * CHUNK_BYTES + 7), number(2, 1), exact(100)],
    ] {
        let bytes = written(&sealer, &rows);
        assert!(same(&read(&sealer, &bytes).expect("whole"), &rows));
    }
}

#[test]
fn nothing_but_the_beginning_is_in_the_clear() {
    let sealer = sealer();
    let bytes = written(&sealer, &[number(1, 20_000)]);
    assert!(!bytes.windows(6).any(|window| window == b"canary"));
    let beginning = String::from_utf8_lossy(&bytes[..chunks_at(&bytes) - WRAPPED_KEY_BYTES]);
    let expected = format!(
        "embargod backup v1\n{{\"key\":\"{}\",\"made_at\":\"2026-11-02T09:00:00Z\",\"program\":\"0.1.0\",\"backend\":\"sqlite\",\
         \"schema\":2}}\n",
        sealer.key_id()
    );
    assert_eq!(beginning, expected);
}

#[test]
fn a_successor_opens_a_backup_as_long_as_the_old_key_is_in_its_ring() {
    let ring = Keyring::from(SealingKey::generate());
    let bytes = written(&Sealer::new(ring.clone()), &[number(1, 1)]);
    assert!(read(&Sealer::new(ring.with_successor()), &bytes).is_ok());
    let refused = read(&Sealer::new(ring.with_successor().only_current()), &bytes).err().expect("refused").to_string();
    assert!(refused.contains(&format!("sealed under key {}", ring.current().id())), "{refused}");
}

#[test]
fn what_is_no_backup_is_told_apart_from_one_of_another_version() {
    let sealer = sealer();
    for (bytes, expected) in [
        (&b""[..], "this is no backup"),
        (b"SQLite format 3\0", "this is no backup"),
        (b"embargod backup v2\n{}\n", "another format"),
        (b"embargod backup v1\n", "altered or cut off"),
        (b"embargod backup v1\n{}\n", "altered or cut off"),
    ] {
        let told = read(&sealer, bytes).err().expect("refused").to_string();
        assert!(told.contains(expected), "{told}");
    }
}

/// Three chunks and a bit.
fn long(sealer: &Sealer) -> Vec<u8> {
    let rows: Vec<_> = (0..200).map(|last| number(last, 170)).collect();
    written(sealer, &rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bit_can_be_flipped(at in any::<prop::sample::Index>(), bit in 0..8u32) {
        let sealer = sealer();
        let mut bytes = long(&sealer);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(read(&sealer, &bytes).is_err(), "byte {at}");
    }

    #[test]
    fn nothing_can_be_cut_off_or_added(at in any::<prop::sample::Index>(), more in proptest::collection::vec(any::<u8>(), 1..40)) {
        let sealer = sealer();
        let mut bytes = long(&sealer);
        prop_assert!(read(&sealer, &bytes[..at.index(bytes.len())]).is_err());
        bytes.extend_from_slice(&more);
        prop_assert!(read(&sealer, &bytes).is_err());
    }

    #[test]
    fn anything_at_all_is_read_without_panicking(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let sealer = sealer();
        prop_assert!(read(&sealer, &bytes).is_err());
        let mut begun = MAGIC.as_bytes().to_vec();
        begun.extend_from_slice(&bytes);
        prop_assert!(read(&sealer, &begun).is_err());
    }
}

#[test]
fn chunks_cannot_be_cut_off_repeated_exchanged_or_brought_from_another_backup() {
    let sealer = sealer();
    let bytes = long(&sealer);
    let begin = chunks_at(&bytes);
    let chunks: Vec<&[u8]> = bytes[begin..].chunks(SEALED_CHUNK_BYTES).collect();
    assert_eq!(chunks.len(), 4);
    let other = long(&sealer);
    let foreign = &other[chunks_at(&other)..][..SEALED_CHUNK_BYTES];
    let with = |chunks: &[&[u8]]| [&bytes[..begin], &chunks.concat()].concat();
    assert!(read(&sealer, &with(&chunks)).is_ok(), "as it was");
    for (what, chunks) in [
        ("cut off after a whole chunk", vec![chunks[0], chunks[1], chunks[2]]),
        ("the last one alone", vec![chunks[3]]),
        ("none", vec![]),
        ("one left out", vec![chunks[0], chunks[2], chunks[3]]),
        ("two exchanged", vec![chunks[1], chunks[0], chunks[2], chunks[3]]),
        ("one repeated", vec![chunks[0], chunks[0], chunks[1], chunks[2], chunks[3]]),
        ("one of another backup", vec![chunks[0], foreign, chunks[2], chunks[3]]),
        ("the end twice", vec![chunks[0], chunks[1], chunks[2], chunks[3], chunks[3]]),
    ] {
        let refused = read(&sealer, &with(&chunks));
        assert!(matches!(refused, Err(BackupError::Damaged { .. })), "{what}");
    }
    // the beginning of one before the chunks of another
    let grafted = [&other[..chunks_at(&other)], &bytes[begin..]].concat();
    assert!(matches!(read(&sealer, &grafted), Err(BackupError::Damaged { at_byte }) if at_byte == begin as u64));
}
