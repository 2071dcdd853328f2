//! Putting new wrappings in the place of old ones, where nobody else has done so meanwhile.

use rusqlite::{Connection, params};

use crate::store::{
    StoreError, Work,
    kept::Columns,
    sqlite::{
        statement::{change, first},
        writer::{Verdict, Write},
    },
};

const REPLACE_SEALED: &str = "UPDATE sealed_blobs SET bytes = ?3 WHERE id = ?1 AND bytes = ?2";

const READ_FIRST_PART: &str = "SELECT sealed FROM delivery_bodies WHERE delivery_id = ?1 AND part = 0";

const WRITE_FIRST_PART: &str = "UPDATE delivery_bodies SET sealed = ?2 WHERE delivery_id = ?1 AND part = 0";

/// See [`crate::store::Upkeep::replace_sealed`].
pub(super) struct ReplaceSealed {
    pub(super) id: i64,
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
}

impl Write for ReplaceSealed {
    type Answer = bool;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<bool>, StoreError> {
        let replaced = change(connection, REPLACE_SEALED, params![self.id, self.old, self.new])?;
        Ok(Verdict::Keep(replaced > 0))
    }

    fn makes(&self, _answer: &bool) -> Work {
        Work::NONE
    }
}

/// See [`crate::store::Upkeep::replace_body_head`]. A head lies within the first part of its body.
pub(super) struct ReplaceBodyHead {
    pub(super) delivery_id: i64,
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
}

impl Write for ReplaceBodyHead {
    type Answer = bool;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<bool>, StoreError> {
        if self.old.len() != self.new.len() {
            return Err(StoreError::Unavailable("a body's new head must be as long as the old one".to_owned()));
        }
        let part = first(connection, READ_FIRST_PART, [self.delivery_id], |row| row.bytes(0))?;
        let Some(mut part) = part.filter(|part| part.starts_with(&self.old)) else {
            return Ok(Verdict::Undo(false));
        };
        part[..self.new.len()].copy_from_slice(&self.new);
        change(connection, WRITE_FIRST_PART, params![self.delivery_id, part])?;
        Ok(Verdict::Keep(true))
    }

    fn makes(&self, _answer: &bool) -> Work {
        Work::NONE
    }
}
