//! Repositories, issues, pull requests, discussions, edit histories.

use axum::routing::{get, post};

use super::views::{self, ThreadView};
use super::*;
use crate::standin::act::by_id;
use crate::standin::change::{PostAt, ThreadPatch};
use crate::standin::model::ThreadKind;
use crate::standin::render;

pub(super) fn router() -> axum::Router<Arc<Shared>> {
    axum::Router::new()
        .route("/", get(home))
        .route("/{owner}/{repo}", get(of_repository))
        .route("/{owner}/{repo}/issues", get(of_repository))
        .route("/{owner}/{repo}/issues/{number}", get(thread))
        .route("/{owner}/{repo}/pull/{number}", get(thread))
        .route("/{owner}/{repo}/discussions/{number}", get(thread))
        .route("/{owner}/{repo}/threads", post(open))
        .route("/{owner}/{repo}/threads/{number}/comments", post(comment))
        .route("/{owner}/{repo}/threads/{number}/edit", post(edit))
        .route("/{owner}/{repo}/threads/{number}/close", post(close))
        .route("/{owner}/{repo}/threads/{number}/reopen", post(reopen))
        .route("/{owner}/{repo}/history/{post}", get(history))
        .route("/{owner}/{repo}/history/{post}/delete", post(delete_revision))
}

struct Listed {
    full_name: String,
    private: bool,
    threads: usize,
}

#[derive(Template)]
#[template(path = "standin/home.html")]
struct Home {
    frame: Frame,
    repositories: Vec<Listed>,
    app: String,
}

async fn home(Shelf(shared): Shelf<Arc<Shared>>, Query(query): Query<Fields>) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let frame = Frame::new(world, &query, "Repositories");
        let seen = world.repositories.values();
        let seen = seen.filter(|r| world.role(r.id, &frame.viewer) >= Role::Read);
        let repositories =
            seen.map(|r| Listed { full_name: r.full_name(), private: r.private, threads: r.threads.len() });
        Ok(Home {
            repositories: repositories.collect(),
            app: world.app.as_ref().map(|a| a.slug.clone()).unwrap_or_default(),
            frame,
        })
    })
}

struct Group {
    name: &'static str,
    threads: Vec<ThreadView>,
}

#[derive(Template)]
#[template(path = "standin/repository.html")]
struct RepositoryPage {
    frame: Frame,
    full_name: String,
    private: bool,
    reporting: bool,
    groups: Vec<Group>,
}

async fn of_repository(
    Shelf(shared): Shelf<Arc<Shared>>,
    Path(segments): Segments,
    Query(query): Query<Fields>,
) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let id = repository(world, &segments, &viewer(world, &query))?;
        let repo = world.repository(id)?;
        let group = |name, fits: fn(&ThreadKind) -> bool| Group {
            name,
            threads: repo
                .threads
                .values()
                .rev()
                .filter(|t| fits(&t.kind))
                .map(|t| ThreadView::new(world, repo, t))
                .collect(),
        };
        Ok(RepositoryPage {
            frame: Frame::new(world, &query, repo.full_name()),
            full_name: repo.full_name(),
            private: repo.private,
            reporting: repo.private_reporting,
            groups: vec![
                group("Issues", |k| matches!(k, ThreadKind::Issue)),
                group("Pull requests", |k| matches!(k, ThreadKind::Pull(_))),
                group("Discussions", |k| matches!(k, ThreadKind::Discussion)),
            ],
        })
    })
}

#[derive(Template)]
#[template(path = "standin/thread.html")]
struct ThreadPage {
    frame: Frame,
    full_name: String,
    thread: ThreadView,
}

async fn thread(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Query(query): Query<Fields>) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let id = repository(world, &segments, &viewer(world, &query))?;
        let repo = world.repository(id)?;
        let thread = world.thread(id, number(&segments, "number")?)?;
        Ok(ThreadPage {
            frame: Frame::new(world, &query, &thread.title),
            full_name: repo.full_name(),
            thread: ThreadView::new(world, repo, thread),
        })
    })
}

