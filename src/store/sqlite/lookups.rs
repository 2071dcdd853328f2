//! Looking up records, in a thread of its own beside the writer's.

use rusqlite::Connection;

use super::{
    open::Database,
    statement::{change, first},
    writer::thread,
};
use crate::store::{
    StoreError,
    kept::reports,
    lookups::{self, Found, Lookups, Wanted},
};

const RECORD: &str = "SELECT key, version, value FROM records WHERE kind = ?1 AND key = ?2";

// Around several, so that the file's lock is taken once.
const BEGIN: &str = "BEGIN";
const END: &str = "COMMIT";

/// Starts the thread.
pub(super) fn start(database: Database) -> Result<Lookups, StoreError> {
    let (lookups, mut questions) = lookups::open();
    thread("embargod-lookups", move || {
        let mut connection = None;
        while let Some(wanted) = questions.next_blocking() {
            let found = look_up_all(&mut connection, &database, &wanted);
            let broken = |found: &Found| matches!(found, Err(StoreError::Unavailable(_)));
            if found.as_ref().is_ok_and(|found| found.iter().any(broken)) || found.is_err() {
                connection = None;
            }
            lookups::answer(wanted, found);
        }
    })?;
    Ok(lookups)
}

fn look_up_all(
    connection: &mut Option<Connection>,
    database: &Database,
    wanted: &[Wanted],
) -> Result<Vec<Found>, StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(database.connect()?),
    };
    if let [one] = wanted {
        return Ok(vec![look_up(connection, one)]);
    }
    change(connection, BEGIN, [])?;
    let found = wanted.iter().map(|wanted| look_up(connection, wanted)).collect();
    // What stays open would go on seeing what was.
    change(connection, END, [])?;
    Ok(found)
}

fn look_up(connection: &Connection, wanted: &Wanted) -> Found {
    first(connection, RECORD, [&wanted.kind, &wanted.key], |row| reports::record(row))
}

/// What runs for every delivery; a test looks at how it is planned.
#[cfg(test)]
pub(super) const HOT: &[&str] = &[RECORD];
