//! The public redirect: gathers what the intake rule wants to know.

use async_trait::async_trait;
use jiff::tz::TimeZone;

use super::{Delivery, Feature, Outcome};
use crate::{
    domain::{
        case::{Case, CaseId},
        detector::{Detector, Judgement},
        embargoed::Clearance,
        intake::{
            self, Answers, AskedOfPost, FirstLook, Inquiry, Named, Taken,
            prior::{self, Tally},
            record::{PostRecord, ThreadRecord},
            texts,
        },
        policy::{Mode, Policy, Prior},
        post::{Permission, Post, Surface},
        record::{Record, Versioned},
        release_checks::PublishedAdvisory,
    },
    engine::{Shop, Trouble, evidence, evidence::Evidence, pace::at_leisure},
    sealing::Sealer,
};

/// See the module.
pub(super) struct Redirect;

/// A text above this takes the detector more than some milliseconds.
const LONG_TEXT_BYTES: usize = 8 * 1024;

/// What a post's words alone tell.
pub struct Judged {
    /// What the detector says.
    pub judgement: Judgement,
    /// Keyed fingerprint of the words.
    pub revision: String,
    /// Whether the words are nothing but our own.
    pub text_is_neutral: bool,
    /// What they name.
    pub named: Named,
}

/// Judges a post's words, under `policy`.
pub fn judge(post: &Post, policy: &Policy, detector: &dyn Detector, sealer: &Sealer, clearance: &Clearance) -> Judged {
    let text = post.text.open(clearance);
    Judged {
        judgement: if text.body.len() > LONG_TEXT_BYTES {
            at_leisure(|| detector.judge(&text.title, &text.body))
        } else {
            detector.judge(&text.title, &text.body)
        },
        revision: revision(post, sealer, clearance),
        text_is_neutral: text_is_neutral(post, sealer, clearance),
        named: intake::named(&text.title, &text.body, &policy.redirect),
    }
}

/// Keyed fingerprint of a post's words.
pub fn revision(post: &Post, sealer: &Sealer, clearance: &Clearance) -> String {
    let text = post.text.open(clearance);
    sealer.mark("revision", &format!("{}\n{}", text.title, text.body))
}

/// Whether a post's words are nothing but our own.
pub fn text_is_neutral(post: &Post, sealer: &Sealer, clearance: &Clearance) -> bool {
    let text = post.text.open(clearance);
    let has_own_mark = text.body.contains(&super::super::perform::marker(sealer, &post.place.thread_key()));
    has_own_mark || texts::is_neutral(&text.title, &text.body)
}

#[async_trait]
impl Feature for Redirect {
    fn name(&self) -> &'static str {
        "redirect"
    }

    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble> {
        let Some(post) = delivery.post() else {
            return Ok(None);
        };
        let place = &post.place;
        let policy = if post.repository_is_public {
            let (installation, repository) = (place.installation_id, place.repository_id);
            let organisation = delivery.owner_is_organisation();
            let in_force = shop.policies.in_force(shop, installation, repository, &place.repository, organisation);
            in_force.await?.policy.clone()
        } else {
            Policy::observing()
        };
        let judged = judge(post, &policy, &*shop.detector, &shop.sealer, &shop.clearance);
        let thread_record = |key| ThreadRecord { key, ..Default::default() };
        let post_record = |key| PostRecord { key, ..Default::default() };
        // The records are asked for at one time, for then the store looks them up together.
        let (thread, earlier, opening, tally) = tokio::try_join!(
            known(shop, place.thread_key(), thread_record),
            known(shop, place.post_key(), post_record),
            async {
                if place.surface.opens_thread() { Ok(None) } else { shop.read::<PostRecord>(&place.thread_key()).await }
            },
            async {
                match policy.redirect.prior {
                    Some(Prior::Auto) => shop.read::<Tally>(&Tally::key_of(place.repository_id)).await,
                    _ => Ok(None),
                }
            },
        )?;
        let thread_is_followed = if place.surface.opens_thread() {
            earlier.value.seen_new
        } else {
            opening.is_some_and(|opening| opening.value.seen_new)
        };
        let now = shop.clock.now();
        let inquiry = Inquiry {
            post,
            revision: &judged.revision,
            text_is_neutral: judged.text_is_neutral,
            own_login: shop.own_login(),
            judgement: &judged.judgement,
            model: shop.detector.version(),
            named: &judged.named,
            prior: prior::shift(policy.redirect.prior, tally.as_ref().map(|tally| &tally.value), now),
            cause: &delivery.guid,
            policy: &policy,
            thread: &thread,
            earlier: &earlier,
            thread_is_followed,
            received_at: delivery.received_at,
            now,
        };
        let taken = match intake::first_look(&inquiry) {
            FirstLook::Decided(taken) => *taken,
            FirstLook::AskMore { may_open_case } => {
                let answers = gather(shop, &inquiry, may_open_case).await?;
                intake::decide(&inquiry, answers)
            }
        };
        let Taken { decision, evidence: keep, opens_case } = taken;
        let sealed = match keep {
            Some((case, name)) => {
                let words = Evidence::of(post, &delivery.guid, delivery.received_at, &shop.clearance);
                if opens_case {
                    evidence::seal_for_new_case(&shop.sealer, &case, &name, &words)
                } else {
                    evidence::seal_for_known_case(shop, &case, &name, &words).await?
                }
            }
            None => Vec::new(),
        };
        Ok(Some(Outcome {
            decision,
            sealed,
            subject: place.post_key(),
            actor: Some(post.sender.login.clone()),
            policy_version: policy.version.clone(),
        }))
    }
}

