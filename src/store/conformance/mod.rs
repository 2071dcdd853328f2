//! What every backend must do, as cases with names.
//!
//! A backend brings a [`Place`] and writes `conformance_suite!(Some(its_place))` in its tests: each case becomes a test of its
//! own, on a fresh place. Add a case by writing it and naming it in the macro.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{ClaimedDelivery, ClaimedEffect, Commit, NewDelivery, Settled, Settlement, SharedStore, Store};
use crate::domain::{
    decision::DecisionRecord,
    effect::{Effect, Urgency},
    reason::Reason,
    record::RecordWrite,
};

pub mod audit;
pub mod commits;
pub mod deliveries;
pub mod effects;
pub mod letters;
pub mod many;
pub mod migrations;
pub mod model;
pub mod moving;
pub mod replicas;
pub mod upkeep;

/// Somewhere a database is, empty at first. Opening it again is what a restart does, and what a second process does.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens it, as `embargod serve` would.
    async fn open(&self) -> SharedStore;

    /// Another place of the same kind, empty as well.
    async fn elsewhere(&self) -> Box<dyn Place>;

    /// Puts `entry` in the place of the decision with row number `id`, or removes it, behind the store's back: what
    /// somebody could do who has the database in hand.
    async fn falsify_decision(&self, id: i64, entry: Option<&str>);
}

