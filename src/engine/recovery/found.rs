//! A post that was found although nobody told of it becomes a delivery of our own.

use jiff::Timestamp;

use crate::{
    domain::{
        intake::{
            self,
            record::{PostOutcome, PostRecord},
        },
        post::{Account, Happening, Post},
        recovery::{Listed, Look, Seen, finding},
    },
    engine::{
        Shop, Trouble,
        features::{Delivery, revision, text_is_neutral},
    },
    github::{RecentPost, webhook::lane},
    store::{Acceptance, NewDelivery},
};

pub(super) use crate::domain::recovery::Finding;

/// How the ids of our own deliveries begin; GitHub's are UUIDs.
const PREFIX: &str = "reconciled:";

/// Digits of the fingerprint that an id holds.
const REVISION_SHOWN: usize = 16;

/// Whether a delivery was made here because nobody told of its post.
pub(in crate::engine) fn is_found(guid: &str) -> bool {
    guid.starts_with(PREFIX)
}

/// Whether what was found has been told after all while it waited.
pub(in crate::engine) async fn is_overtaken(shop: &Shop, delivery: &Delivery) -> Result<bool, Trouble> {
    let Some(post) = delivery.post() else {
        return Ok(false);
    };
    let Some(seen) = seen(shop, &post.place.post_key()).await? else {
        return Ok(false);
    };
    let words_are_back = seen.outcome == PostOutcome::Shielded
        && post.happening == Happening::Edited
        && seen.redacted_at.is_some_and(|at| at < delivery.received_at);
    Ok(seen.revision == revision(post, &shop.sealer, &shop.clearance) && !words_are_back)
}

/// What the store remembers of a post.
async fn seen(shop: &Shop, post_key: &str) -> Result<Option<Seen>, Trouble> {
    let Some(record) = shop.read::<PostRecord>(post_key).await?.map(|kept| kept.value) else {
        return Ok(None);
    };
    let redacted_at = match record.redactions {
        0 => None,
        redactions => {
            let effect = shop.store.effect(&intake::redaction_key(post_key, redactions)).await?;
            effect.filter(|report| report.state == crate::store::EffectState::Done).and_then(|r| r.finished_at)
        }
    };
    Ok(Some(Seen { revision: record.revision, outcome: record.outcome, redacted_at }))
}

/// A listed post with what it is.
pub(super) struct Judged {
    pub(super) finding: Finding,
    revision: String,
}

/// Holds a listed post against what the store remembers.
pub(super) async fn judge(shop: &Shop, listed: &RecentPost, own_login: &str, look: Look) -> Result<Judged, Trouble> {
    let post = &listed.post;
    let revision = revision(post, &shop.sealer, &shop.clearance);
    let seen = seen(shop, &post.place.post_key()).await?;
    let listed = Listed {
        surface: post.place.surface,
        revision: &revision,
        is_own: post.author.login.eq_ignore_ascii_case(own_login)
            || text_is_neutral(post, &shop.sealer, &shop.clearance),
        created_at: post.created_at,
        updated_at: listed.updated_at,
    };
    Ok(Judged { finding: finding(&listed, seen.as_ref(), look), revision })
}

/// Makes what was found durable, to be handled in its turn; whether it is new here. Nothing is made of words that a
/// maintainer put back.
pub(super) async fn take_in(shop: &Shop, listed: &RecentPost, judged: &Judged) -> Result<bool, Trouble> {
    let post = &listed.post;
    let (happening, editor) = match judged.finding {
        Finding::News(Happening::Edited) => (Happening::Edited, editor(shop, post).await?),
        Finding::News(happening) => (happening, None),
        Finding::WordsAreBack => match editor(shop, post).await? {
            Some(_) => return Ok(false),
            None => (Happening::Edited, None),
        },
        Finding::Known | Finding::Own | Finding::BeforeTheWatch | Finding::TooYoung => return Ok(false),
    };
    let guid = guid(post, listed.updated_at, &judged.revision);
    let body = listed.as_webhook(happening, editor.as_ref(), &shop.clearance);
    let delivery = NewDelivery {
        sealed_body: shop.sealer.seal_delivery(&guid, body),
        guid: guid.clone(),
        event: listed.event().to_owned(),
        lane: lane(post.place.repository_id, Some(post.place.thread.number).filter(|number| *number > 0)),
        received_at: shop.clock.now(),
    };
    let is_new = shop.store.accept(delivery).await? == Acceptance::Fresh;
    if is_new {
        tracing::warn!(delivery = %guid, "nobody told of {}; it was found by looking", post.place.post_key());
    }
    Ok(is_new)
}

/// The same for the same state of a post, so that finding it twice makes one delivery.
fn guid(post: &Post, updated_at: Timestamp, revision: &str) -> String {
    let shown = revision.get(..REVISION_SHOWN).unwrap_or(revision);
    format!("{PREFIX}{}@{}:{shown}", post.place.post_key(), updated_at.as_second())
}

/// Who edited the post, if somebody other than its author did.
async fn editor(shop: &Shop, post: &Post) -> Result<Option<Account>, Trouble> {
    if post.place.node_id.is_empty() {
        return Ok(None);
    }
    let installation = shop.github.installation(post.place.installation_id);
    let editor = match installation.last_editor(&post.place.node_id).await {
        // Where GitHub does not tell, the author is taken for the editor: words are rather hidden than left in the open.
        Err(error) if matches!(error.retry(shop.clock.now(), 1), crate::github::Retry::Never) => None,
        editor => editor?,
    };
    Ok(editor.filter(|editor| !editor.login.eq_ignore_ascii_case(&post.author.login)))
}
