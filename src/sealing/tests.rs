use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn sealer() -> Sealer {
    Sealer::new(SealingKey::generate())
}

/// What came out, in the clear: these tests may.
fn clear(opened: Result<Opened, SealingError>) -> Result<Vec<u8>, SealingError> {
    let clearance = Clearance::grant();
    opened.map(|text| text.open(&clearance).to_vec())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The error of a result whose value must not be printed.
fn refusal<T>(result: Result<T, SealingError>) -> Option<SealingError> {
    result.err()
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again_and_only_there(
        text in proptest::collection::vec(any::<u8>(), 0..300),
        owner in ".{0,12}",
        name in ".{0,12}",
        other in ".{0,12}",
    ) {
        let clearance = Clearance::grant();
        let sealer = sealer();
        let (key, wrapped) = sealer.new_data_key(&owner);
        let sealed = key.seal(&name, &text);
        let unwrapped = sealer.unwrap(&owner, &wrapped).expect("the owner's key");
        prop_assert_eq!(clear(unwrapped.open(&name, &sealed, &clearance)), Ok(text.clone()));
        if text.len() >= 8 {
            prop_assert!(!contains(&sealed, &text));
        }
        if other != name {
            prop_assert_eq!(clear(key.open(&other, &sealed, &clearance)), Err(SealingError::Refused));
        }
        if other != owner {
            prop_assert_eq!(refusal(sealer.unwrap(&other, &wrapped)), Some(SealingError::Refused));
        }
        let (second, _) = sealer.new_data_key(&owner);
        prop_assert_eq!(clear(second.open(&name, &sealed, &clearance)), Err(SealingError::Refused));
    }

    #[test]
    fn no_bit_can_be_flipped_and_no_byte_cut_off(
        body in proptest::collection::vec(any::<u8>(), 0..100),
        at in any::<prop::sample::Index>(),
        bit in 0..8u32,
    ) {
        let clearance = Clearance::grant();
        let sealer = sealer();
        let sealed = sealer.seal_delivery("guid", body.clone());
        prop_assert_eq!(clear(sealer.open_delivery("guid", &sealed, &clearance)), Ok(body.clone()));
        prop_assert_eq!(clear(sealer.open_large_delivery("guid", sealed.clone(), &clearance)), Ok(body));
        prop_assert!(sealer.open_large_delivery("another", sealed.clone(), &clearance).is_err());

        let mut altered = sealed.clone();
        altered[at.index(sealed.len())] ^= 1 << bit;
        prop_assert!(sealer.open_delivery("guid", &altered, &clearance).is_err());
        prop_assert!(sealer.open_large_delivery("guid", altered, &clearance).is_err());
        let cut = &sealed[..at.index(sealed.len())];
        prop_assert!(sealer.open_delivery("guid", cut, &clearance).is_err());
        prop_assert!(sealer.open_large_delivery("guid", cut.to_vec(), &clearance).is_err());
    }

    #[test]
    fn anything_at_all_is_read_without_panicking(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let sealer = sealer();
        prop_assert!(sealer.open_delivery("guid", &bytes, &Clearance::grant()).is_err());
        prop_assert!(sealer.open_large_delivery("guid", bytes.clone(), &Clearance::grant()).is_err());
        prop_assert!(sealer.unwrap("owner", &bytes).is_err());
    }
}

#[test]
fn a_body_of_25_mib_comes_back_whole() {
    let sealer = sealer();
    let body: Vec<u8> = (0..25 * 1024 * 1024u32).map(|n| (n % 253) as u8).collect();
    let sealed = sealer.seal_delivery("guid", body.clone());
    assert!(sealed.len() - body.len() < 128, "little is added");
    let opened = clear(sealer.open_delivery("guid", &sealed, &Clearance::grant()));
    assert!(opened == Ok(body), "it comes back whole");
}

#[test]
fn a_body_with_room_to_spare_is_sealed_where_it_lies() {
    let sealer = sealer();
    // what is longer is packed first
    for length in [0, 1, 101, 102, 103, 511] {
        let text = vec![b'x'; length];
        let mut body = Vec::with_capacity(length + 200);
        body.extend_from_slice(&text);
        let place = body.as_ptr();
        let sealed = sealer.seal_delivery("guid", body);
        assert_eq!(sealed.as_ptr(), place, "{length} bytes");
        let copied = sealer.seal_delivery("guid", text.clone());
        assert_eq!(sealed.len(), copied.len(), "both are of one form");
        let opened = clear(sealer.open_delivery("guid", &sealed, &Clearance::grant()));
        assert_eq!(opened, Ok(text), "{length} bytes");
    }
}

#[test]
fn a_delivery_opens_under_its_own_guid_alone() {
    let sealer = sealer();
    let sealed = sealer.seal_delivery("guid", b"a body".to_vec());
    let clearance = Clearance::grant();
    let elsewhere = sealer.open_delivery("another", &sealed, &clearance);
    assert_eq!(clear(elsewhere), Err(SealingError::Refused));
}

#[test]
fn equal_texts_are_sealed_differently() {
    let sealer = sealer();
    let first = sealer.seal_delivery("guid", b"the same".to_vec());
    let second = sealer.seal_delivery("guid", b"the same".to_vec());
    assert_ne!(first, second);
    let head = WRAPPED_KEY_BYTES;
    assert_eq!(first[..head], second[..head], "one data key serves many deliveries");
}

#[test]
fn the_inbox_changes_its_data_key_in_time() {
    let sealer = sealer();
    let first = sealer.seal_delivery("guid", b"a body".to_vec());
    if let Some(key) = sealer.0.inbox.lock().expect("no panic").as_mut() {
        assert_eq!(key.uses_left, DELIVERIES_PER_KEY - 1);
        key.uses_left = 0;
    }
    let second = sealer.seal_delivery("guid", b"a body".to_vec());
    assert_ne!(first[..WRAPPED_KEY_BYTES], second[..WRAPPED_KEY_BYTES]);
    for sealed in [first, second] {
        let opened = clear(sealer.open_delivery("guid", &sealed, &Clearance::grant()));
        assert_eq!(opened.as_deref(), Ok(b"a body".as_slice()));
    }
}

#[test]
fn another_operators_key_is_named_not_tried() {
    let (ours, theirs) = (sealer(), sealer());
    let (_, wrapped) = theirs.new_data_key("SEC-1");
    assert_eq!(
        refusal(ours.unwrap("SEC-1", &wrapped)),
        Some(SealingError::OtherKey { needed: theirs.sealing_id(), configured: ours.key_id() })
    );
}

#[test]
fn marks_depend_on_key_purpose_and_text() {
    let (ours, theirs) = (sealer(), sealer());
    let mark = ours.mark("comment", "repo:1#2");
    assert_eq!(mark, ours.clone().mark("comment", "repo:1#2"));
    assert_eq!(mark.len(), 22);
    let url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(mark.chars().all(url_safe), "{mark}");
    for other in [
        ours.mark("comment", "repo:1#3"),
        ours.mark("revision", "repo:1#2"),
        ours.mark("commentr", "epo:1#2"),
        theirs.mark("comment", "repo:1#2"),
    ] {
        assert_ne!(mark, other);
    }
}

/// Independent computation: HKDF by its definition (RFC 5869) from HMAC alone.
#[test]
fn a_mark_is_what_the_description_says() {
    let key = SealingKey::generate();
    let hmac = |key: &[u8], data: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, data).as_ref().to_vec()
    };
    let extracted = hmac(b"embargod", key.marking_root());
    let derived = hmac(&extracted, b"marks v1\x01");
    let digest = hmac(&derived, b"\0\0\0\0\0\0\0\x07commenttext");
    let expected = BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]);
    assert_eq!(Sealer::new(key).mark("comment", "text"), expected);
}