/// Makes one test of each case, on a place that `$place` makes: `None` where there can be none on this machine.
macro_rules! conformance_suite {
    ($place:expr) => {
        $crate::store::conformance::conformance_suite! { $place =>
            deliveries: accepted_is_durable_after_reopening,
            deliveries: a_hundred_copies_at_once_are_one,
            deliveries: a_known_delivery_keeps_its_first_content,
            deliveries: a_large_body_comes_back_whole,
            deliveries: a_lane_is_served_in_order_and_one_at_a_time,
            deliveries: lanes_do_not_wait_for_each_other,
            deliveries: a_quiet_lane_overtakes_a_backlog,
            deliveries: a_retry_holds_its_lane_and_its_instant,
            deliveries: a_claim_takes_no_more_than_memory_allows,
            deliveries: what_is_set_aside_frees_its_lane,
            deliveries: a_parked_delivery_frees_its_lane,
            deliveries: a_crash_between_claim_and_settling_repeats_the_work,
            deliveries: an_expired_lease_writes_nothing,
            deliveries: a_foreign_token_writes_nothing,
            deliveries: a_settled_lease_is_over,
            deliveries: workers_never_share_a_delivery,
            deliveries: who_took_over_is_believed_beside_who_was_too_slow,
            deliveries: waiting_ends_when_work_arrives,
            deliveries: waiting_and_parked_deliveries_are_counted,
            effects: the_most_urgent_goes_first_then_the_oldest,
            effects: a_claim_may_ask_for_the_urgent_alone,
            effects: one_key_is_one_effect_for_ever,
            effects: a_timer_waits_for_its_instant,
            effects: a_clock_set_back_starts_nothing_early,
            effects: a_lane_is_busy_while_somebody_works_in_it,
            effects: a_retry_lets_others_of_its_lane_pass,
            effects: it_waits_until_those_before_it_are_over,
            effects: unknown_and_own_keys_hold_nothing_up,
            effects: only_waiting_effects_are_dropped,
            effects: an_expired_lease_is_fenced_and_tried_again,
            effects: settling_writes_the_follow_up,
            effects: it_remembers_what_caused_it,
            effects: reports_tell_what_became_of_it,
            effects: waiting_and_dead_effects_are_counted,
            commits: a_conflict_writes_nothing_at_all,
            commits: a_conflict_leaves_the_claim_to_its_holder,
            commits: records_count_their_versions,
            commits: of_two_writers_one_wins,
            commits: records_of_a_kind_come_by_key,
            commits: records_asked_for_together_come_each_to_its_own,
            commits: a_sealed_name_is_written_once,
            commits: sealed_blobs_come_oldest_first,
            commits: a_number_is_never_handed_out_twice,
            commits: decisions_come_oldest_first_and_newest_kept,
            commits: two_processes_see_one_state,
            many: many_deliveries_are_the_first_of_their_lanes,
            many: a_claim_takes_no_more_than_asked,
            many: many_deliveries_mix_with_retries_and_dead_workers,
            many: many_effects_are_the_most_urgent_of_their_lanes,
            many: large_bodies_come_in_several_claims,
            many: given_back_is_no_attempt,
            many: a_lost_lease_gives_nothing_back,
            many: giving_back_writes_its_commit,
            letters: effects_are_listed_by_state,
            letters: a_revived_effect_starts_anew,
            letters: a_revived_effect_keeps_to_its_lane,
            letters: only_what_was_given_up_is_revived,
            letters: a_discarded_effect_holds_nobody_up,
            letters: parked_deliveries_are_listed,
            letters: a_revived_delivery_goes_behind_its_lane,
            letters: a_revived_delivery_takes_a_free_lane,
            letters: a_revived_delivery_is_fenced_anew,
            letters: a_discarded_delivery_is_over,
            upkeep: bodies_go_when_their_time_is_over,
            upkeep: only_what_is_over_is_forgotten,
            upkeep: a_parked_delivery_keeps_its_body,
            upkeep: sealed_blobs_are_rewrapped_page_by_page,
            upkeep: heads_of_bodies_are_rewrapped_page_by_page,
            upkeep: an_office_is_held_until_it_is_given_up,
            upkeep: an_open_store_is_up_to_date,
            audit: decisions_are_linked_in_order,
            audit: a_changed_decision_breaks_its_link,
            audit: a_removed_decision_leaves_its_link,
            moving: everything_moves_house,
            moving: work_goes_on_after_moving,
            moving: the_chain_goes_on_after_moving,
            moving: a_furnished_house_takes_nothing_in,
            moving: a_move_that_breaks_off_leaves_nothing,
            moving: what_moves_is_of_one_instant,
            replicas: a_lane_is_one_lane_for_all,
            replicas: arrivals_and_ends_of_a_lane_may_cross,
            replicas: effects_of_a_lane_never_overlap,
            replicas: the_other_process_takes_over,
            replicas: one_delivery_at_two_doors_is_one,
            replicas: commits_that_cross_are_all_written,
        }

        #[test]
        fn any_schedule_agrees_with_the_model() {
            $crate::store::conformance::model::any_schedule_agrees_with_the_model(|| $place);
        }
    };
    ($place:expr => $($room:ident: $case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                // Where the database is not installed, its tests are skipped; CI does not let them.
                if let Some(place) = $place {
                    $crate::store::conformance::$room::$case(&place).await;
                }
            }
        )*
    };
}
pub(crate) use conformance_suite;

/// Length of the leases in these cases.
pub const LEASE_MS: i64 = 60_000;

/// An instant, `seconds` into the story.
pub fn at(seconds: i64) -> Timestamp {
    let start = Timestamp::from_second(1_767_225_600).expect("a representable instant");
    start + SignedDuration::from_secs(seconds)
}

/// A delivery that arrives at second `second`.
pub fn delivery(guid: &str, lane: &str, second: i64) -> NewDelivery {
    NewDelivery {
        guid: guid.to_owned(),
        event: "issues".to_owned(),
        lane: lane.to_owned(),
        received_at: at(second),
        sealed_body: format!("sealed body of {guid}").into_bytes(),
    }
}

/// An effect with nothing special about it.
pub fn effect(key: &str, lane: &str) -> Effect {
    Effect {
        key: key.to_owned(),
        kind: "say".to_owned(),
        lane: lane.to_owned(),
        urgency: Urgency::Courtesy,
        case: None,
        after: Vec::new(),
        not_before: None,
        expires_at: None,
        payload: json!({ "template": "hello" }),
    }
}

