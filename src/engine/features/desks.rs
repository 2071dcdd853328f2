//! Commands at desks: comments of the issue of a case, told by webhook, and of its advisory, read by the chore.

use async_trait::async_trait;

use super::{Brought, Delivery, Feature, Outcome, case_asked};
use crate::{
    domain::{
        case::Case,
        commands::Edit,
        embargoed::Embargoed,
        post::{Happening, Post, Surface},
    },
    engine::{
        Shop, Trouble,
        desks::{self, AtDesk, DESK_COMMENT_EVENT, DeskComment},
    },
};

/// See the module.
pub(super) struct Desks;

#[async_trait]
impl Feature for Desks {
    fn name(&self) -> &'static str {
        "desk"
    }

    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble> {
        match &delivery.content {
            Brought::ByOperator(body) if delivery.event == DESK_COMMENT_EVENT => {
                let told: DeskComment = serde_json::from_slice(body.open(&shop.clearance))
                    .map_err(|_| Trouble::Nonsense("a comment of an advisory is unreadable".to_owned()))?;
                at_advisory(shop, told).await
            }
            Brought::ByOperator(_) => Ok(None),
            Brought::ByGitHub(_) => match delivery.post() {
                Some(post) => at_issue(shop, delivery, post).await,
                None => Ok(None),
            },
        }
    }
}

async fn at_advisory(shop: &Shop, told: DeskComment) -> Result<Option<Outcome>, Trouble> {
    let Some(case) = shop.read::<Case>(&told.case).await? else {
        return Ok(None);
    };
    if case.value.ghsa() != Some(told.ghsa.as_str()) {
        return Ok(None);
    }
    // Whoever has write on an advisory may edit everybody's comment, and GitHub does not say who did.
    let edit = if told.updated_at == told.created_at { Edit::Never } else { Edit::ByOthers };
    let comment = AtDesk {
        key: format!("advisory:{}/{}", told.case, told.id),
        id: told.id,
        author: told.author,
        written_at: told.created_at,
        edit,
        text: Embargoed::new(told.body),
    };
    desks::decide(shop, case, comment).await.map(Some)
}

async fn at_issue(shop: &Shop, delivery: &Delivery, post: &Post) -> Result<Option<Outcome>, Trouble> {
    let place = &post.place;
    if post.repository_is_public || place.surface != Surface::IssueComment {
        return Ok(None);
    }
    let (name, id) = (&place.repository, place.repository_id);
    let Some(case) = desks::case_at_issue(shop, name, id, place.thread.number).await? else {
        return case_asked::consider(shop, delivery, post).await;
    };
    let edit = match post.happening {
        Happening::Created => Edit::Never,
        Happening::Edited if post.sender.id == post.author.id && post.author.id != 0 => Edit::ByAuthor,
        _ => Edit::ByOthers,
    };
    let comment = AtDesk {
        key: format!("issue:{}/{}/{}", place.repository_id, place.thread.number, place.post_id),
        id: place.post_id,
        author: post.author.clone(),
        written_at: post.created_at,
        edit,
        text: Embargoed::new(post.text.open(&shop.clearance).body.clone()),
    };
    desks::decide(shop, case, comment).await.map(Some)
}
