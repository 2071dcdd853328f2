//! The App: registering it from a manifest, installing it, its webhook deliveries.

use axum::routing::{get, post};

use super::*;
use crate::standin::{manifest, render};

pub(super) fn router() -> axum::Router<Arc<Shared>> {
    axum::Router::new()
        .route("/settings/apps/new", get(ask).post(review))
        .route("/organizations/{org}/settings/apps/new", get(ask).post(review))
        .route("/settings/apps/confirm", post(confirm))
        .route("/apps/{slug}", get(app))
        .route("/apps/{slug}/installations/new", get(app))
        .route("/apps/{slug}/install", post(install))
        .route("/deliveries", get(deliveries))
        .route("/deliveries/{id}/redeliver", post(redeliver))
}

#[derive(Template)]
#[template(path = "standin/manifest.html")]
struct ManifestPage {
    frame: Frame,
    manifest: String,
    state: String,
}

fn manifest_page(world: &World, query: &Fields, manifest: String) -> ManifestPage {
    ManifestPage {
        frame: Frame::new(world, query, "Register a GitHub App"),
        manifest,
        state: query.get("state").cloned().unwrap_or_default(),
    }
}

async fn ask(Shelf(shared): Shelf<Arc<Shared>>, Query(query): Query<Fields>) -> Response {
    show(&shared, &query, |state| Ok(manifest_page(&state.world, &query, String::new())))
}

/// Shows a posted manifest for confirmation.
async fn review(Shelf(shared): Shelf<Arc<Shared>>, Query(query): Query<Fields>, Form(form): Form<Fields>) -> Response {
    show(&shared, &query, |state| {
        let checked = manifest::check(&field(&form, "manifest"))?;
        let shown = serde_json::to_string_pretty(&checked);
        let shown = shown.map_err(|_| Refusal::new(422, "the manifest can't be shown"))?;
        Ok(manifest_page(&state.world, &query, shown))
    })
}

async fn confirm(Shelf(shared): Shelf<Arc<Shared>>, Form(form): Form<Fields>) -> Response {
    act(&shared, &form, |state, _| manifest::confirm(state, &field(&form, "manifest"), &field(&form, "state")))
}

#[derive(Template)]
#[template(path = "standin/app.html")]
struct AppPage {
    frame: Frame,
    id: u64,
    name: String,
    slug: String,
    bot: String,
    permissions: Vec<(String, String)>,
    events: String,
    accounts: Vec<(String, bool)>,
}

async fn app(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Query(query): Query<Fields>) -> Response {
    show(&shared, &query, |state| {
        let world = &state.world;
        let app = world.app.as_ref();
        let app = app.filter(|a| segments.get("slug") == Some(&a.slug));
        let app = app.ok_or_else(Refusal::not_found)?;
        let owners: std::collections::BTreeSet<&String> = world.repositories.values().map(|r| &r.owner).collect();
        let installed = |owner: &str| world.installations.values().any(|i| i.account == owner);
        let accounts = owners.iter().map(|o| ((*o).clone(), installed(o)));
        Ok(AppPage {
            frame: Frame::new(world, &query, &app.name),
            id: app.id,
            name: app.name.clone(),
            slug: app.slug.clone(),
            bot: app.bot_login(),
            permissions: app.permissions.clone().into_iter().collect(),
            events: app.events.join(", "),
            accounts: accounts.collect(),
        })
    })
}

async fn install(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    act(&shared, &form, |state, who| {
        state.world.install(&field(&form, "account"), None, who)?;
        let slug = segments.get("slug").cloned().unwrap_or_default();
        Ok(format!("/apps/{slug}"))
    })
}

struct DeliveryView {
    id: u64,
    event: String,
    guid: String,
    redelivery: bool,
    at: String,
    answer: String,
    fine: bool,
}

#[derive(Template)]
#[template(path = "standin/deliveries.html")]
struct DeliveriesPage {
    frame: Frame,
    hook: String,
    deliveries: Vec<DeliveryView>,
}

async fn deliveries(Shelf(shared): Shelf<Arc<Shared>>, Query(query): Query<Fields>) -> Response {
    show(&shared, &query, |state| {
        let newest = state.deliveries.log.iter().rev().take(100);
        let shown = newest.map(|d| DeliveryView {
            id: d.id,
            event: match &d.action {
                Some(action) => format!("{} · {action}", d.event),
                None => d.event.clone(),
            },
            guid: d.guid.clone(),
            redelivery: d.redelivery,
            at: render::time(d.at),
            answer: format!("{} {}", d.status_code, d.status),
            fine: d.succeeded(),
        });
        Ok(DeliveriesPage {
            frame: Frame::new(&state.world, &query, "Webhook deliveries"),
            hook: state.deliveries.hook.url.clone().unwrap_or_default(),
            deliveries: shown.collect(),
        })
    })
}

async fn redeliver(Shelf(shared): Shelf<Arc<Shared>>, Path(segments): Segments, Form(form): Form<Fields>) -> Response {
    act(&shared, &form, |state, _| {
        let now = state.world.now;
        if state.deliveries.redeliver(number(&segments, "id")?, now) {
            Ok("/deliveries".to_owned())
        } else {
            Err(Refusal::not_found())
        }
    })
}
