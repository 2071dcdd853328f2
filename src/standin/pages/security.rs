//! What is private: the security page, reporting, advisories with their comments.

use axum::routing::{get, post};

use super::views::{AdvisoryView, PostView};
use super::*;
use crate::standin::change::AdvisoryFields;
use crate::standin::model::{AdvisoryState, Repository};

pub(super) fn router() -> axum::Router<Arc<Shared>> {
    axum::Router::new()
        .route("/{owner}/{repo}/security", get(overview))
        .route("/{owner}/{repo}/security/policy", get(overview))
        .route("/{owner}/{repo}/security/advisories", get(overview))
        .route("/{owner}/{repo}/security/advisories/new", get(form).post(report))
        .route("/{owner}/{repo}/security/advisories/{ghsa}", get(advisory))
        .route("/{owner}/{repo}/security/advisories/{ghsa}/comments", post(comment))
        .route("/{owner}/{repo}/security/advisories/{ghsa}/state", post(set_state))
}

#[derive(Template)]
#[template(path = "standin/security.html")]
struct Overview {
    frame: Frame,
    full_name: String,
    reporting: bool,
    advisories: Vec<AdvisoryView>,
    policy: String,
}

/// Where GitHub looks for the policy, in its order.
fn policy(repo: &Repository) -> String {
    let places = [".github/SECURITY.md", "SECURITY.md", "docs/SECURITY.md"];
    let mut found = places.iter().filter_map(|place| repo.files.get(*place));
    found.next().cloned().unwrap_or_default()
}

async fn overview(
    Shelf(shared): Shelf<Arc<Shared>>,
    Path(segments): Segments,
    Query(query): Query<Fields>,
) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let who = viewer(world, &query);
        let id = repository(world, &segments, &who)?;
        let repo = world.repository(id)?;
        let seen = repo.advisories.iter().rev();
        let seen = seen.filter(|a| world.sees_advisory(id, &a.ghsa_id, &who));
        Ok(Overview {
            frame: Frame::new(world, &query, "Security"),
            full_name: repo.full_name(),
            reporting: repo.private_reporting,
            advisories: seen.map(AdvisoryView::new).collect(),
            policy: policy(repo),
        })
    })
}

#[derive(Template)]
#[template(path = "standin/report.html")]
struct ReportForm {
    frame: Frame,
    full_name: String,
}

async fn form(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Query(query): Query<Fields>) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let id = repository(world, &segments, &viewer(world, &query))?;
        let repo = world.repository(id)?;
        if !repo.private_reporting {
            return Err(Refusal::not_found());
        }
        Ok(ReportForm { frame: Frame::new(world, &query, "Report a vulnerability"), full_name: repo.full_name() })
    })
}

async fn report(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    act(&shared, &form, |state, who| {
        let world = &mut state.world;
        let id = repository(world, &segments, who)?;
        let fields = AdvisoryFields {
            summary: Some(field(&form, "summary")),
            description: Some(field(&form, "description")),
            ..AdvisoryFields::default()
        };
        let ghsa = world.file_advisory(id, who, true, fields)?;
        Ok(page(world.repository(id)?, &ghsa))
    })
}

fn page(repo: &Repository, ghsa: &str) -> String {
    format!("/{}/security/advisories/{ghsa}?watch=1", repo.full_name())
}

/// The advisory in the path, if the visitor may see it.
fn seen(world: &World, segments: &Fields, who: &str) -> Outcome<(u64, String)> {
    let id = repository(world, segments, who)?;
    let ghsa = segments.get("ghsa").cloned().unwrap_or_default();
    if world.sees_advisory(id, &ghsa, who) { Ok((id, ghsa)) } else { Err(Refusal::not_found()) }
}

#[derive(Template)]
#[template(path = "standin/advisory.html")]
struct AdvisoryPage {
    frame: Frame,
    full_name: String,
    advisory: AdvisoryView,
    posts: Vec<PostView>,
}

async fn advisory(
    Shelf(shared): Shelf<Arc<Shared>>,
    Path(segments): Segments,
    Query(query): Query<Fields>,
) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let who = viewer(world, &query);
        let (id, ghsa) = seen(world, &segments, &who)?;
        let (repo, advisory) = (world.repository(id)?, world.advisory(id, &ghsa)?);
        // After publication the conversation stays with those who had it.
        let insider =
            world.role(id, &who) >= Role::Admin || advisory.author == who || advisory.collaborators.contains(&who);
        let posts = advisory.comments.iter().filter(|_| insider);
        Ok(AdvisoryPage {
            frame: Frame::new(world, &query, &advisory.ghsa_id),
            full_name: repo.full_name(),
            advisory: AdvisoryView::new(advisory),
            posts: posts.map(|p| PostView::new(world, id, p, "")).collect(),
        })
    })
}

async fn comment(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    act(&shared, &form, |state, who| {
        let world = &mut state.world;
        let (id, ghsa) = seen(world, &segments, who)?;
        world.comment_advisory(id, &ghsa, who, &field(&form, "body"))?;
        Ok(page(world.repository(id)?, &ghsa))
    })
}

async fn set_state(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    act(&shared, &form, |state, who| {
        let world = &mut state.world;
        let (id, ghsa) = seen(world, &segments, who)?;
        if world.role(id, who) < Role::Admin {
            return Err(Refusal::forbidden("Must have admin rights to Repository."));
        }
        let fields = AdvisoryFields {
            state: Some(match field(&form, "state").as_str() {
                "draft" => AdvisoryState::Draft,
                "closed" => AdvisoryState::Closed,
                "published" => AdvisoryState::Published,
                _ => return Err(Refusal::new(422, "unknown state")),
            }),
            ..AdvisoryFields::default()
        };
        world.patch_advisory(id, &ghsa, who, fields)?;
        Ok(page(world.repository(id)?, &ghsa))
    })
}
