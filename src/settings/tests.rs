use std::{collections::HashMap, path::Path};

use secrecy::ExposeSecret;

use super::{Problems, Settings, read};

const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n";

fn load(file: Option<(&Path, &str)>, environment: &[(&str, &str)]) -> Result<Settings, Problems> {
    let environment: HashMap<_, _> = environment.iter().copied().collect();
    read::settings(file, &|name| environment.get(name).map(|value| (*value).to_owned()))
}

fn with_key(test: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("key.pem"), KEY).expect("written");
    test(folder.path());
}

#[test]
fn the_environment_alone_is_enough() {
    with_key(|folder| {
        let key = folder.join("key.pem");
        let settings = load(
            None,
            &[
                ("EMBARGOD_GITHUB_APP_ID", "7"),
                ("EMBARGOD_GITHUB_PRIVATE_KEY_PATH", key.to_str().expect("utf-8")),
                ("EMBARGOD_GITHUB_WEBHOOK_SECRETS", "new, old"),
                ("EMBARGOD_SEALING_KEY_PATH", "/etc/embargod/sealing.key"),
            ],
        )
        .expect("complete");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(settings.database, "sqlite:embargod.db");
        let secrets: Vec<_> = settings.github.webhook_secrets.iter().map(|s| s.expose_secret().to_owned()).collect();
        assert_eq!(secrets, ["new", "old"]);
    });
}

#[test]
fn the_environment_wins_over_the_file_and_paths_of_the_file_are_relative_to_it() {
    with_key(|folder| {
        let file = folder.join("embargod.toml");
        let text = "listen = \"127.0.0.1:4000\"\ndatabase = \"sqlite:a.db\"\n[github]\napp_id = 7\n\
                    private_key_path = \"key.pem\"\nwebhook_secrets = [\"one\"]\n[sealing]\nkey_path = \"seal.key\"\n";
        let settings = load(Some((&file, text)), &[("EMBARGOD_LISTEN", "127.0.0.1:5000")]).expect("complete");
        assert_eq!(settings.listen.port(), 5000);
        assert_eq!(settings.sealing_key_path, folder.join("seal.key"));
    });
}

#[test]
fn the_work_of_the_store_has_bounds() {
    with_key(|folder| {
        let file = folder.join("embargod.toml");
        let text = "database_connections = 20\nack_gather_ms = 5\n[github]\napp_id = 7\n\
                    private_key_path = \"key.pem\"\nwebhook_secrets = [\"one\"]\n[sealing]\nkey_path = \"seal.key\"\n";
        let settings = load(Some((&file, text)), &[("EMBARGOD_ACK_GATHER_MS", "0")]).expect("complete");
        assert_eq!((settings.database_connections, settings.ack_gather_ms), (20, 0));
        for (name, wrong, remedy) in [
            ("EMBARGOD_DATABASE_CONNECTIONS", "3", "from 4 to 100"),
            ("EMBARGOD_DATABASE_CONNECTIONS", "101", "from 4 to 100"),
            ("EMBARGOD_ACK_GATHER_MS", "1001", "from 0 to 1000"),
            ("EMBARGOD_ACK_GATHER_MS", "-1", "from 0 to 1000"),
        ] {
            let problems = load(Some((&file, text)), &[(name, wrong)]).expect_err("out of bounds").to_string();
            assert!(problems.contains(name) && problems.contains(remedy), "{problems}");
        }
    });
}

#[test]
fn everything_that_is_missing_is_said_at_once_with_its_remedy() {
    let problems = load(None, &[("EMBARGOD_LISTEN", "nowhere")]).expect_err("incomplete").to_string();
    for needle in [
        "EMBARGOD_LISTEN: \"nowhere\" is no address",
        "no App id",
        "no private key",
        "no webhook secret",
        "no sealing key",
        "embargod seal init --out",
    ] {
        assert!(problems.contains(needle), "{needle} is missing in:\n{problems}");
    }
}

#[test]
fn a_wrong_line_of_the_file_is_named_by_line_and_column_without_its_value() {
    let file = Path::new("embargod.toml");
    let unknown =
        load(Some((file, "listen = \"127.0.0.1:1\"\nlissten = \"hush-hush\"\n")), &[]).expect_err("unknown key");
    let text = unknown.to_string();
    assert!(text.starts_with("embargod.toml:2:1: unknown field `lissten`"), "{text}");
    assert!(!text.contains("hush-hush"), "{text}");
    let bounds = load(Some((file, "sweep_interval_s = 0\n")), &[]).expect_err("out of bounds").to_string();
    assert!(bounds.contains("embargod.toml:1:20: is out of bounds"), "{bounds}");
}

#[test]
fn tokens_are_never_sent_in_the_clear_to_another_machine() {
    let remote = load(None, &[("EMBARGOD_GITHUB_API_BASE", "http://github.example.org/api/v3")]);
    assert!(remote.expect_err("refused").to_string().contains("plain http"));
    let loopback = load(None, &[("EMBARGOD_GITHUB_API_BASE", "http://127.0.0.1:9000")]);
    assert!(!loopback.expect_err("others are missing").to_string().contains("plain http"));
}
