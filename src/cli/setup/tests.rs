//! Registrations, told to a small GitHub on loopback with a browser that we play.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{Json, Router, extract, http::StatusCode, routing::post};
use clap::Parser;
use jiff::Timestamp;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{SetupArgs, SetupProblem, manifest::AppManifest, register};
use crate::clock::ManualClock;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: SetupArgs,
}

/// Output that the test can wait for, line by line.
struct Lines(mpsc::UnboundedSender<String>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.0.send(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A GitHub that knows one code.
async fn github(webhook_secret: Value) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("an address");
    let convert = move |extract::Path(code): extract::Path<String>| async move {
        if code != "good" {
            return (StatusCode::NOT_FOUND, Json(json!({ "message": "Not Found" })));
        }
        let app = json!({
            "id": 42, "slug": "embargod-acme", "html_url": "https://github.com/apps/embargod-acme",
            "pem": "PEM-CANARY\n", "webhook_secret": webhook_secret, "client_secret": "CLIENT-CANARY",
        });
        (StatusCode::CREATED, Json(app))
    };
    let app = Router::new().route("/app-manifests/{code}/conversions", post(convert));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Url::parse(&format!("http://{address}")).expect("an address")
}

fn args(api: &Url, out: &Path, more: &[&str]) -> SetupArgs {
    let out = out.to_string_lossy();
    let fixed = [
        "setup",
        "--no-browser",
        "--listen",
        "127.0.0.1:0",
        "--api-base",
        api.as_str(),
        "--github-url",
        api.as_str(),
        "--out",
        &out,
    ];
    Command::parse_from(fixed.iter().chain(more)).args
}

/// A running setup, with the browser's side of it.
struct Visit {
    page: String,
    text: String,
    lines: mpsc::UnboundedReceiver<String>,
    task: JoinHandle<Result<(), SetupProblem>>,
}

impl Visit {
    async fn start(args: SetupArgs) -> Self {
        let (sender, mut lines) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
            let seal = |path: &Path| std::fs::write(path, "sealing key").map_err(|e| e.to_string());
            register(&args, clock, &seal, &mut Lines(sender)).await
        });
        let mut said = String::new();
        while !said.contains('\n') {
            said.push_str(&lines.recv().await.expect("setup says where the page is"));
        }
        let page = said.split(' ').nth(1).expect("an address").to_owned();
        let text = Client::new().get(&page).send().await.expect("a page");
        let text = text.text().await.expect("text");
        Self { page, text, lines, task }
    }

    fn form(&self) -> (String, Value) {
        let between = |from: &str, to: &str| {
            let (_, rest) = self.text.split_once(from).expect("the form");
            let (value, _) = rest.split_once(to).expect("its end");
            value.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#38;", "&").replace("&amp;", "&")
        };
        let action = between("action=\"", "\"");
        let manifest = between("name=\"manifest\" value=\"", "\">");
        (action, serde_json::from_str(&manifest).expect("JSON"))
    }

    fn state(&self) -> String {
        let action = Url::parse(&self.form().0).expect("an address");
        let state = action.query_pairs().find(|(name, _)| name == "state");
        state.expect("a state").1.into_owned()
    }

    async fn come_back(&self, code: &str, state: &str) -> (u16, String) {
        let url = format!("{}callback?code={code}&state={state}", self.page);
        let answer = Client::new().get(url).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    async fn end(mut self) -> (Result<(), SetupProblem>, String) {
        let result = self.task.await.expect("no panic");
        let mut said = String::new();
        while let Some(text) = self.lines.recv().await {
            said.push_str(&text);
        }
        (result, said)
    }
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("a file")
}

#[test]
fn the_manifest_that_is_part_of_the_program_can_be_read() {
    let manifest = AppManifest::embedded();
    assert_eq!(manifest.default_permissions["issues"], "write");
    assert!(manifest.default_events.iter().any(|event| event == "issues"));
}

