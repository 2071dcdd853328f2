//! Wrong settings are found at start, with a remedy and without the secret.

use std::sync::Arc;

use reqwest::Url;
use secrecy::SecretString;

use super::fake::{noon, pkcs1_pem, pkcs8_pem};
use crate::{
    clock::ManualClock,
    github::{GitHub, GitHubSettings, SettingsProblem},
};

fn check(change: impl FnOnce(&mut GitHubSettings)) -> Result<(), SettingsProblem> {
    let mut settings = GitHubSettings::new(42, SecretString::from(pkcs8_pem()));
    change(&mut settings);
    GitHub::new(&settings, Arc::new(ManualClock::at(noon()))).map(|_| ())
}

#[test]
fn both_forms_of_key_are_taken() {
    assert_eq!(check(|_| ()), Ok(()));
    assert_eq!(check(|settings| settings.private_key = pkcs1_pem().into()), Ok(()));
}

#[test]
fn a_wrong_key_is_named_with_its_remedy_but_not_shown() {
    let public = "-----BEGIN PUBLIC KEY-----\nTm90QUtleQ==\n-----END PUBLIC KEY-----";
    let damaged = pkcs8_pem().replacen("MII", "AAA", 1);
    let wrong = ["", "TOP-SECRET", public, &damaged];
    for key in wrong {
        let problem = check(|settings| settings.private_key = key.to_owned().into()).expect_err("not a key");
        let text = problem.to_string();
        assert!(text.contains("github.private_key_path"), "{text}");
        assert!(text.contains("download a private key"), "{text}");
        assert!(!text.contains("TOP-SECRET") && !text.contains("Tm90"), "{text}");
    }
}

#[test]
fn tokens_are_sent_over_https_or_loopback_only() {
    let base = |address: &str| {
        let address = Url::parse(address).expect("an address");
        check(|settings| settings.api_base = address)
    };
    for good in [
        "https://api.github.com",
        "https://git.example.org/api/v3",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/",
        "http://localhost:9",
    ] {
        assert_eq!(base(good), Ok(()), "{good}");
    }
    for bad in [
        "http://git.example.org/api/v3",
        "https://user:pw@git.example.org",
        "https://git.example.org/?x=1",
        "ftp://git.example.org",
    ] {
        assert!(matches!(base(bad), Err(SettingsProblem::ApiBase(_))), "{bad}");
    }
}

#[test]
fn graphql_has_its_own_place_on_an_enterprise_server() {
    let of = |base: &str| {
        let mut settings = GitHubSettings::new(1, SecretString::from("x".to_owned()));
        settings.api_base = Url::parse(base).expect("an address");
        settings.graphql_url().to_string()
    };
    assert_eq!(of("https://api.github.com"), "https://api.github.com/graphql");
    assert_eq!(of("https://git.example.org/api/v3/"), "https://git.example.org/api/graphql");
    assert_eq!(of("http://127.0.0.1:80/x"), "http://127.0.0.1/x/graphql");
}

#[test]
fn a_time_out_out_of_bounds_is_refused() {
    for timeout_ms in [0, 120_001] {
        let problem = check(|settings| settings.request_timeout_ms = timeout_ms);
        assert_eq!(problem, Err(SettingsProblem::Timeout));
    }
}
