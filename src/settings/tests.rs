use std::{collections::HashMap, path::Path};

use secrecy::ExposeSecret;

use super::{Problems, SealingKeyFrom, Settings, read};

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
        assert_eq!(describe(&settings.sealing_key), format!("file {}", folder.join("seal.key").display()));
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
    let often = load(None, &[("EMBARGOD_RECONCILE_INTERVAL_S", "59")]).expect_err("too often").to_string();
    assert!(often.contains("EMBARGOD_RECONCILE_INTERVAL_S: is out of bounds"), "{often}");
    assert!(often.contains("from 60 to 86400"), "{often}");
}

#[test]
fn tokens_are_never_sent_in_the_clear_to_another_machine() {
    let remote = load(None, &[("EMBARGOD_GITHUB_API_BASE", "http://github.example.org/api/v3")]);
    assert!(remote.expect_err("refused").to_string().contains("plain http"));
    let loopback = load(None, &[("EMBARGOD_GITHUB_API_BASE", "http://127.0.0.1:9000")]);
    assert!(!loopback.expect_err("others are missing").to_string().contains("plain http"));
}

#[test]
fn how_long_deliveries_are_kept_has_bounds_that_are_explained() {
    let said = |text: &str, environment: &[(&str, &str)]| {
        let file = Path::new("embargod.toml");
        load(Some((file, text)), environment).expect_err("others are missing").to_string()
    };
    for (text, complaint) in [
        (
            "[retention]\nbodies_days = 0\n",
            "embargod.toml:2:15: is out of bounds\n  remedy: give whole days from 1 to 3650",
        ),
        (
            "[retention]\ndeliveries_days = 3\n",
            "embargod.toml:2:19: is out of bounds\n  remedy: give whole days from 4",
        ),
        ("[retention]\nbodies_days = 30\ndeliveries_days = 20\n", "embargod.toml:3:19: is less than the 30 days"),
        ("[retention]\nbodies_days = 14\nbody_days = 14\n", "embargod.toml:3:1: unknown field `body_days`"),
    ] {
        assert!(said(text, &[]).contains(complaint), "{complaint} is missing in:\n{}", said(text, &[]));
    }
    let environment = [("EMBARGOD_RETENTION_BODIES_DAYS", "-1")];
    assert!(said("", &environment).contains("EMBARGOD_RETENTION_BODIES_DAYS: is out of bounds"));
    for fine in ["", "[retention]\nbodies_days = 1000\n", "[retention]\nbodies_days = 1\ndeliveries_days = 4\n"] {
        let said = said(fine, &[]);
        assert!(!said.contains("retention") && !said.contains("bounds"), "{fine}: {said}");
    }
}

#[test]
fn proxies_are_networks_and_never_everybody() {
    let file = Path::new("embargod.toml");
    let problems = |text: &str, environment: &[(&str, &str)]| {
        load(Some((file, text)), environment).expect_err("others are missing").to_string()
    };
    let good =
        problems("trusted_proxies = [\"10.0.0.0/8\", \"127.0.0.1\"]\nclient_address_header = \"Forwarded\"\n", &[]);
    assert!(!good.contains("trusted_proxies") && !good.contains("embargod.toml:"), "{good}");
    let word = problems("trusted_proxies = \"10.0.0.0/8, my-proxy\"\n", &[]);
    assert!(word.contains("embargod.toml:1:19: \"my-proxy\" is no network"), "{word}");
    let all = problems("", &[("EMBARGOD_TRUSTED_PROXIES", "0.0.0.0/0")]);
    assert!(all.contains("EMBARGOD_TRUSTED_PROXIES: \"0.0.0.0/0\" would trust everybody"), "{all}");
    let header = problems("client_address_header = \"x-real-ip\"\n", &[]);
    assert!(header.contains("write x-forwarded-for or forwarded"), "{header}");
    let connections = problems("", &[("EMBARGOD_MOST_CONNECTIONS", "3")]);
    assert!(connections.contains("EMBARGOD_MOST_CONNECTIONS: is out of bounds"), "{connections}");
    assert!(connections.contains("from 16 to 65536"), "{connections}");
}

fn describe(from: &SealingKeyFrom) -> String {
    match from {
        SealingKeyFrom::File(path) => format!("file {}", path.display()),
        SealingKeyFrom::Environment(text) => format!("environment {}", text.expose_secret()),
        SealingKeyFrom::Command(words) => format!("command {words:?}"),
    }
}

fn sealing(file: &str, environment: &[(&str, &str)]) -> Result<String, String> {
    let environment: HashMap<_, _> = environment.iter().copied().collect();
    let path = Path::new("/etc/embargod.toml");
    let custody = read::custody(Some((path, file)), &|name| environment.get(name).map(|value| (*value).to_owned()));
    custody.map(|custody| describe(&custody.sealing_key)).map_err(|problems| problems.to_string())
}

