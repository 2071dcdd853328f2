//! Points at which a process can be made to die, for `cargo xtask crash`.
//!
//! Compiled to nothing without the cargo feature `failpoints`, which no release has. With it, the environment's
//! `FAILPOINTS` says where to die: `effect.settle.before=return` at the first time that point is reached,
//! `github.call.after=7*off->return` at the eighth. Dying is an abort: no destructor runs, no buffer is flushed, nobody
//! is told, as with SIGKILL or a power cut, but at a known instant.
//!
//! Each border that durability hangs on has a point on either side of it:
//!
//! | border | before it | after it |
//! |---|---|---|
//! | a delivery is made durable | [`ACCEPT_BEFORE`] | [`ACCEPT_AFTER`] |
//! | GitHub is told that it is | [`ACK_BEFORE`] | [`ACK_AFTER`] |
//! | a transaction of the store, whatever it holds | [`COMMIT_BEFORE`] | [`COMMIT_AFTER`] |
//! | a delivery is claimed | [`DELIVERY_CLAIM_BEFORE`] | [`DELIVERY_CLAIM_AFTER`] |
//! | a decision is committed | [`DELIVERY_SETTLE_BEFORE`] | [`DELIVERY_SETTLE_AFTER`] |
//! | an effect is claimed | [`EFFECT_CLAIM_BEFORE`] | [`EFFECT_CLAIM_AFTER`] |
//! | a request to GitHub and its answer | [`CALL_BEFORE`] | [`CALL_AFTER`] |
//! | an effect's result is committed | [`EFFECT_SETTLE_BEFORE`] | [`EFFECT_SETTLE_AFTER`] |

/// A name that `FAILPOINTS` knows.
pub type Point = &'static str;

/// A delivery is whole, verified and sealed; the store has not seen it.
pub const ACCEPT_BEFORE: Point = "delivery.accept.before";
/// The store says that a delivery is durable.
pub const ACCEPT_AFTER: Point = "delivery.accept.after";
/// The answer 202 is made, and not yet written to the socket.
pub const ACK_BEFORE: Point = "delivery.ack.before";
/// The answer 202 has left, as far as this process can know.
pub const ACK_AFTER: Point = "delivery.ack.after";
/// A transaction is about to be committed: everything of it is written, or it is one statement that commits itself.
pub const COMMIT_BEFORE: Point = "store.commit.before";
/// A transaction is durable; nobody has been told.
pub const COMMIT_AFTER: Point = "store.commit.after";
/// A worker is about to ask for a delivery.
pub const DELIVERY_CLAIM_BEFORE: Point = "delivery.claim.before";
/// A worker holds a delivery, and has done nothing about it.
pub const DELIVERY_CLAIM_AFTER: Point = "delivery.claim.after";
/// A decision is taken, and not committed.
pub const DELIVERY_SETTLE_BEFORE: Point = "delivery.settle.before";
/// A decision is durable, and nothing else was done.
pub const DELIVERY_SETTLE_AFTER: Point = "delivery.settle.after";
/// A worker is about to ask for an effect.
pub const EFFECT_CLAIM_BEFORE: Point = "effect.claim.before";
/// A worker holds an effect, and has done nothing about it.
pub const EFFECT_CLAIM_AFTER: Point = "effect.claim.after";
/// An effect is performed, and the store does not know.
pub const EFFECT_SETTLE_BEFORE: Point = "effect.settle.before";
/// An effect's result is durable.
pub const EFFECT_SETTLE_AFTER: Point = "effect.settle.after";
/// A request to GitHub is ready, and not sent.
pub const CALL_BEFORE: Point = "github.call.before";
/// GitHub's answer is read, and nobody has seen it.
pub const CALL_AFTER: Point = "github.call.after";

/// Every point.
pub const ALL: [Point; 16] = [
    ACCEPT_BEFORE,
    ACCEPT_AFTER,
    ACK_BEFORE,
    ACK_AFTER,
    COMMIT_BEFORE,
    COMMIT_AFTER,
    DELIVERY_CLAIM_BEFORE,
    DELIVERY_CLAIM_AFTER,
    DELIVERY_SETTLE_BEFORE,
    DELIVERY_SETTLE_AFTER,
    EFFECT_CLAIM_BEFORE,
    EFFECT_CLAIM_AFTER,
    EFFECT_SETTLE_BEFORE,
    EFFECT_SETTLE_AFTER,
    CALL_BEFORE,
    CALL_AFTER,
];

/// How long something waits: `usual`, or `under_fire` in a build that is killed hundreds of times, each death of which is
/// to be waited for.
pub const fn sooner<T: Copy>(usual: T, under_fire: T) -> T {
    if cfg!(feature = "failpoints") { under_fire } else { usual }
}

/// The process is at `point`; it dies here if it was told to.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables))]
#[inline]
pub fn reached(point: Point) {
    fail::fail_point!(point, |_| std::process::abort());
}

/// The same a moment later, when what the caller returns has been acted upon.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables))]
#[inline]
pub fn reached_soon(point: Point) {
    #[cfg(feature = "failpoints")]
    tokio::spawn(async move {
        // time enough for an answer of a few bytes to be written to a socket of this machine
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        reached(point);
    });
}

/// Reads `FAILPOINTS`; the points stay armed as long as the value lives.
#[cfg(feature = "failpoints")]
pub fn arm() -> fail::FailScenario<'static> {
    fail::FailScenario::setup()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_point_is_told_apart_and_has_its_other_side() {
        let all: BTreeSet<_> = super::ALL.into_iter().collect();
        assert_eq!(all.len(), super::ALL.len());
        for point in all.iter().filter_map(|point| point.strip_suffix(".before")) {
            assert!(all.contains(format!("{point}.after").as_str()), "{point}");
        }
    }
}
