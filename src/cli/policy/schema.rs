//! `embargod policy schema`

use std::io;

use super::{Outcome, Streams};
use crate::domain::policy::schema;

pub(super) fn run(streams: &mut Streams<'_>) -> io::Result<Outcome> {
    serde_json::to_writer_pretty(&mut *streams.output, &schema())?;
    writeln!(streams.output)?;
    Ok(Outcome::Fine)
}