#[test]
fn the_sealing_key_comes_from_a_file_the_environment_or_a_command() {
    for (file, environment, expected) in [
        ("[sealing]\nkey_path = \"a.key\"", &[][..], "file /etc/a.key"),
        ("", &[("EMBARGOD_SEALING_KEY_PATH", "a.key")], "file a.key"),
        ("", &[("EMBARGOD_SEALING_KEY", "two\nlines")], "environment two\nlines"),
        ("[sealing]\nkey_command = [\"vault\", \"get me\"]", &[], r#"command ["vault", "get me"]"#),
        ("", &[("EMBARGOD_SEALING_KEY_COMMAND", "vault 'get me' $HOME")], r#"command ["vault", "get me", "$HOME"]"#),
        ("[sealing]\nkey_command = [\"a\"]", &[("EMBARGOD_SEALING_KEY_COMMAND", "b")], r#"command ["b"]"#),
    ] {
        assert_eq!(sealing(file, environment).as_deref(), Ok(expected));
    }
}

#[test]
fn a_sealing_key_that_is_named_twice_or_not_at_all_or_wrongly_is_refused_with_its_place() {
    for (file, environment, needles) in [
        (
            "[sealing]\nkey_path = \"a\"",
            &[("EMBARGOD_SEALING_KEY", "hush-hush")][..],
            &["more than once: /etc/embargod.toml:2:12, EMBARGOD_SEALING_KEY"][..],
        ),
        (
            "[sealing]\nkey_path = \"a\"\nkey_command = [\"hush-hush\"]",
            &[],
            &["more than once: /etc/embargod.toml:2:12, /etc/embargod.toml:3:15"],
        ),
        ("[sealing]\nkey = \"hush-hush\"", &[], &["embargod.toml:2:7: a sealing key in this file", "environment"]),
        ("[sealing]\nkey = 7", &[], &["embargod.toml:2:7: a sealing key in this file"]),
        ("[sealing]\nkey_command = \"hush-hush\"", &[], &["embargod.toml:2:15: names no program", "a list"]),
        ("[sealing]\nkey_command = []", &[], &["embargod.toml:2:15: names no program"]),
        ("", &[("EMBARGOD_SEALING_KEY_COMMAND", "echo 'hush-hush")], &["EMBARGOD_SEALING_KEY_COMMAND: names no"]),
        ("", &[("EMBARGOD_SEALING_KEY", "  ")], &["no sealing key", "embargod seal init"]),
    ] {
        let told = sealing(file, environment).expect_err("refused");
        for needle in needles {
            assert!(told.contains(needle), "{needle} is missing in:\n{told}");
        }
        assert!(!told.contains("hush-hush"), "{told}");
    }
}

#[test]
fn the_retry_schedule_is_checked_and_named_where_it_is_wrong() {
    let file = Path::new("embargod.toml");
    let text = "role = \"clerk\"\n[retry]\nwaits_ms = [1000, 5]\nmost_attempts = 2\n";
    let problems = load(Some((file, text)), &[("EMBARGOD_RETRY_ATTEMPTS_WHEN_REFUSED", "19")]);
    let problems = problems.expect_err("out of bounds").to_string();
    for needle in [
        "embargod.toml:1:8: is no role",
        "embargod.toml:3:12: is no list of waits",
        "embargod.toml:4:17: is out of bounds",
        "give a whole number from 3 to 100",
        "EMBARGOD_RETRY_ATTEMPTS_WHEN_REFUSED: is out of bounds",
    ] {
        assert!(problems.contains(needle), "{needle} is missing in:\n{problems}");
    }
    let several = load(None, &[("EMBARGOD_RETRY_WAITS_MS", "100, 200")]).expect_err("others are missing").to_string();
    assert!(!several.contains("waits"), "{several}");
}

#[test]
fn a_role_of_its_own_needs_a_database_that_can_be_shared() {
    let alone = load(None, &[("EMBARGOD_ROLE", "worker")]).expect_err("SQLite").to_string();
    assert!(alone.contains("SQLite is for one process"), "{alone}");
    let shared = [("EMBARGOD_ROLE", "worker"), ("EMBARGOD_DATABASE", "postgres://db/embargod")];
    assert!(!load(None, &shared).expect_err("others are missing").to_string().contains("role"));
}

#[test]
fn histories_are_mirrored_where_a_folder_is_set_and_only_from_where_git_may_fetch() {
    with_key(|folder| {
        let file = folder.join("embargod.toml");
        let with = |mirrors: &str| {
            let text = format!(
                "{mirrors}\n[github]\napp_id = 7\nprivate_key_path = \"key.pem\"\nwebhook_secrets = [\"one\"]\n[sealing]\n\
                 key_path = \"seal.key\"\n"
            );
            load(Some((&file, &text)), &[])
        };
        assert_eq!(with("").expect("complete").mirrors, None);
        let mirrors = with("[mirrors]\nfolder = \"m\"").expect("complete").mirrors.expect("they are on");
        assert_eq!((mirrors.folder, mirrors.most_minutes, mirrors.most_mib), (folder.join("m"), 30, 20_480));
        assert_eq!(mirrors.git_base, "https://github.com");
        for base in ["http://git.example", "https://u:p@git.example", "ssh://git.example", "nonsense"] {
            let refused = with(&format!("[mirrors]\nfolder = \"m\"\ngit_base = \"{base}\""));
            assert!(refused.is_err(), "{base}");
        }
        let own = with("[mirrors]\nfolder = \"m\"\ngit_base = \"https://git.example/\"").expect("complete");
        assert_eq!(own.mirrors.expect("they are on").git_base, "https://git.example");
        assert!(with("[mirrors]\nfolder = \"m\"\nmost_minutes = 0").is_err());
    });
}
