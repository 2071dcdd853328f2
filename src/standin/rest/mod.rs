//! The REST API: one table of routes per area. A route says which permission it needs; the handler only does the work.
//!
//! A new endpoint is a line in its area's table.

mod advisories;
mod advisory_comments;
mod apps;
mod checks;
mod comments;
mod fields;
mod git;
mod issues;
mod pulls;
mod repositories;
mod teams;

pub(crate) use fields::Body;

use std::collections::BTreeMap;

use serde_json::Value;

use super::auth::Caller;
use super::model::Repository;
use super::refusal::{Outcome, Refusal};
use super::state::State;
use super::world::World;

/// What an area's permission must be at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Read,
    Write,
}

impl Level {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Whether a granted word is enough.
    pub(crate) fn met_by(self, granted: &str) -> bool {
        match self {
            Self::Read => matches!(granted, "read" | "write" | "admin"),
            Self::Write => matches!(granted, "write" | "admin"),
        }
    }
}

/// Who may use a route.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// Anybody.
    Nothing,
    /// The App itself, by its JWT.
    App,
    /// Any installation token.
    Token,
    /// An installation token with this permission.
    Permission(&'static str, Level),
    /// `issues` or `pull_requests`, by what the number in the path is.
    Thread(Level),
    /// The same for the comment whose id is in the path.
    Comment(Level),
}

/// One endpoint.
pub(crate) struct Route {
    pub method: &'static str,
    pub pattern: &'static str,
    pub need: Need,
    pub run: fn(&mut Call<'_>) -> Outcome<Answer>,
}

/// A line of a table of routes.
pub(crate) const fn route(
    method: &'static str,
    pattern: &'static str,
    need: Need,
    run: fn(&mut Call<'_>) -> Outcome<Answer>,
) -> Route {
    Route { method, pattern, need, run }
}

const TABLES: [&[Route]; 10] = [
    apps::ROUTES,
    repositories::ROUTES,
    git::ROUTES,
    issues::ROUTES,
    comments::ROUTES,
    pulls::ROUTES,
    advisories::ROUTES,
    advisory_comments::ROUTES,
    checks::ROUTES,
    teams::ROUTES,
];

/// What a handler answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Option<Value>,
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self::with(200, body)
    }

    pub(crate) fn with(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::with(refusal.status, refusal.body());
        if let Some(accepted) = refusal.accepted_permissions {
            let header = ("x-accepted-github-permissions", accepted);
            answer.headers.push(header);
        }
        answer
    }
}

/// One request on its way through a handler.
pub(crate) struct Call<'a> {
    pub state: &'a mut State,
    pub caller: Caller,
    pub path: String,
    pub params: BTreeMap<String, String>,
    pub query: BTreeMap<String, String>,
    pub body: Value,
    /// The repository of `/repos/{owner}/{repo}/…`, once it was found and may be seen; else 0.
    pub repository: u64,
}