#[test]
fn a_sealer_shows_its_key_id_alone() {
    let sealer = sealer();
    assert_eq!(format!("{sealer:?}"), format!("Sealer({})", sealer.key_id()));
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sealing.key");
    (folder, path)
}

#[cfg(unix)]
fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, mode).expect("its mode is set");
}

#[cfg(not(unix))]
fn chmod(_path: &Path, _mode: u32) {}

#[test]
fn a_key_that_was_written_opens_what_was_sealed_before() {
    let (_folder, path) = folder();
    let key = SealingKey::generate();
    let id = key.key_id();
    key.write_new(&path).expect("it is written");
    let sealer = Sealer::new(key);
    let sealed = sealer.seal_delivery("guid", b"a body".to_vec());

    let text = std::fs::read_to_string(&path).expect("it is text");
    assert!(text.starts_with(&format!("embargod-sealing-key v1 {id}\n")));
    let read = SealingKey::read(&path).expect("it is read");
    assert_eq!(read.key_id(), id);
    let again = Sealer::new(read);
    let opened = clear(again.open_delivery("guid", &sealed, &Clearance::grant()));
    assert_eq!(opened.as_deref(), Ok(b"a body".as_slice()));
    assert_eq!(again.mark("a", "b"), sealer.mark("a", "b"));
}

#[test]
fn a_key_file_is_never_overwritten() {
    let (_folder, path) = folder();
    std::fs::write(&path, "something dear").expect("it is written");
    let refused = SealingKey::generate().write_new(&path);
    assert_eq!(refused, Err(SealingError::KeyExists(path.clone())));
    assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("something dear"));
}

