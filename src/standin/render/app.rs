//! The App and its installations.

use serde_json::{Value, json};

use super::{account, node_id, time};
use crate::standin::model::{AccountKind, App, Installation};
use crate::standin::world::World;

/// Schema `integration`.
pub(crate) fn app(world: &World, app: &App) -> Value {
    json!({
        "id": app.id,
        "slug": app.slug,
        "client_id": app.client_id,
        "node_id": node_id("A", app.id),
        "owner": account::user(world, "ghost"),
        "name": app.name,
        "description": null,
        "external_url": app.external_url,
        "html_url": format!("{}/apps/{}", world.places.web, app.slug),
        "created_at": time(app.created_at),
        "updated_at": time(app.created_at),
        "permissions": app.permissions,
        "events": app.events,
        "installations_count": world.installations.len(),
    })
}

/// Schema `installation`.
pub(crate) fn installation(world: &World, installation: &Installation) -> Value {
    let id = installation.id;
    let target = world.account(&installation.account);
    let (app_id, slug, events) =
        world.app.as_ref().map_or((0, "", &[][..]), |a| (a.id, a.slug.as_str(), &a.events[..]));
    let organisation = target.is_some_and(|t| t.kind == AccountKind::Organization);
    json!({
        "id": id,
        "account": account::user(world, &installation.account),
        "app_id": app_id,
        "app_slug": slug,
        "client_id": world.app.as_ref().map(|a| a.client_id.clone()),
        "target_id": target.map_or(0, |t| t.id),
        "target_type": if organisation { "Organization" } else { "User" },
        "repository_selection": if installation.repositories.is_some() { "selected" } else { "all" },
        "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", world.places.api),
        "repositories_url": format!("{}/installation/repositories", world.places.api),
        "html_url": format!("{}/settings/installations/{id}", world.places.web),
        "permissions": installation.permissions,
        "events": events,
        "single_file_name": null,
        "has_multiple_single_files": false,
        "single_file_paths": [],
        "suspended_by": null,
        "suspended_at": null,
        "created_at": time(installation.created_at),
        "updated_at": time(installation.created_at),
    })
}