async fn open(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    act(&shared, &form, |state, who| {
        let world = &mut state.world;
        let id = repository(world, &segments, who)?;
        let (title, body) = (field(&form, "title"), field(&form, "body"));
        let number = match field(&form, "kind").as_str() {
            "pull" => world.open_pull(id, who, (&title, &body), "patch-1", &title)?,
            "discussion" => world.open_thread(id, who, ThreadKind::Discussion, &title, &body)?,
            _ => world.open_thread(id, who, ThreadKind::Issue, &title, &body)?,
        };
        let page = views::path(world.repository(id)?, world.thread(id, number)?);
        Ok(format!("{page}?watch=1"))
    })
}

/// Changes a thread and goes back to it.
fn change(
    shared: &Shared,
    segments: &Fields,
    form: &Fields,
    change: impl FnOnce(&mut World, u64, u64, &str) -> Outcome<()>,
) -> Response {
    act(shared, form, |state, who| {
        let world = &mut state.world;
        let id = repository(world, segments, who)?;
        let number = number(segments, "number")?;
        change(world, id, number, who)?;
        let page = views::path(world.repository(id)?, world.thread(id, number)?);
        Ok(format!("{page}?watch=1"))
    })
}

async fn comment(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    change(&shared, &segments, &form, |world, id, number, who| {
        world.comment(id, number, who, &field(&form, "body"), None)?;
        Ok(())
    })
}

async fn edit(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    let patch =
        ThreadPatch { title: Some(field(&form, "title")), body: Some(field(&form, "body")), ..ThreadPatch::default() };
    change(&shared, &segments, &form, |world, id, number, who| world.patch_thread(id, number, who, patch))
}

fn toggle(shared: &Shared, segments: &Fields, form: &Fields, open: bool) -> Response {
    let patch = ThreadPatch { open: Some(open), ..ThreadPatch::default() };
    change(shared, segments, form, |world, id, number, who| world.patch_thread(id, number, who, patch))
}

async fn close(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    toggle(&shared, &segments, &form, false)
}

async fn reopen(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    toggle(&shared, &segments, &form, true)
}

struct RevisionView {
    id: u64,
    editor: String,
    at: String,
    body: String,
    current: bool,
    deletable: bool,
    deleted_by: String,
}

#[derive(Template)]
#[template(path = "standin/history.html")]
struct History {
    frame: Frame,
    full_name: String,
    post: u64,
    revisions: Vec<RevisionView>,
}

/// A post by its id, first posts of threads included.
fn any_post(world: &World, repository: u64, id: u64) -> Outcome<PostAt> {
    by_id(world, repository, id).or_else(|refusal| {
        let threads = world.repository(repository)?.threads.values();
        let found = { threads }.find(|t| t.post.id == id);
        found.map(|t| PostAt::Thread(t.number)).ok_or(refusal)
    })
}

async fn history(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Query(query): Query<Fields>) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let who = viewer(world, &query);
        let id = repository(world, &segments, &who)?;
        let repo = world.repository(id)?;
        let at = any_post(world, id, number(&segments, "post")?)?;
        let post = repo.post(at).ok_or_else(Refusal::not_found)?;
        let newest = post.revisions.last().map(|r| r.id);
        let may = post.author == who || world.role(id, &who) >= Role::Write;
        let revisions = post.revisions.iter().rev().map(|r| RevisionView {
            id: r.id,
            editor: r.editor.clone(),
            at: render::time(r.at),
            body: r.body.clone(),
            current: newest == Some(r.id),
            deletable: may && newest != Some(r.id) && r.deleted.is_none(),
            deleted_by: r.deleted.as_ref().map(|d| d.by.clone()).unwrap_or_default(),
        });
        Ok(History {
            frame: Frame::new(world, &query, "Edit history"),
            full_name: repo.full_name(),
            post: post.id,
            revisions: revisions.collect(),
        })
    })
}

async fn delete_revision(
    Shelf(shared): Shelf<Arc<Shared>>,
    Path(segments): Segments,
    Form(form): Form<Fields>,
) -> Response {
    act(&shared, &form, |state, who| {
        let world = &mut state.world;
        let id = repository(world, &segments, who)?;
        let post = number(&segments, "post")?;
        let at = any_post(world, id, post)?;
        world.delete_revision(id, at, who, number(&form, "revision")?)?;
        Ok(format!("/{}/history/{post}", world.repository(id)?.full_name()))
    })
}
