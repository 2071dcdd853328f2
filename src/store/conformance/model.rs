//! Any schedule of arrivals, claims, settlements and deaths, against a model that is too simple to be wrong.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::*;
use crate::store::Acceptance;

/// One step of a schedule. Numbers are taken modulo whatever there is.
#[derive(Clone, Debug)]
enum Step {
    Accept { guid: u8, lane: u8 },
    Enqueue { key: u8, lane: u8, urgency: u8, after: Option<u8>, delay_s: u8 },
    ClaimDeliveries { most: u8 },
    ClaimEffects { most: u8 },
    SettleDelivery { which: u8, end: End },
    SettleEffect { which: u8, end: End },
    Drop { key: u8 },
    Pass { seconds: u8 },
}

#[derive(Clone, Copy, Debug)]
enum End {
    Done,
    Retry { delay_s: u8 },
    Later { delay_s: u8 },
    GivenUp,
}

impl End {
    fn settlement(self, now: i64) -> Settlement {
        match self {
            Self::Done => done(),
            Self::Retry { delay_s } => retry(now + i64::from(delay_s)),
            Self::Later { delay_s } => Settlement::Later { at: at(now + i64::from(delay_s)) },
            Self::GivenUp => given_up(),
        }
    }
}

/// How many schedules are played.
const SCHEDULES: u32 = 32;

/// Seconds that a lease lasts here, short enough for schedules to outlive some.
const LEASE_S: i64 = 20;

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        3 => Just(End::Done),
        1 => (0..30u8).prop_map(|delay_s| End::Retry { delay_s }),
        1 => (0..30u8).prop_map(|delay_s| End::Later { delay_s }),
        1 => Just(End::GivenUp),
    ];
    let effect = (0..12u8, 0..3u8, 0..4u8, proptest::option::of(0..12u8), 0..20u8);
    prop_oneof![
        3 => (0..20u8, 0..3u8).prop_map(|(guid, lane)| Step::Accept { guid, lane }),
        3 => effect.prop_map(|(key, lane, urgency, after, delay_s)| Step::Enqueue {
            key, lane, urgency, after, delay_s
        }),
        4 => (0..4u8).prop_map(|most| Step::ClaimDeliveries { most }),
        4 => (0..4u8).prop_map(|most| Step::ClaimEffects { most }),
        3 => (any::<u8>(), end.clone()).prop_map(|(which, end)| Step::SettleDelivery { which, end }),
        3 => (any::<u8>(), end).prop_map(|(which, end)| Step::SettleEffect { which, end }),
        1 => (0..12u8).prop_map(|key| Step::Drop { key }),
        2 => (1..25u8).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting { from: i64 },
    Running { until: i64, claim: usize },
    Over,
}

#[derive(Debug)]
struct Work {
    name: String,
    lane: u8,
    urgency: u8,
    after: Option<String>,
    state: State,
    attempts: u32,
}

impl Work {
    fn may_start(&self, now: i64) -> bool {
        match self.state {
            State::Waiting { from } => from <= now,
            State::Running { until, .. } => until <= now,
            State::Over => false,
        }
    }

    fn is_held(&self, now: i64) -> bool {
        matches!(self.state, State::Running { until, .. } if until > now)
    }
}

/// Both queues, in order of arrival, looked through from end to end each time.
#[derive(Default)]
struct Model {
    now: i64,
    claims: usize,
    deliveries: Vec<Work>,
    effects: Vec<Work>,
}

impl Model {
    /// Returns whether it was new.
    fn add(queue: &mut Vec<Work>, work: Work) -> bool {
        let new = queue.iter().all(|known| known.name != work.name);
        if new {
            queue.push(work);
        }
        new
    }

    /// Index of the delivery to be claimed.
    fn next_delivery(&self) -> Option<usize> {
        (0..self.deliveries.len()).find(|&n| {
            let lane = self.deliveries[n].lane;
            let mut older = self.deliveries[..n].iter();
            self.deliveries[n].may_start(self.now)
                && older.all(|other| other.lane != lane || other.state == State::Over)
        })
    }

