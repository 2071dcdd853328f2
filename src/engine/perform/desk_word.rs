//! One comment at a desk for an effect, said once.

use serde_json::json;

use super::{Performed, Task, alert, private_marker};
use crate::{
    domain::case::{Alert, Case},
    engine::{
        Shop, Trouble,
        desks::speak::{self, Place},
    },
};

/// Says something at the desk once for this effect. Where nothing can be said there, an alert with `otherwise` is raised,
/// which holds no content.
pub(super) async fn say(
    shop: &Shop,
    case: &Case,
    task: &Task<'_>,
    text: &str,
    otherwise: &str,
) -> Result<Performed, Trouble> {
    say_at(Place::Desk, shop, case, task, text, otherwise).await
}

/// The same at another place of the case.
pub(super) async fn say_at(
    place: Place,
    shop: &Shop,
    case: &Case,
    task: &Task<'_>,
    text: &str,
    otherwise: &str,
) -> Result<Performed, Trouble> {
    let mark = private_marker(&shop.sealer, task.key);
    match speak::put(shop, case, place, None, &mark, text).await {
        Ok(Some(said)) => Ok(Performed::with(json!({ "told": said.url }))),
        Ok(None) => Ok(untold(shop, case, task, otherwise)),
        Err(Trouble::GitHub(error)) if speak::is_refusal(&error) => Ok(untold(shop, case, task, otherwise)),
        Err(trouble) => Err(trouble),
    }
}

fn untold(shop: &Shop, case: &Case, task: &Task<'_>, otherwise: &str) -> Performed {
    alert::raised(&Alert {
        resolved_at: None,
        id: format!("untold:{}", task.key),
        at: shop.clock.now(),
        repository: case.repository.clone(),
        case: Some(case.id.to_string()),
        text: format!("{}: {otherwise}", case.id),
    })
}
