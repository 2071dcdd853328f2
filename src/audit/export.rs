//! Lines for an archive, which can be verified without this program.

use std::io::{self, Write};

use serde::Serialize;

use super::PAGE;
use crate::store::{AuditLink, StoreError, Upkeep};

/// One line. `entry` is a JSON string and not an object, because its very bytes are what the hash is over.
#[derive(Serialize)]
struct Line<'a> {
    position: u64,
    previous: String,
    hash: String,
    entry: &'a str,
}

impl<'a> From<&'a AuditLink> for Line<'a> {
    fn from(link: &'a AuditLink) -> Self {
        Self {
            position: link.position,
            previous: hex::encode(link.previous),
            hash: hex::encode(link.hash),
            entry: &link.entry,
        }
    }
}

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportProblem {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The lines could not be written.
    #[error("the lines could not be written: {0}")]
    Output(#[from] io::Error),
}

/// Writes the links at positions above `after`, one JSON object a line, and returns how many and the position of the last
/// (`after` where there was none). Damaged links are written
/// as they are: an archive that left them out would be no evidence.
///
/// # Errors
/// When the store fails or `out` cannot be written to.
pub async fn export<S: Upkeep + ?Sized>(
    store: &S,
    after: u64,
    out: &mut (dyn Write + Send),
) -> Result<(u64, u64), ExportProblem> {
    let (mut reached, mut count) = (after, 0);
    loop {
        let page = store.audit_page(reached, PAGE).await?;
        let Some(last) = page.last() else {
            out.flush()?;
            return Ok((count, reached));
        };
        reached = last.position;
        for link in &page {
            serde_json::to_writer(&mut *out, &Line::from(link)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
            count += 1;
        }
    }
}
