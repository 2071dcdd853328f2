//! What was read before and is not true any more: a delivery that tells of a change makes this process forget it.
//!
//! What is forgotten is read again when it is needed. Other processes forget it when its time is over
//! (`policy_interval_s`), or at the latest when a token ends.

use super::{
    Shop,
    channels::SECURITY_PAGES,
    features::{Brought, Delivery},
    policies::POLICY_PATH,
};
use crate::github::webhook::events::{Content, RepositoryBrief};

/// The repository whose policy serves all others of its owner.
const COMMON_REPOSITORY: &str = ".github";

/// Forgets what `delivery` says has changed.
pub(super) async fn renew(shop: &Shop, delivery: &Delivery) {
    let Brought::ByGitHub(told) = &delivery.content else {
        return;
    };
    match &told.content {
        Content::Push(push) => {
            let Some(repository) = &told.repository else {
                return;
            };
            if push.may_change(&[POLICY_PATH]) {
                forget_policy(shop, repository).await;
            }
            if push.may_change(&SECURITY_PAGES) {
                shop.channels.forget(repository.id).await;
            }
        }
        Content::Repository(notice) => {
            forget_policy(shop, &notice.repository).await;
            shop.channels.forget(notice.repository.id).await;
            shop.recovery.repositories_changed();
        }
        Content::Installation(notice) => {
            shop.github.installation(notice.installation_id).forget_token().await;
            for repository in notice.repositories_added.iter().chain(&notice.repositories_removed) {
                shop.policies.forget(*repository).await;
                shop.channels.forget(*repository).await;
            }
            shop.recovery.repositories_changed();
        }
        _ => {}
    }
}

async fn forget_policy(shop: &Shop, repository: &RepositoryBrief) {
    if repository.name.name == COMMON_REPOSITORY {
        shop.policies.forget_owner(&repository.name.owner).await;
    } else {
        shop.policies.forget(repository.id).await;
    }
}