impl Call<'_> {
    pub(crate) fn world(&mut self) -> &mut World {
        &mut self.state.world
    }

    pub(crate) fn repo(&self) -> Outcome<&Repository> {
        self.state.world.repository(self.repository)
    }

    /// The login that writes: the App's machine account.
    pub(crate) fn actor(&self) -> String {
        self.state.world.bot()
    }

    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A number in the path; anything else does not exist.
    pub(crate) fn number(&self, name: &str) -> Outcome<u64> {
        self.param(name).parse().map_err(|_| Refusal::not_found())
    }

    /// The instant in `since`.
    pub(crate) fn since(&self) -> Outcome<Option<jiff::Timestamp>> {
        let since = self.query.get("since").map(|since| since.parse());
        since.transpose().map_err(|_| Refusal::new(422, "since is not an instant"))
    }

    /// A list of comments with when each was written and changed, cut and ordered as `since`, `sort` and `direction` say.
    /// GitHub ignores `direction` without `sort`.
    pub(crate) fn recent(&self, mut all: Vec<(jiff::Timestamp, jiff::Timestamp, Value)>) -> Outcome<Answer> {
        let since = self.since()?;
        all.retain(|(_, updated_at, _)| since.is_none_or(|since| *updated_at >= since));
        let sort = self.query.get("sort").map(String::as_str);
        all.sort_by_key(|(created_at, updated_at, _)| if sort == Some("updated") { *updated_at } else { *created_at });
        if sort.is_some() && self.query.get("direction").is_some_and(|direction| direction == "desc") {
            all.reverse();
        }
        Ok(self.page(all.into_iter().map(|(.., shown)| shown).collect()))
    }

    /// The page of a list that `page` and `per_page` ask for, with GitHub's `Link`.
    pub(crate) fn page(&self, items: Vec<Value>) -> Answer {
        self.page_in(items, None)
    }

    /// The same, wrapped as `{"total_count", key: […]}`.
    pub(crate) fn page_in(&self, items: Vec<Value>, key: Option<&str>) -> Answer {
        let number = |name: &str, default: usize| {
            let asked = self.query.get(name).and_then(|v| v.parse().ok());
            asked.filter(|n| *n > 0).unwrap_or(default)
        };
        let (page, per_page) = (number("page", 1), number("per_page", 30).min(100));
        let total = items.len();
        let last = total.div_ceil(per_page).max(1);
        let start = (page - 1).saturating_mul(per_page);
        let shown = items.into_iter().skip(start).take(per_page).collect();
        let mut answer = Answer::ok(match key {
            Some(key) => {
                let mut whole = serde_json::json!({"total_count": total});
                whole[key] = Value::Array(shown);
                whole
            }
            None => Value::Array(shown),
        });
        let mut links = Vec::new();
        if page > 1 {
            links.push(self.link("page", "1", "first"));
            let prev = (page - 1).min(last);
            links.push(self.link("page", &prev.to_string(), "prev"));
        }
        if page < last {
            links.push(self.link("page", &(page + 1).to_string(), "next"));
            links.push(self.link("page", &last.to_string(), "last"));
        }
        if !links.is_empty() {
            answer.headers.push(("link", links.join(", ")));
        }
        answer
    }

    /// One entry of a `Link` header: this request with one query parameter changed.
    pub(crate) fn link(&self, parameter: &str, value: &str, relation: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, old) in &self.query {
            if !["page", "cursor", "before", "after"].contains(&name.as_str()) {
                query.append_pair(name, old);
            }
        }
        query.append_pair(parameter, value);
        format!("<{}{}?{}>; rel=\"{relation}\"", self.state.world.places.api, self.path, query.finish())
    }
}

/// The route of a request with its path parameters; `{path…}` as the last segment takes the rest.
pub(crate) fn find(method: &str, path: &str) -> Option<(&'static Route, BTreeMap<String, String>)> {
    let routes = TABLES.iter().flat_map(|table| table.iter());
    routes.filter(|r| r.method == method).find_map(|r| matches(r.pattern, path).map(|params| (r, params)))
}

fn matches(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut params = BTreeMap::new();
    let mut rest = path.trim_matches('/').split('/');
    for segment in pattern.trim_matches('/').split('/') {
        let Some(name) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) else {
            if rest.next()? != segment {
                return None;
            }
            continue;
        };
        let value = if let Some(name) = name.strip_suffix('…') {
            let all: Vec<&str> = rest.by_ref().collect();
            params.insert(name.to_owned(), decode(&all.join("/")));
            continue;
        } else {
            rest.next()?
        };
        params.insert(name.to_owned(), decode(value));
    }
    rest.next().is_none().then_some(params)
}

/// Percent-decoding of a path segment (a plus stays a plus).
fn decode(segment: &str) -> String {
    let kept = segment.replace('+', "%2B");
    let pair = format!("v={kept}");
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, v)| v.into_owned()).unwrap_or_default()
}