    /// Index of the effect to be claimed.
    fn next_effect(&self) -> Option<usize> {
        let free = |work: &Work| {
            let mut all = self.effects.iter();
            let busy = all.any(|other| other.lane == work.lane && other.is_held(self.now));
            let mut all = self.effects.iter();
            let held = all.any(|other| {
                Some(&other.name) == work.after.as_ref() && other.name != work.name && other.state != State::Over
            });
            !busy && !held
        };
        (0..self.effects.len())
            .filter(|&n| self.effects[n].may_start(self.now) && free(&self.effects[n]))
            .min_by_key(|&n| (self.effects[n].urgency, n))
    }

    /// Claims at most `most`, as one after the other would: a lane that is claimed is busy for the next.
    fn claim_many(&mut self, effect: bool, most: u8) -> Vec<(String, u32, usize)> {
        (0..most).map_while(|_| self.claim(effect)).collect()
    }

    /// Claims; returns name, attempt and the number of the claim.
    fn claim(&mut self, effect: bool) -> Option<(String, u32, usize)> {
        let next = if effect { self.next_effect() } else { self.next_delivery() }?;
        self.claims += 1;
        let work = if effect { &mut self.effects[next] } else { &mut self.deliveries[next] };
        work.attempts += 1;
        work.state = State::Running { until: self.now + LEASE_S, claim: self.claims };
        Some((work.name.clone(), work.attempts, self.claims))
    }

    fn settle(&mut self, effect: bool, claim: usize, end: End) -> Settled {
        let now = self.now;
        let queue = if effect { &mut self.effects } else { &mut self.deliveries };
        let held = queue
            .iter_mut()
            .find(|work| matches!(work.state, State::Running { until, claim: by } if by == claim && until > now));
        let Some(work) = held else {
            return Settled::LeaseLost;
        };
        work.state = match end {
            End::Done | End::GivenUp => State::Over,
            End::Retry { delay_s } | End::Later { delay_s } => State::Waiting { from: now + i64::from(delay_s) },
        };
        if matches!(end, End::Later { .. }) {
            work.attempts -= 1;
        }
        Settled::Committed
    }
}

/// Names and attempts of what the model claimed.
fn named(claimed: &[(String, u32, usize)]) -> Vec<(&str, u32)> {
    claimed.iter().map(|(name, attempt, _)| (name.as_str(), *attempt)).collect()
}

