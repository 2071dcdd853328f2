//! What an operator asks for on the command line. The command enqueues an event of the program's own, so that it takes
//! the same durable way as a delivery and may be repeated after a crash.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Brought, Delivery, Feature, Outcome};
use crate::{
    domain::{
        case::{Case, CaseId},
        decision::Decision,
        intake::{
            record::PostRecord,
            undo::{self, Asked},
        },
        operator::Operator as Person,
        record::Versioned,
    },
    engine::{Shop, Trouble, labels},
    store::{EffectState, NewDelivery},
};

/// The event of `embargod undo`.
const UNDO_EVENT: &str = "embargod.undo";

/// The body of [`UNDO_EVENT`].
#[derive(Serialize, Deserialize)]
struct UndoRequest {
    /// The case.
    case: String,
    /// Who asked, as an actor of decisions; requests of older versions name nobody.
    #[serde(default = "nobody_in_particular")]
    by: String,
    /// Whether it was asked for at the desk rather than on the command line.
    #[serde(default)]
    at_desk: bool,
}

fn nobody_in_particular() -> String {
    "operator".to_owned()
}

/// Enqueues an undo that `by` asks for; it is decided and performed by whichever engine takes it first.
///
/// # Errors
/// When the store fails.
pub async fn request_undo(shop: &Shop, case: &CaseId, by: &Person) -> Result<(), Trouble> {
    let guid = format!("embargod-undo-{}", uuid::Uuid::new_v4());
    enqueue(shop, case, guid, UndoRequest { case: case.to_string(), by: by.actor(), at_desk: false }).await
}

/// The same for somebody at the desk, once for the effect with this key.
///
/// # Errors
/// When the store fails.
pub(in crate::engine) async fn request_undo_once(
    shop: &Shop,
    case: &CaseId,
    by: &str,
    effect_key: &str,
) -> Result<(), Trouble> {
    let guid = format!("embargod-undo-{}", shop.sealer.mark("effect", effect_key));
    enqueue(shop, case, guid, UndoRequest { case: case.to_string(), by: by.to_owned(), at_desk: true }).await
}

async fn enqueue(shop: &Shop, case: &CaseId, guid: String, request: UndoRequest) -> Result<(), Trouble> {
    let body = serde_json::to_vec(&request).expect("plain data");
    let delivery = NewDelivery {
        sealed_body: shop.sealer.seal_delivery(&guid, body),
        guid,
        event: UNDO_EVENT.to_owned(),
        lane: format!("case:{case}"),
        received_at: shop.clock.now(),
    };
    shop.store.accept(delivery).await?;
    Ok(())
}

/// See the module.
pub(super) struct Operator;

#[async_trait]
impl Feature for Operator {
    fn name(&self) -> &'static str {
        "operator"
    }

    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble> {
        let Brought::ByOperator(body) = &delivery.content else {
            return Ok(None);
        };
        if delivery.event != UNDO_EVENT {
            return Err(Trouble::Nonsense(format!("no feature handles {}", delivery.event)));
        }
        let request: UndoRequest = serde_json::from_slice(body.open(&shop.clearance))
            .map_err(|_| Trouble::Nonsense("the operator's request is unreadable".to_owned()))?;
        let case = shop.read::<Case>(&request.case).await?;
        let case = case.ok_or_else(|| Trouble::Nonsense(format!("there is no case {}", request.case)))?;
        let asked = if request.at_desk { Asked::AtDesk } else { Asked::ByOperator };
        let decision = decide_undo(shop, &case, &asked, &request.by).await?;
        Ok(Some(Outcome {
            decision,
            sealed: Vec::new(),
            subject: request.case,
            actor: Some(request.by),
            policy_version: case.value.policy_version,
        }))
    }
}

/// Gathers what the undo rule wants to know, and asks it.
pub(super) async fn decide_undo(
    shop: &Shop,
    case: &Versioned<Case>,
    asked: &Asked<'_>,
    by: &str,
) -> Result<Decision, Trouble> {
    let id = case.value.id.as_str();
    let mut posts = Vec::new();
    for post in &case.value.posts {
        posts.extend(shop.read::<PostRecord>(&post.place.post_key()).await?);
    }
    let keys = case.value.posts.iter().map(|post| post.place.post_key());
    let labelled = match asked {
        Asked::InPublic { .. } => labels::in_public(shop, case.value.repository_id, keys).await?,
        Asked::AtDesk | Asked::ByOperator => labels::in_private(shop, keys).await?,
    };
    let effects = shop.store.effects(Some(id), u32::MAX).await?;
    let waiting = effects.into_iter().filter(|report| report.state == EffectState::Ready);
    let waiting = waiting.map(|report| report.effect.key).collect();
    Ok(undo::decide(case, posts, labelled, waiting, asked, by, shop.clock.now()))
}
