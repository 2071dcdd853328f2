//! The checker must be able to say no; otherwise its yes is worth nothing.

use serde_json::{Value, json};

use super::{SentRequest, check};
use crate::contract::available;

fn sent(method: &str, path_and_query: &str, body: impl Into<Option<Value>>) -> SentRequest {
    SentRequest { method: method.to_owned(), path_and_query: path_and_query.to_owned(), body: body.into() }
}

/// Nothing is wrong with `request`.
#[track_caller]
fn accepted(request: &SentRequest) {
    assert_eq!(check(request), Ok(()), "{} {}", request.method, request.path_and_query);
}

/// One complaint names each of `words`.
#[track_caller]
fn refused(request: &SentRequest, words: &[&str]) {
    let complaints = check(request).expect_err("this request is wrong");
    assert!(
        complaints.iter().any(|complaint| words.iter().all(|word| complaint.contains(word))),
        "no complaint of {complaints:#?} names all of {words:?}"
    );
}

fn advisory() -> Value {
    json!({
        "summary": "A report",
        "description": "Its text",
        "vulnerabilities": [{ "package": { "ecosystem": "pip", "name": "rocket" } }],
        "credits": [{ "login": "mona", "type": "reporter" }],
        "severity": null,
    })
}

#[test]
fn requests_as_the_bot_sends_them_are_accepted() {
    if !available() {
        return;
    }
    let issue = "/repos/acme/rocket/issues/7";
    for request in [
        sent("PATCH", issue, json!({ "title": "x", "body": null, "state": "closed", "state_reason": "not_planned" })),
        sent("PUT", "/repos/acme/rocket/issues/7/lock", json!({ "lock_reason": "resolved" })),
        sent("PUT", "/repos/acme/rocket/issues/7/lock", None),
        sent("POST", "/repos/acme/rocket/issues/7/comments", json!({ "body": "hello" })),
        sent("GET", "/repos/acme/rocket/issues/7/comments?per_page=100&page=2&since=2026-01-01T00:00:00Z", None),
        sent("POST", "/repos/acme/rocket/security-advisories", advisory()),
        sent("GET", "/repos/acme/rocket/security-advisories?state=draft&per_page=100", None),
        sent("GET", "/repos/acme/rocket/private-vulnerability-reporting", None),
        sent("GET", "/repos/acme/rocket/contents/.github/embargod.yml?ref=main", None),
        sent("GET", "/repos/acme/rocket/compare/a/b...c/d?per_page=1", None),
        sent("POST", "/app/installations/42/access_tokens", json!({ "repositories": ["rocket"] })),
        sent("POST", "/app/hook/deliveries/9/attempts", None),
        sent("POST", "/app-manifests/abc/conversions", None),
        sent("POST", "/graphql", json!({ "query": "{ viewer { login } }" })),
    ] {
        accepted(&request);
    }
}

#[test]
fn routes_younger_than_the_description_are_known_by_name_and_still_checked() {
    if !available() {
        return;
    }
    let comments = "/repos/acme/rocket/security-advisories/GHSA-2222-3333-4444/comments";
    accepted(&sent("GET", &format!("{comments}?since=2026-01-01T00:00:00Z"), None));
    accepted(&sent("POST", comments, json!({ "body": "hello" })));
    refused(&sent("POST", comments, json!({ "text": "hello" })), &["preview/create-advisory-comment", "text"]);
    refused(&sent("DELETE", &format!("{comments}/1"), None), &["DELETE is not offered"]);
}

#[test]
fn an_unknown_route_is_refused() {
    if !available() {
        return;
    }
    refused(&sent("GET", "/repos/acme/rocket/embargoes", None), &["no route", "/repos/acme/rocket/embargoes"]);
    refused(&sent("GET", "/repos/acme/rocket/issues/7/", None), &["no route"]);
    refused(&sent("DELETE", "/repos/acme/rocket/issues/7", None), &["DELETE is not offered", "{issue_number}"]);
}

#[test]
fn an_unknown_field_is_refused_even_where_the_schema_is_open() {
    if !available() {
        return;
    }
    let mut closed = advisory();
    closed["titel"] = json!("typo");
    refused(&sent("POST", "/repos/acme/rocket/security-advisories", closed), &["create-repository-advisory", "titel"]);
    let open = json!({ "body": "hello", "bodi": "typo" });
    refused(&sent("POST", "/repos/acme/rocket/issues/7/comments", open), &["issues/create-comment", "/bodi"]);
}

#[test]
fn a_wrong_type_is_refused_with_its_place() {
    if !available() {
        return;
    }
    let mut wrong = advisory();
    wrong["credits"][0]["type"] = json!("hero");
    refused(&sent("POST", "/repos/acme/rocket/security-advisories", wrong), &["/credits/0/type", "hero"]);
    refused(&sent("PATCH", "/repos/acme/rocket/issues/7", json!({ "state": "shut" })), &["issues/update", "/state"]);
    refused(&sent("PATCH", "/repos/acme/rocket/issues/7", json!({ "body": 7 })), &["issues/update", "/body"]);
    refused(&sent("POST", "/repos/acme/rocket/issues/7/comments", json!("hello")), &["body"]);
}

#[test]
fn null_is_refused_where_nothing_says_nullable() {
    if !available() {
        return;
    }
    refused(&sent("POST", "/repos/acme/rocket/issues/7/comments", json!({ "body": null })), &["/body"]);
}

#[test]
fn a_missing_field_or_body_is_refused() {
    if !available() {
        return;
    }
    let mut cut = advisory();
    cut.as_object_mut().expect("an object").remove("vulnerabilities");
    refused(&sent("POST", "/repos/acme/rocket/security-advisories", cut), &["vulnerabilities"]);
    refused(&sent("POST", "/repos/acme/rocket/issues/7/comments", None), &["the body is missing"]);
    refused(&sent("GET", "/search/issues", None), &["query parameter q is missing"]);
}

#[test]
fn addresses_are_checked_too() {
    if !available() {
        return;
    }
    refused(&sent("GET", "/repos/acme/rocket/issues/seven", None), &["issues/get", "issue_number"]);
    refused(&sent("GET", "/repos/acme/rocket/issues?per-page=9", None), &["per-page is not known"]);
    refused(&sent("GET", "/repos/acme/rocket/issues?state=shut", None), &["issues/list-for-repo", "state"]);
    refused(&sent("GET", "/repos/acme/rocket/security-advisories?per_page=101", None), &["per_page"]);
    refused(&sent("GET", "/repos//rocket/issues", None), &["owner is empty"]);
    refused(&sent("POST", "/app/hook/deliveries/9/attempts", json!({ "again": true })), &["none is taken"]);
}