/// Plays one schedule on both and compares each answer.
async fn play(store: &dyn Store, steps: Vec<Step>) {
    let mut model = Model::default();
    let mut deliveries = Vec::new();
    let mut effects = Vec::new();
    for step in steps {
        let now = model.now;
        match step {
            Step::Accept { guid, lane } => {
                let name = format!("d{guid}");
                let accepted = store.accept(delivery(&name, &format!("l{lane}"), now)).await;
                let work = Work { name, lane, urgency: 0, after: None, state: State::Waiting { from: 0 }, attempts: 0 };
                let fresh = Model::add(&mut model.deliveries, work);
                let expected = if fresh { Acceptance::Fresh } else { Acceptance::Duplicate };
                assert_eq!(accepted, Ok(expected));
            }
            Step::Enqueue { key, lane, urgency, after, delay_s } => {
                let from = now + i64::from(delay_s);
                let mut new = effect(&format!("e{key}"), &format!("l{lane}")).not_before(at(from));
                let urgencies = [Urgency::Protecting, Urgency::Private, Urgency::Courtesy, Urgency::Upkeep];
                new.urgency = urgencies[usize::from(urgency)];
                // Only backwards, so that schedules hold no circles.
                let after = after.filter(|after| *after < key).map(|after| format!("e{after}"));
                new.after.extend(after.clone());
                let name = new.key.clone();
                assert_eq!(commit(store, now, enqueue([new])).await, Settled::Committed);
                let work = Work { name, lane, urgency, after, state: State::Waiting { from }, attempts: 0 };
                Model::add(&mut model.effects, work);
            }
            Step::ClaimDeliveries { most } => {
                let claimed =
                    store.claim_deliveries(at(now), LEASE_S * 1000, most.into(), ClaimOrder::OldestFirst).await;
                let claimed = claimed.expect("it answers");
                let expected = model.claim_many(false, most);
                let seen: Vec<_> = claimed.iter().map(|it| (it.guid.as_str(), it.attempt)).collect();
                assert_eq!(seen, named(&expected));
                deliveries.extend(claimed.into_iter().zip(expected.iter().map(|(_, _, claim)| *claim)));
            }
            Step::ClaimEffects { most } => {
                let claimed = store.claim_effects(at(now), LEASE_S * 1000, most.into(), Urgency::Upkeep).await;
                let claimed = claimed.expect("it answers");
                let expected = model.claim_many(true, most);
                let seen: Vec<_> = claimed.iter().map(|it| (it.effect.key.as_str(), it.attempt)).collect();
                assert_eq!(seen, named(&expected));
                effects.extend(claimed.into_iter().zip(expected.iter().map(|(_, _, claim)| *claim)));
            }
            Step::SettleDelivery { which, end } if !deliveries.is_empty() => {
                let (claimed, claim) = &deliveries[usize::from(which) % deliveries.len()];
                let settled = settle(store, claimed, now, end.settlement(now)).await;
                assert_eq!(settled, model.settle(false, *claim, end));
            }
            Step::SettleEffect { which, end } if !effects.is_empty() => {
                let (claimed, claim) = &effects[usize::from(which) % effects.len()];
                let settled = settle_effect(store, claimed, now, end.settlement(now)).await;
                assert_eq!(settled, model.settle(true, *claim, end));
            }
            Step::SettleDelivery { .. } | Step::SettleEffect { .. } => {}
            Step::Drop { key } => {
                // A claim tidies up expired leases: without it, whether one still counts as running is left open.
                let expired = |work: &Work| matches!(work.state, State::Running { until, .. } if until <= now);
                let name = format!("e{key}");
                let known = model.effects.iter_mut().find(|work| work.name == name);
                let Some(work) = known.filter(|work| !expired(work)) else {
                    continue;
                };
                let drop = Commit { dropped_effects: vec![name], ..Commit::default() };
                assert_eq!(commit(store, now, drop).await, Settled::Committed);
                if matches!(work.state, State::Waiting { .. }) {
                    work.state = State::Over;
                }
            }
            Step::Pass { seconds } => model.now += i64::from(seconds),
        }
    }
    // In the end everything that waits is served, whatever happened before: no lane and no effect is forgotten.
    model.now += 100;
    for effect in [false, true] {
        loop {
            let now = at(model.now);
            let (seen, leases): (Vec<_>, Vec<_>) = if effect {
                let claimed = store.claim_effects(now, LEASE_S * 1000, 2, Urgency::Upkeep).await.expect("it answers");
                claimed.into_iter().map(|it| ((it.effect.key, it.attempt), it.lease)).unzip()
            } else {
                let claimed =
                    store.claim_deliveries(now, LEASE_S * 1000, 2, ClaimOrder::OldestFirst).await.expect("it answers");
                claimed.into_iter().map(|it| ((it.guid, it.attempt), it.lease)).unzip()
            };
            let expected = model.claim_many(effect, 2);
            assert_eq!(
                seen.iter().map(|(name, attempt)| (name.as_str(), *attempt)).collect::<Vec<_>>(),
                named(&expected)
            );
            if leases.is_empty() {
                break;
            }
            for (lease, (_, _, claim)) in leases.iter().zip(expected) {
                let settled = match effect {
                    true => store.settle_effect(lease, now, done(), Commit::default()).await,
                    false => store.settle_delivery(lease, now, done(), Commit::default()).await,
                };
                assert_eq!(settled, Ok(model.settle(effect, claim, End::Done)));
            }
        }
    }
    let left = store.backlog(at(model.now)).await.expect("it answers");
    assert_eq!((left.deliveries_waiting, left.effects_waiting), (0, 0));
    assert!(model.deliveries.iter().chain(&model.effects).all(|work| work.state == State::Over));
}

/// The store and the model give the same answers, whatever the schedule. Each schedule has a place of its own.
pub fn any_schedule_agrees_with_the_model<P: Place>(make: impl Fn() -> Option<P>) {
    let config = Config { cases: SCHEDULES, failure_persistence: None, ..Config::default() };
    let schedules = proptest::collection::vec(step(), 0..80);
    let outcome = TestRunner::new(config).run(&schedules, |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let Some(place) = make() else { return };
            let store = place.open().await;
            play(&*store, steps).await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