#[cfg(unix)]
#[test]
fn a_key_file_is_closed_to_others_and_must_stay_so() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = folder();
    SealingKey::generate().write_new(&path).expect("it is written");
    let mode = path.metadata().expect("a mode").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for mode in [0o604, 0o620, 0o644, 0o666] {
        chmod(&path, mode);
        let refused = refusal(SealingKey::read(&path)).expect("it is refused");
        let told = refused.to_string();
        assert!(told.contains(&format!("mode {mode:03o}")), "{told}");
        assert!(told.contains(&format!("chmod 600 {}", path.display())), "{told}");
    }
    for mode in [0o400, 0o440, 0o640] {
        chmod(&path, mode);
        assert!(SealingKey::read(&path).is_ok(), "mode {mode:03o}");
    }
}

#[test]
fn a_missing_key_is_told_with_the_command_that_makes_one() {
    let (_folder, path) = folder();
    let told = refusal(SealingKey::read(&path)).expect("it is refused").to_string();
    let remedy = format!("embargod seal init --out {}", path.display());
    assert!(told.contains(&remedy), "{told}");
}

#[test]
fn what_is_no_whole_key_is_refused_without_quoting_it() {
    let (_folder, path) = folder();
    let whole = {
        SealingKey::generate().write_new(&path).expect("it is written");
        std::fs::read_to_string(&path).expect("it is text")
    };
    let (_, secret) = whole.trim().rsplit_once('\n').expect("two lines");
    let altered = |at: usize| {
        let mut altered = whole.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        altered
    };
    let first = whole.find(secret).expect("it is there");
    let cases: [Vec<u8>; 9] = [
        Vec::new(),
        b"embargod-sealing-key v1\n".to_vec(),
        whole.as_bytes()[..whole.len() - 5].to_vec(),
        whole.replace(" v1 ", " v2 ").into_bytes(),
        format!("{whole}more").into_bytes(),
        altered(first),
        altered(first + 60),
        vec![0xff; 200],
        b"-----BEGIN PRIVATE KEY-----\n".repeat(500),
    ];
    for case in cases {
        std::fs::write(&path, &case).expect("it is written");
        let refused = refusal(SealingKey::read(&path)).expect("it is refused");
        assert_eq!(refused, SealingError::KeyMalformed(path.clone()));
        assert!(!refused.to_string().contains(&secret[..8]));
    }
    std::fs::write(&path, &whole).expect("it is written");
    assert!(SealingKey::read(&path).is_ok(), "whole again");
}

fn texts_of(ring: &Keyring) -> String {
    let (_folder, path) = folder();
    ring.write_new(&path).expect("it is written");
    std::fs::read_to_string(&path).expect("it is text")
}

#[test]
fn a_successor_seals_and_its_forerunner_still_opens() {
    let ring = Keyring::from(SealingKey::generate());
    let before = Sealer::new(ring.clone());
    let sealed = before.seal_delivery("guid", b"a body".to_vec());
    let (_, wrapped) = before.new_data_key("SEC-1");
    let after = Sealer::new(ring.with_successor());
    assert_ne!(after.key_id(), before.key_id());
    assert_eq!(after.mark("a", "b"), before.mark("a", "b"));
    let opened = clear(after.open_delivery("guid", &sealed, &Clearance::grant()));
    assert_eq!(opened.as_deref(), Ok(b"a body".as_slice()));

    let anew = after.rewrap("SEC-1", &wrapped).expect("it opens").expect("it was under the old key");
    assert_eq!(wrapped_by(&anew), Some(after.sealing_id()));
    assert_eq!(after.rewrap("SEC-1", &anew), Ok(None), "nothing is left to do");
    assert_eq!(after.rewrap("SEC-2", &wrapped), Err(SealingError::Refused), "it is another owner's");
    let alone = Sealer::new(ring.with_successor().only_current());
    assert!(matches!(refusal(alone.unwrap("SEC-1", &anew)), Some(SealingError::OtherKey { .. })), "another successor");
}

#[test]
fn a_text_sealed_before_a_rewrapping_opens_after_it() {
    let ring = Keyring::from(SealingKey::generate());
    let (key, wrapped) = Sealer::new(ring.clone()).new_data_key("SEC-1");
    let sealed = key.seal("text", b"words");
    let successor = ring.with_successor();
    let anew = Sealer::new(successor.clone()).rewrap("SEC-1", &wrapped).expect("it opens").expect("anew");
    let alone = Sealer::new(successor.only_current());
    let key = alone.unwrap("SEC-1", &anew).expect("under the new key");
    assert_eq!(clear(key.open("text", &sealed, &Clearance::grant())).as_deref(), Ok(b"words".as_slice()));
}

