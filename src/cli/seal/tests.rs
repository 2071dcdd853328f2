use super::*;

#[test]
fn it_makes_a_key_that_can_be_read_and_never_overwrites_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("sealing.key");
    let first = run(SealCommand::Init { out: out.clone() });
    assert_eq!(first, ExitCode::SUCCESS);
    let made = SealingKey::read(&out).expect("a key");

    let again = run(SealCommand::Init { out: out.clone() });
    assert_eq!(again, ExitCode::from(2));
    let kept = SealingKey::read(&out).expect("a key");
    assert_eq!(kept.key_id(), made.key_id());
}