/// A commit that enqueues `effects`.
pub fn enqueue(effects: impl IntoIterator<Item = Effect>) -> Commit {
    Commit { effects: effects.into_iter().collect(), ..Commit::default() }
}

/// A commit that writes one record of kind `thing`.
pub fn write(key: &str, expected_version: Option<i64>, value: Value) -> Commit {
    Commit {
        records: vec![RecordWrite { kind: "thing".to_owned(), key: key.to_owned(), expected_version, value }],
        ..Commit::default()
    }
}

/// A decision of feature `intake`.
pub fn decision(subject: &str, case: Option<&str>) -> DecisionRecord {
    DecisionRecord {
        at: at(0),
        feature: "intake".to_owned(),
        subject: subject.to_owned(),
        outcome: "nothing".to_owned(),
        cause: "a-delivery".to_owned(),
        actor: None,
        case: case.map(str::to_owned),
        policy_version: "1".to_owned(),
        reasons: vec![Reason::new("intake.ordinary", "an ordinary post")],
        effects: Vec::new(),
    }
}

/// Accepts a delivery that is new.
pub async fn accept(store: &dyn Store, guid: &str, lane: &str) {
    let fresh = store.accept(delivery(guid, lane, 0)).await;
    assert_eq!(fresh, Ok(super::Acceptance::Fresh), "{guid} is new");
}

/// Commits outside of any claim.
pub async fn commit(store: &dyn Store, second: i64, commit: Commit) -> Settled {
    store.commit(at(second), commit).await.expect("it answers")
}

/// The body of a claimed delivery, of whatever size.
pub async fn body_of(store: &dyn Store, claimed: &ClaimedDelivery) -> Vec<u8> {
    if claimed.is_large() {
        assert!(claimed.sealed_body.is_empty(), "it is asked for");
        return store.large_body(claimed).await.expect("it answers");
    }
    claimed.sealed_body.clone()
}

/// Claims a delivery that must be there.
pub async fn claim(store: &dyn Store, second: i64) -> ClaimedDelivery {
    let claimed = store.claim_delivery(at(second), LEASE_MS).await;
    claimed.expect("it answers").expect("a delivery may run")
}

/// GUID of the delivery that can be claimed, if any.
pub async fn claimable(store: &dyn Store, second: i64) -> Option<String> {
    let claimed = store.claim_delivery(at(second), LEASE_MS).await;
    claimed.expect("it answers").map(|claimed| claimed.guid)
}

/// Settles a delivery with nothing to write.
pub async fn settle(store: &dyn Store, claimed: &ClaimedDelivery, second: i64, settlement: Settlement) -> Settled {
    let settled = store.settle_delivery(&claimed.lease, at(second), settlement, Commit::default());
    settled.await.expect("it answers")
}

/// Claims an effect that must be there.
pub async fn claim_effect(store: &dyn Store, second: i64) -> ClaimedEffect {
    let claimed = store.claim_effect(at(second), LEASE_MS).await;
    claimed.expect("it answers").expect("an effect may run")
}

/// Key of the effect that can be claimed, if any.
pub async fn claimable_effect(store: &dyn Store, second: i64) -> Option<String> {
    let claimed = store.claim_effect(at(second), LEASE_MS).await;
    claimed.expect("it answers").map(|claimed| claimed.effect.key)
}

/// Settles an effect with nothing to write.
pub async fn settle_effect(store: &dyn Store, claimed: &ClaimedEffect, second: i64, settlement: Settlement) -> Settled {
    let settled = store.settle_effect(&claimed.lease, at(second), settlement, Commit::default());
    settled.await.expect("it answers")
}

/// It went well and made nothing.
pub fn done() -> Settlement {
    Settlement::Done(Value::Null)
}

/// It did not work; again at `second`.
pub fn retry(second: i64) -> Settlement {
    Settlement::Retry { at: at(second), error: "502".to_owned() }
}

/// It will never work.
pub fn given_up() -> Settlement {
    Settlement::GivenUp { error: "422".to_owned() }
}