#[test]
fn once_adopted_the_old_key_seals_nothing_more() {
    let ring = Keyring::from(SealingKey::generate());
    let sealer = Sealer::new(ring.clone());
    let old = sealer.sealing_id();
    let head = |sealed: &[u8]| wrapped_by(&sealed[..WRAPPED_KEY_BYTES]);
    assert_eq!(head(&sealer.seal_delivery("guid", Vec::new())), Some(old));
    sealer.learn(&ring.with_successor()).expect("a successor");
    assert_eq!(head(&sealer.seal_delivery("guid", Vec::new())), Some(old), "it is known, and not yet used");
    let successor = ring.with_successor();
    sealer.adopt(&successor).expect("a successor");
    assert_eq!(head(&sealer.seal_delivery("guid", Vec::new())), Some(successor.current().id()));
    assert_eq!(wrapped_by(&sealer.new_data_key("SEC-1").1), Some(successor.current().id()));
}

#[test]
fn a_ring_is_read_as_it_was_written_and_strangers_are_refused() {
    let ring = Keyring::from(SealingKey::generate()).with_successor().with_successor();
    let (_folder, path) = folder();
    ring.write_new(&path).expect("it is written");
    assert_eq!(Keyring::read(&path).expect("a ring").ids(), ring.ids());

    let stranger = texts_of(&SealingKey::generate().into());
    std::fs::write(&path, texts_of(&ring) + &stranger).expect("it is written");
    let refused = Keyring::read(&path).err().expect("refused");
    assert!(matches!(refused, SealingError::Strangers { .. }), "{refused}");

    std::fs::write(&path, texts_of(&ring) + "embargod-sealing-key v1").expect("it is written");
    assert_eq!(Keyring::read(&path).err(), Some(SealingError::KeyMalformed(path.clone())));
}

#[cfg(unix)]
#[test]
fn replacing_a_key_file_keeps_its_mode_and_follows_links() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = folder();
    SealingKey::generate().write_new(&path).expect("it is written");
    chmod(&path, 0o640);
    let link = folder.path().join("link.key");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    let file = KeyFile::lock(&link).expect("locked");
    let ring = file.ring().with_successor();
    file.replace(&ring).expect("replaced");
    assert_eq!(Keyring::read(&path).expect("a ring").ids(), ring.ids());
    assert_eq!(path.metadata().expect("a mode").permissions().mode() & 0o777, 0o640);
    assert!(link.symlink_metadata().expect("there").is_symlink());
    let entries = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(entries, 2, "nothing is left behind");
}

fn from_text(text: &str) -> KeySource {
    KeySource::Text { name: "EMBARGOD_SEALING_KEY".to_owned(), text: text.to_owned().into() }
}

#[tokio::test]
async fn the_environment_holds_the_files_text_or_its_second_line() {
    let ring = Keyring::from(SealingKey::generate());
    let text = texts_of(&ring);
    let second_line = text.lines().nth(1).expect("two lines");
    for text in [text.as_str(), &text.replace('\n', " "), second_line] {
        assert_eq!(from_text(text).load().await.expect("a key").ids(), ring.ids());
    }
    for wrong in ["", "hush-hush", &second_line[..80], &text.replace(second_line, &second_line[4..])] {
        let refused = from_text(wrong).load().await.err().expect("refused").to_string();
        assert!(refused.starts_with("EMBARGOD_SEALING_KEY holds no whole sealing key"), "{refused}");
        assert!(!refused.contains("hush") && !refused.contains(&second_line[..8]), "{refused}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_prints_the_key_and_its_failures_are_told_without_its_words() {
    let (_folder, path) = folder();
    let key = SealingKey::generate();
    key.write_new(&path).expect("it is written");
    let command = |words: &[&str]| KeySource::Command(words.iter().map(|word| (*word).to_owned()).collect());
    let printed = command(&["cat", &path.display().to_string()]).load().await.expect("a key");
    assert_eq!(printed.ids(), [key.id()]);
    for (words, told) in [
        (&["sh", "-c", "echo hush-hush >&2; echo hush-hush; exit 3"][..], "the key command sh ended with exit code 3"),
        (&["sh", "-c", "kill -9 $$"], "the key command sh was killed"),
        (&["embargod-no-such-program", "hush-hush"], "the key command embargod-no-such-program cannot be started"),
        (&["echo", "hush-hush"], "the command echo holds no whole sealing key"),
        (&["printf", "\\377"], "the key command printf printed something else than text"),
        (&["head", "-c", "100000", "/dev/zero"], "the key command head printed more than keys are long"),
    ] {
        let refused = command(words).load().await.err().expect("refused").to_string();
        assert!(refused.starts_with(told), "{refused}");
        assert!(!refused.contains("hush-hush"), "{refused}");
    }
}