#[tokio::test]
async fn a_registration_from_the_first_page_to_the_next_steps() {
    let api = github(json!("HOOK-CANARY")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("new");
    let more = ["--organisation", "acme", "--public-url", "https://bot.acme.dev/"];
    let visit = Visit::start(args(&api, &out, &more)).await;

    let (action, manifest) = visit.form();
    let state = visit.state();
    assert_eq!(action, format!("{api}organizations/acme/settings/apps/new?state={state}"));
    assert_eq!(state.len(), 64);
    assert_eq!(manifest["name"], "embargod-acme");
    assert_eq!(manifest["url"], "https://bot.acme.dev");
    assert_eq!(manifest["hook_attributes"], json!({ "url": "https://bot.acme.dev/webhook", "active": true }));
    assert_eq!(manifest["redirect_url"], format!("{}callback", visit.page));
    assert_eq!(manifest["default_permissions"], json!(AppManifest::embedded().default_permissions));

    let (status, page) = visit.come_back("good", &state).await;
    assert_eq!(status, 200);
    let (result, said) = visit.end().await;
    result.expect("registered");

    assert_eq!(read(&out, "private-key.pem"), "PEM-CANARY\n");
    assert_eq!(read(&out, "webhook-secret"), "HOOK-CANARY");
    assert_eq!(read(&out, "sealing.key"), "sealing key");
    let settings: toml::Table = read(&out, "embargod.toml").parse().expect("TOML");
    let out = out.canonicalize().expect("a folder");
    let path = |name| out.join(name).to_string_lossy().into_owned();
    let expected = toml::toml! {
        listen = "127.0.0.1:3000"
        admin_listen = "127.0.0.1:3001"
        database = (format!("sqlite:{}", path("embargod.db")))
        public_url = "https://bot.acme.dev"
        [github]
        api_base = (api.as_str().trim_end_matches('/'))
        app_id = 42
        private_key_path = (path("private-key.pem"))
        webhook_secrets = ["HOOK-CANARY"]
        [sealing]
        key_path = (path("sealing.key"))
    };
    assert_eq!(settings, expected);
    assert!(said.contains("https://github.com/apps/embargod-acme/installations/new"));
    assert!(said.contains("embargod serve --config") && said.contains("embargod doctor"));
    assert!(!format!("{said}{page}").contains("CANARY"), "no secret is shown");
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let api = github(json!("s")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let visit = Visit::start(args(&api, folder.path(), &[])).await;
    let state = visit.state();
    visit.come_back("good", &state).await;
    visit.end().await.0.expect("registered");
    for name in ["private-key.pem", "webhook-secret", "embargod.toml"] {
        let metadata = folder.path().join(name).metadata().expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_was_not_asked_for_is_refused() {
    let api = github(json!("s")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let visit = Visit::start(args(&api, folder.path(), &[])).await;
    let state = visit.state();
    let short = &state[..63];
    for (code, state) in [("good", ""), ("good", short), ("good", &"0".repeat(64)), ("", &state)] {
        let (status, page) = visit.come_back(code, state).await;
        assert_eq!(status, 400);
        assert!(page.contains("not the answer to this registration"));
    }
    assert!(!folder.path().join("private-key.pem").exists());
    let (status, _) = visit.come_back("good", &state).await;
    assert_eq!(status, 200, "the genuine answer is still taken");
    visit.end().await.0.expect("registered");
}

#[tokio::test]
async fn a_code_that_has_expired_is_explained_and_can_be_replaced() {
    let api = github(json!("s")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let visit = Visit::start(args(&api, folder.path(), &[])).await;
    let state = visit.state();
    let (status, page) = visit.come_back("old", &state).await;
    assert_eq!(status, 502);
    assert!(page.contains("good for one hour and for one use"), "{page}");
    assert!(page.contains("href=\"/\""));
    let (status, _) = visit.come_back("good", &state).await;
    assert_eq!(status, 200);
    visit.end().await.0.expect("registered");
}

#[tokio::test]
async fn another_sites_name_for_this_machine_is_not_served() {
    let api = github(json!("s")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let visit = Visit::start(args(&api, folder.path(), &[])).await;
    let stranger = Client::new().get(&visit.page).header("host", "evil.example:80");
    let answer = stranger.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 421);
    assert_eq!(answer.text().await.expect("text"), "");
    visit.task.abort();
}

#[tokio::test]
async fn without_a_public_address_and_secret_it_says_what_is_left_to_do() {
    let api = github(Value::Null).await;
    let folder = tempfile::tempdir().expect("a folder");
    let visit = Visit::start(args(&api, folder.path(), &[])).await;
    let (action, manifest) = visit.form();
    assert!(action.starts_with(&format!("{api}settings/apps/new?state=")));
    assert_eq!(manifest["hook_attributes"]["active"], json!(false));
    let state = visit.state();
    visit.come_back("good", &state).await;
    let (result, said) = visit.end().await;
    result.expect("registered");
    assert_eq!(read(folder.path(), "webhook-secret").len(), 64);
    assert!(said.contains("Copy the one in") && said.contains("Set public_url"));
    assert!(!said.contains(&read(folder.path(), "webhook-secret")));
}

async fn refused(args: SetupArgs) -> SetupProblem {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let seal = |_: &Path| panic!("nothing is made");
    register(&args, clock, &seal, &mut io::sink()).await.expect_err("refused")
}

#[tokio::test]
async fn files_that_are_there_are_found_before_anything_is_registered() {
    let api = github(json!("s")).await;
    for name in super::files::ALL {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(name), "mine").expect("a file");
        let problem = refused(args(&api, folder.path(), &[])).await;
        assert!(matches!(&problem, SetupProblem::Exists(path) if path.ends_with(name)));
        assert!(problem.to_string().contains("choose another --out"));
        assert_eq!(read(folder.path(), name), "mine");
    }
}

#[tokio::test]
async fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let api = github(json!("s")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let visit = Visit::start(args(&api, folder.path(), &[])).await;
    std::fs::write(folder.path().join("private-key.pem"), "mine").expect("a file");
    let state = visit.state();
    visit.come_back("good", &state).await;
    let (result, _) = visit.end().await;
    assert!(matches!(result, Err(SetupProblem::Exists(_))));
    assert_eq!(read(folder.path(), "private-key.pem"), "mine");
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_refused_with_a_remedy() {
    let api = Url::parse("https://api.github.com").expect("a constant address");
    let out = PathBuf::from("never-made");
    let mut open = args(&api, &out, &[]);
    open.listen = "0.0.0.0:0".parse().expect("an address");
    assert!(matches!(refused(open).await, SetupProblem::NotLoopback(_)));
    let odd = args(&api, &out, &["--public-url", "mailto:me@acme.dev"]);
    assert!(matches!(refused(odd).await, SetupProblem::Address("--public-url")));
    assert!(!out.exists());
    assert!(Command::try_parse_from(["setup", "--organisation", "a/b"]).is_err());
}
