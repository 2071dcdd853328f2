//! Deliveries, made of GitHub's own example payloads.

use embargod::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::contract::examples;

/// The installation of all deliveries here.
pub const INSTALLATION: u64 = 4_242;

/// `issues.opened` in `acme/framework`, by an outsider, as GitHub's own example tells it.
pub fn issue_opened(number: u64, title: &str, body: &str) -> Value {
    let examples = examples::all();
    let (.., mut payload) = examples
        .into_iter()
        .find(|(event, _, payload)| event == "issues" && payload["action"] == "opened")
        .expect("an example of issues.opened");
    let page = "https://github.com/acme/framework";
    let repository = &mut payload["repository"];
    repository["id"] = json!(771_001);
    repository["name"] = json!("framework");
    repository["full_name"] = json!("acme/framework");
    repository["private"] = json!(false);
    repository["html_url"] = json!(page);
    repository["owner"]["login"] = json!("acme");
    repository["owner"]["type"] = json!("Organization");
    let outsider = json!({ "login": "mallory", "id": 66_006, "type": "User", "site_admin": false });
    let issue = &mut payload["issue"];
    issue["id"] = json!(9_000 + number);
    issue["node_id"] = json!(format!("I_{number}"));
    issue["number"] = json!(number);
    issue["title"] = json!(title);
    issue["body"] = json!(body);
    issue["html_url"] = json!(format!("{page}/issues/{number}"));
    issue["user"] = outsider.clone();
    issue["author_association"] = json!("NONE");
    issue["state"] = json!("open");
    issue["locked"] = json!(false);
    issue["comments"] = json!(0);
    payload["sender"] = outsider;
    payload["installation"] = json!({ "id": INSTALLATION, "node_id": "MDIzOkl" });
    payload
}

/// The same, opened at this very moment.
pub fn issue_opened_now(number: u64, title: &str, body: &str) -> Value {
    let mut payload = issue_opened(number, title, body);
    let now = SystemClock.now().to_string();
    payload["issue"]["created_at"] = json!(now);
    payload["issue"]["updated_at"] = json!(now);
    payload
}

/// Title and body of a report with a working exploit, and `word` in both.
pub fn exploit(word: &str) -> (String, String) {
    (
        format!("SQL injection in the order_by parameter of the {word} endpoint"),
        format!(
            "The `order_by` parameter is put into the SQL statement without escaping, so an attacker who is not logged in \
             can read the whole user table of {word}.\n\nSteps to reproduce:\n\n```sh\ncurl \
             'http://localhost:8000/{word}?order_by=id%20UNION%20SELECT%20password%20FROM%20auth_user--'\n```\n\nProof of \
             concept works on a default install."
        ),
    )
}

/// Title and body of a post that is nobody's secret.
pub fn ordinary() -> (&'static str, &'static str) {
    (
        "Documentation of the cache settings is hard to follow",
        "The page about cache settings mentions the timeout twice, with different defaults. Which one is right?",
    )
}
