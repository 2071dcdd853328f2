//! The manifest flow and the pages, as a browser walks them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{REPO, Scene, names, receiver};
use crate::standin::{Options, RepositorySpec, Standin};

async fn post(client: &reqwest::Client, url: String, form: &[(&str, &str)]) -> reqwest::Response {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body.finish()).send().await;
    answer.expect("the stand-in answers")
}

fn browser() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.build().expect("a client")
}

#[tokio::test]
async fn an_app_is_registered_from_its_manifest_and_can_log_in_with_its_new_key() {
    let now: jiff::Timestamp = "2026-11-21T09:00:00Z".parse().expect("an instant");
    let github = Standin::start(Options::new(None, Arc::new(move || now))).await.expect("free ports");
    github.add_repository(&RepositorySpec::public("rae", "tool")).expect("new");
    let (hook, received) = receiver(202).await;
    let manifest = json!({
        "name": "My <Bot>",
        "url": "https://bot.example.org",
        "hook_attributes": {"url": hook},
        "redirect_url": "http://127.0.0.1:9/back?from=here",
        "default_permissions": {"issues": "write"},
        "default_events": ["issues"],
    })
    .to_string();
    let (client, web) = (browser(), github.web_url());
    let shown = post(&client, format!("{web}/settings/apps/new?state=xyz"), &[("manifest", &manifest)]).await;
    let shown = shown.text().await.expect("text");
    assert!(shown.contains("Create the App") && !shown.contains("<Bot>"), "{shown}");
    let confirmed =
        post(&client, format!("{web}/settings/apps/confirm"), &[("manifest", &manifest), ("state", "xyz")]).await;
    let back = confirmed.headers()["location"].to_str().expect("text").to_owned();
    let back = reqwest::Url::parse(&back).expect("an address");
    let query: std::collections::HashMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!((query["from"].as_str(), query["state"].as_str()), ("here", "xyz"));
    let url = format!("{}/app-manifests/{}/conversions", github.base_url(), query["code"]);
    let made = client.post(&url).send().await.expect("answers");
    assert_eq!(made.status(), 201);
    let app: Value = made.json().await.expect("JSON");
    assert_eq!(app["slug"], "my-bot");
    let twice = client.post(&url).send().await.expect("answers");
    assert_eq!(twice.status(), 404);

    let pem = app["pem"].as_str().expect("a key");
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a PEM key");
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    let claims = json!({"iat": now.as_second() - 60, "exp": now.as_second() + 60, "iss": app["id"]});
    let jwt = jsonwebtoken::encode(&header, &claims, &key).expect("it signs");
    let request = client.get(format!("{}/app", github.base_url())).bearer_auth(jwt);
    assert_eq!(request.send().await.expect("answers").status(), 200);
    let installed = post(&client, format!("{web}/apps/my-bot/install"), &[("account", "rae")]).await;
    assert_eq!(installed.status(), 303);
    github.open_issue("rae/tool", "rae", "Hello", "").expect("opens");
    github.deliveries_idle().await;
    assert_eq!(names(&received), ["ping", "installation.created", "issues.opened"]);
}

#[tokio::test]
async fn a_person_opens_an_issue_in_the_browser_and_markup_stays_text() {
    let scene = Scene::start().await;
    let (client, web) = (browser(), scene.github.web_url());
    let form = [("as", "mallory"), ("kind", "issue"), ("title", "<b>Hi</b>"), ("body", "<script>alert(1)</script>")];
    let opened = post(&client, format!("{web}/{REPO}/threads"), &form).await;
    let page = opened.headers()["location"].to_str().expect("text").to_owned();
    let shown = client.get(format!("{web}{page}")).send().await.expect("answers");
    let shown = shown.text().await.expect("text");
    assert!(!shown.contains("<script>") && !shown.contains("<b>Hi"));
    assert!(shown.contains("http-equiv=\"refresh\""));
    assert_eq!(scene.github.issue(REPO, 1).expect("exists").title, "<b>Hi</b>");
}

#[tokio::test]
async fn pages_show_each_person_what_that_person_may_see() {
    let scene = Scene::start().await;
    let ghsa = scene.github.draft_advisory(REPO, "cora", "Overflow", "secret steps").expect("drafts");
    let client = browser();
    let get = async |path: String| {
        let answer = client.get(format!("{}{path}", scene.github.web_url())).send().await;
        let answer = answer.expect("answers");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let advisory = format!("/{REPO}/security/advisories/{ghsa}");
    let (status, page) = get(format!("{advisory}?as=cora")).await;
    assert_eq!(status, 200);
    assert!(page.contains("secret steps"));
    let (status, page) = get(format!("{advisory}?as=mallory")).await;
    assert_eq!(status, 404);
    assert!(!page.contains("secret steps"));
    assert_eq!(get("/acme/security?as=mallory".to_owned()).await.0, 404);
    for path in
        ["/", "/deliveries", "/apps/embargod", "/acme/framework", "/acme/framework/security", "/settings/apps/new"]
    {
        assert_eq!(get(format!("{path}?as=cora")).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn the_edit_history_is_a_page_where_maintainers_delete_revisions() {
    let scene = Scene::start().await;
    scene.github.open_issue(REPO, "mallory", "Hello", "old text").expect("opens");
    scene.write("PATCH", &format!("/repos/{REPO}/issues/1"), json!({"body": "new text"})).await;
    let (client, web) = (browser(), scene.github.web_url());
    let issue = scene.github.issue(REPO, 1).expect("exists");
    let history = format!("{web}/{REPO}/history/{}", issue.post.id);
    let shown = client.get(format!("{history}?as=tom")).send().await.expect("answers");
    let shown = shown.text().await.expect("text");
    assert!(shown.contains("old text") && !shown.contains("Delete revision from history</button>"));
    let revision = issue.post.revisions[0].id.to_string();
    let form = [("as", "cora"), ("revision", revision.as_str())];
    assert_eq!(post(&client, format!("{history}/delete"), &form).await.status(), 303);
    assert_eq!(scene.github.issue(REPO, 1).expect("exists").post.readable_history().count(), 0);
}
