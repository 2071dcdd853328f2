//! Lists that come in pages. We count the pages ourselves, or take the cursor out of the `Link` header: an address that
//! GitHub (or somebody in its place) names is never called.

use reqwest::header;
use serde::de::DeserializeOwned;

use super::{client::Sender, error::GitHubError, request::Request, transport::Answer};

/// GitHub's largest page.
pub(super) const PAGE_SIZE: usize = 100;

/// No list is followed further than this.
pub(super) const PAGES_MAX: u32 = 50;

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Whether that is all; `false` where the list went on after 50 pages of 100.
    pub complete: bool,
}

impl<T> Listing<T> {
    fn empty() -> Self {
        Self { items: Vec::new(), complete: false }
    }

    /// The same list in other words.
    pub(super) fn map<U>(self, change: impl FnMut(T) -> U) -> Listing<U> {
        Listing { items: self.items.into_iter().map(change).collect(), complete: self.complete }
    }
}

/// Reads all pages of a list that is counted by `page`.
pub(super) async fn numbered<T: DeserializeOwned>(
    sender: &impl Sender,
    mut request: Request,
) -> Result<Listing<T>, GitHubError> {
    let mut listing = Listing::empty();
    let mut last = Vec::new();
    request.set_query("per_page", PAGE_SIZE.to_string());
    for page in 1..=PAGES_MAX {
        request.set_query("page", page.to_string());
        let answer = sender.fetch(&request).await?;
        let items: Vec<T> = answer.json()?;
        let count = items.len();
        // a short page that comes again word for word: whoever answers does not count pages
        if count < PAGE_SIZE && answer.body == last {
            break;
        }
        listing.items.extend(items);
        let goes_on = match link(&answer) {
            Some(link) => next_of(link).is_some_and(|next| !leads_back(next, page)),
            None => count >= PAGE_SIZE,
        };
        if !goes_on || count == 0 {
            listing.complete = true;
            break;
        }
        last = answer.body;
    }
    Ok(listing)
}

/// Reads all pages of a list that goes on by a cursor called `parameter`.
pub(super) async fn by_cursor<T: DeserializeOwned>(
    sender: &impl Sender,
    mut request: Request,
    parameter: &'static str,
) -> Result<Listing<T>, GitHubError> {
    let mut listing = Listing::empty();
    let mut last = None;
    request.set_query("per_page", PAGE_SIZE.to_string());
    for _ in 0..PAGES_MAX {
        let answer = sender.fetch(&request).await?;
        let items: Vec<T> = answer.json()?;
        listing.items.extend(items);
        let cursor = next_cursor(sender, &answer, parameter)?;
        match &cursor {
            None => {
                listing.complete = true;
                break;
            }
            // a list that leads back to where it was would never end
            Some(_) if cursor == last => break,
            Some(cursor) => request.set_query(parameter, cursor.clone()),
        }
        last = cursor;
    }
    Ok(listing)
}

/// The cursor of the next page, from the `Link` header's query. Only the cursor is taken, whatever the host: the next
/// request goes to our own address, also where a proxy left GitHub's in the header.
///
/// # Errors
/// [`GitHubError::Unreadable`] if the header's address is none.
pub(super) fn next_cursor(
    sender: &impl Sender,
    answer: &Answer,
    parameter: &str,
) -> Result<Option<String>, GitHubError> {
    let Some(next) = link(answer).and_then(next_of) else {
        return Ok(None);
    };
    let next = sender
        .transport()
        .api_base()
        .join(next)
        .map_err(|_| GitHubError::Unreadable { what: "the address of its next page" })?;
    Ok(next.query_pairs().find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned()))
}

/// Whether an address names a page that is not after `page`.
fn leads_back(next: &str, page: u32) -> bool {
    let query = next.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "page")
        .and_then(|(_, number)| number.parse::<u32>().ok())
        .is_some_and(|next| next <= page)
}

fn link(answer: &Answer) -> Option<&str> {
    answer.headers.get(header::LINK)?.to_str().ok()
}

/// The address of `rel="next"` in a `Link` header (RFC 8288).
fn next_of(link: &str) -> Option<&str> {
    link.split(',').find_map(|part| {
        let (address, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        parameters
            .split(';')
            .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"))
            .then_some(address)
    })
}
