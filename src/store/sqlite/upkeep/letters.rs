//! Changes by hand to what was given up: trying again, or taking off the list.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::store::kept::{Columns, micros};
use crate::{
    domain::decision::DecisionRecord,
    store::{
        StoreError, Touched, Work,
        sqlite::{
            commit::append_decision,
            statement::{change, first},
            writer::{Verdict, Write},
        },
    },
};

/// A statement that changes the row called `?1` at `?2`, if it is in the right state, and how to ask whether there is one.
pub(super) struct Change {
    change: &'static str,
    exists: &'static str,
}

const EFFECT_EXISTS: &str = "SELECT 1 FROM effects WHERE key = ?1";

const DELIVERY_EXISTS: &str = "SELECT 1 FROM deliveries WHERE guid = ?1";

/// See [`crate::store::Upkeep::revive_effect`].
pub(super) const REVIVE_EFFECT: Change = Change {
    change: "
        UPDATE effects
        SET state = 'ready', runnable_at = ?2, attempts = 1, result = NULL, finished_at = NULL
        WHERE key = ?1 AND state IN ('dead', 'dropped')",
    exists: EFFECT_EXISTS,
};

/// See [`crate::store::Upkeep::discard_effect`]. One whose lease ran out waits, though no claim has said so yet.
pub(super) const DISCARD_EFFECT: Change = Change {
    change: "
        UPDATE effects
        SET state = 'dropped', finished_at = ?2, lease_token = NULL, lease_until = NULL
        WHERE key = ?1 AND (state IN ('scheduled', 'ready', 'dead') OR (state = 'running' AND lease_until <= ?2))",
    exists: EFFECT_EXISTS,
};

/// See [`crate::store::Upkeep::discard_delivery`].
pub(super) const DISCARD_DELIVERY: Change = Change {
    change: "
        UPDATE deliveries SET state = 'done', discarded = 1, finished_at = ?2
        WHERE guid = ?1 AND state = 'parked'",
    exists: DELIVERY_EXISTS,
};

/// One change, with the decision that stands behind it.
pub(super) struct ByHand {
    change: Change,
    name: String,
    now: Timestamp,
    by: DecisionRecord,
}

impl ByHand {
    pub(super) fn new(change: Change, name: &str, now: Timestamp, by: &DecisionRecord) -> Self {
        Self { change, name: name.to_owned(), now, by: by.clone() }
    }
}

impl Write for ByHand {
    type Answer = Touched;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Touched>, StoreError> {
        if change(connection, self.change.change, params![self.name, micros(self.now)])? == 0 {
            return unchanged(connection, self.change.exists, &self.name);
        }
        append_decision(connection, &self.by)?;
        Ok(Verdict::Keep(Touched::Changed))
    }

    fn makes(&self, answer: &Touched) -> Work {
        // Discarding an effect frees those that waited for it.
        Work::ALL.when(*answer == Touched::Changed)
    }
}

fn unchanged(connection: &Connection, exists: &'static str, name: &str) -> Result<Verdict<Touched>, StoreError> {
    let found = first(connection, exists, [name], |_| Ok(()))?;
    Ok(Verdict::Undo(if found.is_some() { Touched::NotInThatState } else { Touched::Unknown }))
}

// A lane is served in the order of row numbers, so going behind what waits takes a new one. The name moves last: two rows
// cannot share it.
const COPY_TO_THE_END: &str = "
    INSERT INTO deliveries (guid, event, lane, received_at, turn, not_before, attempts, last_error)
    SELECT 'revived:' || guid, event, lane, received_at,
        CASE WHEN EXISTS (
            SELECT 1 FROM deliveries waiting INDEXED BY deliveries_unfinished
            WHERE waiting.lane = parked.lane AND waiting.state IN ('ready', 'running')
        ) THEN 0 ELSE 1 END,
        ?2, 1, last_error
    FROM deliveries parked
    WHERE guid = ?1 AND state = 'parked' AND has_body = 1
    RETURNING id";

const MOVE_BODY: &str = "
    UPDATE delivery_bodies SET delivery_id = ?2
    WHERE delivery_id = (SELECT id FROM deliveries WHERE guid = ?1)";

const REMOVE_OLD: &str = "DELETE FROM deliveries WHERE guid = ?1";

const NAME_NEW: &str = "UPDATE deliveries SET guid = ?1 WHERE id = ?2";

/// See [`crate::store::Upkeep::revive_delivery`].
pub(super) struct ReviveDelivery {
    pub(super) guid: String,
    pub(super) now: Timestamp,
    pub(super) by: DecisionRecord,
}

impl Write for ReviveDelivery {
    type Answer = Touched;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<Touched>, StoreError> {
        let guid = self.guid.as_str();
        let copied = first(connection, COPY_TO_THE_END, params![guid, micros(self.now)], |row| row.whole(0))?;
        let Some(id) = copied else {
            return unchanged(connection, DELIVERY_EXISTS, guid);
        };
        change(connection, MOVE_BODY, params![guid, id])?;
        change(connection, REMOVE_OLD, [guid])?;
        change(connection, NAME_NEW, params![guid, id])?;
        append_decision(connection, &self.by)?;
        Ok(Verdict::Keep(Touched::Changed))
    }

    fn makes(&self, answer: &Touched) -> Work {
        Work::ALL.when(*answer == Touched::Changed)
    }
}
