//! Private channels that were found to work.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{Shop, Trouble};
use crate::domain::{
    intake::Channel,
    policy::Policy,
    post::{Post, RepoName},
};

/// Places where GitHub looks for a security policy (GitHub, "Adding a security policy to your repository").
pub(super) const SECURITY_PAGES: [&str; 3] = ["SECURITY.md", ".github/SECURITY.md", "docs/SECURITY.md"];

const MOST_ENTRIES: usize = 20_000;

/// What GitHub said of a repository's channels, and when.
#[derive(Clone, Copy)]
struct Known {
    asked_at: Timestamp,
    form: bool,
    page: Option<bool>,
}

/// Channels by repository.
pub struct ChannelBook {
    interval: SignedDuration,
    entries: Mutex<HashMap<u64, Known>>,
}

impl ChannelBook {
    pub(super) fn new(interval: Duration) -> Self {
        let interval = SignedDuration::try_from(interval).unwrap_or(SignedDuration::from_mins(5));
        Self { interval, entries: Mutex::new(HashMap::new()) }
    }

    /// The channel that a public answer to `post` may name. Where GitHub cannot be asked, its form is not offered.
    ///
    /// The page of the security policy takes up to three calls to find; it is looked for only with `look_for_page`, and only
    /// where there is neither form nor address.
    pub async fn for_post(&self, shop: &Shop, policy: &Policy, post: &Post, look_for_page: bool) -> Channel {
        let place = &post.place;
        let email = policy.contact.email.clone().filter(|address| !names_address(shop, post, address));
        let known = self.known(shop, policy, look_for_page && email.is_none(), post).await;
        let web = repository_page(&place.html_url, &place.repository);
        Channel {
            form_url: web.as_ref().filter(|_| known.form).map(|web| format!("{web}/security/advisories/new")),
            email,
            page_url: web.as_ref().filter(|_| known.page == Some(true)).map(|web| format!("{web}/security/policy")),
        }
    }

    /// Forgets what is known of a repository.
    pub(super) async fn forget(&self, repository_id: u64) {
        self.entries.lock().await.remove(&repository_id);
    }

    /// What is known, asked now where it is not; a question that failed is asked again the next time.
    async fn known(&self, shop: &Shop, policy: &Policy, look_for_page: bool, post: &Post) -> Known {
        let id = post.place.repository_id;
        let now = shop.clock.now();
        let cached = self.entries.lock().await.get(&id).copied();
        let cached = cached.filter(|known| now.duration_since(known.asked_at) < self.interval);
        let mut known = match cached {
            Some(known) => known,
            None if !policy.contact.private_reporting => Known { asked_at: now, form: false, page: None },
            None => match form_is_on(shop, post).await {
                Ok(form) => Known { asked_at: now, form, page: None },
                Err(_) => return Known { asked_at: now, form: false, page: None },
            },
        };
        if !known.form && look_for_page && policy.contact.security_page && known.page.is_none() {
            known.page = page_exists(shop, post).await.ok();
        }
        let mut entries = self.entries.lock().await;
        if entries.len() >= MOST_ENTRIES {
            entries.clear();
        }
        entries.insert(id, known);
        known
    }
}

async fn form_is_on(shop: &Shop, post: &Post) -> Result<bool, Trouble> {
    let installation = shop.github.installation(post.place.installation_id);
    Ok(installation.private_reporting(&post.place.repository).await?.unwrap_or(false))
}

async fn page_exists(shop: &Shop, post: &Post) -> Result<bool, Trouble> {
    let installation = shop.github.installation(post.place.installation_id);
    for path in SECURITY_PAGES {
        if installation.file(&post.place.repository, path).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Somebody who writes the address into a public question has mostly tried it in vain.
fn names_address(shop: &Shop, post: &Post, address: &str) -> bool {
    let text = post.text.open(&shop.clearance);
    let needle = address.to_ascii_lowercase();
    [&text.title, &text.body].iter().any(|part| part.to_ascii_lowercase().contains(&needle))
}

/// `https://github.com/acme/framework`, taken from the post's own address so that it also holds on other hosts.
fn repository_page(html_url: &str, repository: &RepoName) -> Option<String> {
    let page = format!("/{repository}");
    let start = html_url.find(&page)?;
    Some(html_url[..start + page.len()].to_owned())
}
