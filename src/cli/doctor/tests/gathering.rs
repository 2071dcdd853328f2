//! The doctor asks a GitHub on loopback, and changes nothing there.

use std::sync::{Arc, Mutex};

use aws_lc_rs::{encoding::AsDer, rsa};
use axum::{Router, extract::Request, response::IntoResponse};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::noon;
use crate::{
    cli::doctor::{DoctorInputs, Severity, print},
    clock::ManualClock,
    github::{GitHub, GitHubSettings},
    store::Backlog,
};

type Log = Arc<Mutex<Vec<(String, String)>>>;

fn file(text: &str) -> Value {
    json!({ "type": "file", "encoding": "base64", "size": text.len(), "content": STANDARD.encode(text) })
}

fn answer(path: &str) -> Option<Value> {
    let installation = json!({
        "id": 7, "account": { "login": "acme", "id": 1 }, "target_type": "Organization",
        "permissions": { "metadata": "read" }, "events": ["issues"], "suspended_at": null,
    });
    Some(match path {
        "/app" => {
            json!({ "id": 42, "slug": "watch", "name": "Watch", "html_url": "https://github.com/apps/watch" })
        }
        "/app/hook/config" => json!({ "url": "https://bot.acme.dev/webhook", "insecure_ssl": "0" }),
        "/app/hook/deliveries" => json!([]),
        "/repos/acme/web/installation" => installation,
        "/app/installations/7/access_tokens" => {
            json!({ "token": "ghs_secret", "expires_at": "2026-11-21T13:00:00Z" })
        }
        "/repos/acme/web" => json!({ "id": 12, "name": "web", "owner": { "login": "acme" } }),
        "/repos/acme/web/private-vulnerability-reporting" => json!({ "enabled": true }),
        "/repos/acme/.github/contents/SECURITY.md" => file("Mail security@acme.dev"),
        "/repos/acme/web/contents/.github/embargod.yml" => file("extends: nothing"),
        _ => return None,
    })
}

async fn serve(log: Log) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("an address");
    let app = Router::new().fallback(move |request: Request| {
        let log = log.clone();
        async move {
            let path = request.uri().path().to_owned();
            log.lock().expect("unpoisoned").push((request.method().to_string(), path.clone()));
            match answer(&path) {
                Some(body) => axum::Json(body).into_response(),
                None => axum::http::StatusCode::NOT_FOUND.into_response(),
            }
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn pem() -> SecretString {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
    let der = pair.as_der().expect("its DER form");
    let packed = STANDARD.encode(der.as_ref());
    SecretString::from(format!("-----BEGIN PRIVATE KEY-----\n{packed}\n-----END PRIVATE KEY-----\n"))
}

#[tokio::test]
async fn a_whole_visit() {
    let log = Log::default();
    let base = serve(log.clone()).await;
    let clock = Arc::new(ManualClock::at(noon()));
    let mut settings = GitHubSettings::new(42, pem());
    settings.api_base = base.parse().expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let mut out = Vec::new();

    let code = print(
        DoctorInputs {
            github: GitHub::new(&settings, clock.clone()),
            clock,
            public_url: None,
            webhook_secret_count: 1,
            private_key_path: Some(folder.path().join("absent.pem")),
            sealing_key_path: None,
            sealing_key: Ok(()),
            database: Ok(Backlog::default()),
            has_default_policy: false,
            mirrors_folder: Some(folder.path().join("mirrors")),
            check_policy: &|text| Err(vec![format!("{} bytes of nonsense", text.len())]),
            repo: Some("acme/web".parse().expect("a constant name")),
        },
        true,
        &mut out,
    )
    .await
    .expect("memory can be written to");

    assert_eq!(code, 1);
    let report: Value = serde_json::from_slice(&out).expect("JSON");
    let of = |id: &str| {
        let findings = report["findings"].as_array().expect("a list");
        findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("{id} is reported")).clone()
    };
    assert_eq!(of("mirrors")["severity"], json!(Severity::Ok));
    assert_eq!(of("app.key")["severity"], json!(Severity::Ok));
    assert_eq!(of("installation")["severity"], json!(Severity::Ok));
    assert_eq!(of("permissions.granted")["severity"], json!(Severity::Problem));
    assert_eq!(of("keys.private_key")["severity"], json!(Severity::Problem));
    assert_eq!(of("security_page")["what"], "acme/.github SECURITY.md leads to a private channel");
    assert_eq!(of("policy")["what"], "acme/web .github/embargod.yml is not valid: 16 bytes of nonsense");
    assert!(!String::from_utf8_lossy(&out).contains("ghs_secret"));

    let asked = log.lock().expect("unpoisoned").clone();
    assert!(
        asked.iter().all(|(method, path)| method == "GET" || path.ends_with("/access_tokens")),
        "the doctor only looks"
    );
}