/// The facts that cost a call to GitHub, asked at the same time.
async fn gather(shop: &Shop, inquiry: &Inquiry<'_>, may_open_case: bool) -> Result<Answers, Trouble> {
    let Inquiry { post, policy, now, .. } = *inquiry;
    let thread = &inquiry.thread.value;
    let (permission, changed_files, channel) = tokio::join!(
        author_permission(shop, post),
        changed_files(shop, post),
        shop.channels.for_post(
            shop,
            policy,
            post,
            // Where the words are moved and the reporter is invited, three more calls for a page would only cost time.
            !(may_open_case && policy.redirect.mode == Mode::Shield),
        )
    );
    let open_case = match &thread.case {
        Some(id) => shop.read::<Case>(id).await?.filter(|case| case.value.restored_at.is_none()),
        None => None,
    };
    let year = now.to_zoned(TimeZone::UTC).year();
    let number =
        if may_open_case && open_case.is_none() { shop.store.next_number(&format!("case:{year}")).await? } else { 0 };
    let published_ids =
        if inquiry.named.ids.is_empty() { Vec::new() } else { published_ids(shop, post.place.repository_id).await? };
    let asked = AskedOfPost { changed_files, published_ids };
    Ok(Answers { permission, channel, open_case, next_case: CaseId::new(year, number), asked })
}

/// What a new pull request changes; `None` where it is none or GitHub does not tell: then nothing speaks against the post.
async fn changed_files(shop: &Shop, post: &Post) -> Option<Vec<String>> {
    if post.place.surface != Surface::PullRequest {
        return None;
    }
    let installation = shop.github.installation(post.place.installation_id);
    installation.changed_files(&post.place.repository, post.place.thread.number).await.ok().flatten()
}

/// Ids of the repository's published advisories, as far as the release checks have listed them.
pub(super) async fn published_ids(shop: &Shop, repository_id: u64) -> Result<Vec<String>, Trouble> {
    let stored = shop.store.records(PublishedAdvisory::KIND).await?.into_iter();
    let known = stored.filter_map(|stored| serde_json::from_value::<PublishedAdvisory>(stored.value).ok());
    let here = known.filter(|advisory| advisory.repository_id == repository_id);
    Ok(here.flat_map(|advisory| std::iter::once(advisory.ghsa).chain(advisory.cve)).collect())
}

/// The author's permission, asked live; not needed where the association tells enough, and `None` where GitHub does not
/// tell: then the association alone decides, so that an outsider's exploit is not left in the open by a failing call.
async fn author_permission(shop: &Shop, post: &Post) -> Option<Permission> {
    if post.association.is_insider() || post.author.is_bot {
        return None;
    }
    let installation = shop.github.installation(post.place.installation_id);
    installation.permission_of(&post.place.repository, &post.author.login).await.ok()
}

async fn known<R: crate::domain::record::Record>(
    shop: &Shop,
    key: String,
    fresh: impl FnOnce(String) -> R,
) -> Result<Versioned<R>, Trouble> {
    let stored = shop.read::<R>(&key).await?;
    Ok(stored.unwrap_or_else(|| Versioned { value: fresh(key), version: 0 }))
}
