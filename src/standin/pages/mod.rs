//! Plain pages on which a person plays GitHub's people: read, write, look at deliveries, register an App.
//!
//! Whoever opens them chooses who they are (`?as=cora`) and sees what that person would see. Everything is escaped; no
//! page needs a script.

mod apps;
mod security;
mod threads;
mod views;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shelf;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::model::{AccountKind, Role};
use super::refusal::{Outcome, Refusal};
use super::shared::Shared;
use super::state::State;
use super::world::World;

type Fields = BTreeMap<String, String>;
type Segments = Path<BTreeMap<String, String>>;

/// All pages.
pub(crate) fn router(shared: Arc<Shared>) -> axum::Router {
    axum::Router::new().merge(apps::router()).merge(security::router()).merge(threads::router()).with_state(shared)
}

/// What every page has around its content.
pub(crate) struct Frame {
    pub title: String,
    pub viewer: String,
    pub people: Vec<String>,
    pub watch: bool,
}

impl Frame {
    fn new(world: &World, query: &Fields, title: impl Into<String>) -> Self {
        let people: Vec<String> =
            world.accounts.values().filter(|a| a.kind == AccountKind::User).map(|a| a.login.clone()).collect();
        Self {
            title: title.into(),
            viewer: viewer(world, query),
            people,
            watch: query.get("watch").is_some_and(|w| w == "1"),
        }
    }
}

/// Who the visitor is: the chosen person, else the first that there is.
fn viewer(world: &World, query: &Fields) -> String {
    let chosen = query.get("as").and_then(|login| world.account(login));
    let first = || {
        let mut all = world.accounts.values();
        all.find(|a| a.kind == AccountKind::User)
    };
    chosen.filter(|a| a.kind == AccountKind::User).or_else(first).map(|a| a.login.clone()).unwrap_or_default()
}

/// The repository in the path, if the visitor may see it.
fn repository(world: &World, segments: &Fields, viewer: &str) -> Outcome<u64> {
    let segment = |name: &str| segments.get(name).map_or("", String::as_str);
    let full_name = format!("{}/{}", segment("owner"), segment("repo"));
    let id = world.find_repository(&full_name);
    id.filter(|id| world.role(*id, viewer) >= Role::Read).ok_or_else(Refusal::not_found)
}

fn number(segments: &Fields, name: &str) -> Outcome<u64> {
    let segment = segments.get(name).and_then(|n| n.parse().ok());
    segment.ok_or_else(Refusal::not_found)
}

#[derive(Template)]
#[template(path = "standin/refused.html")]
struct Refused {
    frame: Frame,
    status: u16,
    message: String,
}

/// Shows a page, or why not.
fn show<T: Template>(shared: &Shared, query: &Fields, page: impl FnOnce(&State) -> Outcome<T>) -> Response {
    let state = shared.lock();
    match page(&state) {
        Ok(page) => html(StatusCode::OK, &page),
        Err(refusal) => refused(&state.world, query, &refusal),
    }
}

fn refused(world: &World, query: &Fields, refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let page = Refused {
        frame: Frame::new(world, query, "Refused"),
        status: refusal.status,
        message: refusal.message.clone(),
    };
    html(status, &page)
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Does what a form asks and goes on to the address that it returns, or shows why not.
fn act(shared: &Shared, form: &Fields, act: impl FnOnce(&mut State, &str) -> Outcome<String>) -> Response {
    let done = shared.change(|state| {
        let viewer = viewer(&state.world, form);
        let next = act(state, &viewer)?;
        let joint = if next.contains('?') { '&' } else { '?' };
        // Other programs' addresses stay as they are.
        if next.starts_with('/') {
            return Ok(format!("{next}{joint}as={viewer}"));
        }
        Ok(next)
    });
    match done {
        Ok(next) => Redirect::to(&next).into_response(),
        Err(refusal) => refused(&shared.lock().world, form, &refusal),
    }
}

fn field(form: &Fields, name: &str) -> String {
    // Browsers send line ends as CR LF.
    let value = form.get(name).map_or("", String::as_str);
    value.replace("\r\n", "\n")
}
