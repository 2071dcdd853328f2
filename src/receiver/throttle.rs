//! Throttling: how much each client may get wrong.
//!
//! Only failures count: requests that are refused before a signature was found right. A client that has used up its budget
//! is answered 429 before its body is read. Two sorts of clients are never turned away unread, because GitHub may be among
//! them: those from which a rightly signed delivery came lately, and those who may be many (behind a proxy that is not
//! trusted, or a translation of addresses). Of these every body is read and its signature checked, and only the answer to
//! a wrong one becomes 429. Otherwise anybody who points a webhook of their own at us, wrongly signed, could have GitHub's
//! own addresses locked out.
//!
//! Memory is bounded: beyond [`ThrottleLimits::most_clients`] all further clients share one budget.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{Quota, RateLimiter, clock, middleware::NoOpMiddleware, state::keyed::HashMapStateStore};
use jiff::Timestamp;

use super::client::{Client, TrustedProxies};
use crate::clock::SharedClock;

/// How long a right signature speaks for the address it came from.
const STANDING: Duration = Duration::from_secs(24 * 3_600);

/// Clearing away is tried no more often than this while all room is taken.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// How much each client may get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Failures at once; default 1,000.
    pub burst: NonZeroU32,
    /// Failures a second in the long run; default 10.
    pub per_second: NonZeroU32,
    /// Clients that are told apart; default 65,536, for which about 10 MiB are used.
    pub most_clients: usize,
}

impl ThrottleLimits {
    /// So much at once, and so much a second in the long run.
    pub const fn new(burst: NonZeroU32, per_second: NonZeroU32) -> Self {
        Self { burst, per_second, most_clients: 65_536 }
    }
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self::new(NonZeroU32::new(1_000).expect("positive"), NonZeroU32::new(10).expect("positive"))
    }
}

/// How long to wait, in whole seconds, at least one: for `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub u64);

impl Wait {
    fn of(time: Duration) -> Self {
        Self(time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1))
    }
}

type Budgets = RateLimiter<Client, HashMapStateStore<Client>, RoomClock, NoOpMiddleware<Duration>>;

/// Counts failures by client.
pub struct Throttle {
    budgets: Budgets,
    clock: RoomClock,
    most_clients: usize,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Who has used up its budget, and until when. Times count from the throttle's beginning.
    shut: HashMap<Client, Duration>,
    /// Who has signed rightly, and until when that speaks for it.
    standing: HashMap<Client, Duration>,
    tidied_at: Option<Duration>,
}

impl Throttle {
    /// A throttle that has seen nobody.
    pub fn new(limits: ThrottleLimits, clock: SharedClock) -> Self {
        let clock = RoomClock::beginning_now(clock);
        let quota = Quota::per_second(limits.per_second).allow_burst(limits.burst);
        Self {
            budgets: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            most_clients: limits.most_clients.max(1),
            memory: Mutex::default(),
        }
    }

    /// Whether requests of `client` are turned away unread now, and for how long.
    pub fn turns_away(&self, client: Client) -> Option<Wait> {
        let now = clock::Clock::now(&self.clock);
        let memory = self.memory();
        let in_standing = memory.standing.get(&client).is_some_and(|until| *until > now);
        if client.may_be_many() || in_standing {
            return None;
        }
        let crowd = || memory.shut.get(&Client::Crowd).filter(|_| self.budgets.len() >= self.most_clients);
        let shut = memory.shut.get(&client).or_else(crowd);
        shut.and_then(|until| until.checked_sub(now)).filter(|wait| !wait.is_zero()).map(Wait::of)
    }

    /// Counts a failure of `client`; how long to wait where it was one too many.
    pub fn failed(&self, client: Client) -> Option<Wait> {
        let now = clock::Clock::now(&self.clock);
        let mut memory = self.memory();
        let client = if self.has_room(&mut memory, now) { client } else { Client::Crowd };
        let outcome = self.budgets.check_key(&client);
        metrics::gauge!("embargod_throttle_clients").set(self.budgets.len() as f64);
        match outcome {
            Ok(()) => None,
            Err(not_until) => {
                let wait = not_until.wait_time_from(now);
                memory.shut.insert(client, now.saturating_add(wait));
                Some(Wait::of(wait))
            }
        }
    }

    /// A signature of `client` was right: it is not turned away unread for a day.
    pub fn signed(&self, client: Client) {
        if client.may_be_many() {
            return;
        }
        let until = clock::Clock::now(&self.clock).saturating_add(STANDING);
        let mut memory = self.memory();
        if memory.standing.len() < self.most_clients || memory.standing.contains_key(&client) {
            memory.standing.insert(client, until);
        } else {
            let now = clock::Clock::now(&self.clock);
            memory.standing.retain(|_, until| *until > now);
        }
    }

    /// Clients that something is kept about; never above three times [`ThrottleLimits::most_clients`] and two.
    pub fn kept(&self) -> usize {
        let memory = self.memory();
        self.budgets.len() + memory.shut.len() + memory.standing.len()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for a client more; clears away what time has settled, where there is none.
    fn has_room(&self, memory: &mut Memory, now: Duration) -> bool {
        if self.budgets.len() < self.most_clients {
            return true;
        }
        let tidied_lately = memory.tidied_at.is_some_and(|at| now.saturating_sub(at) < TIDY_EVERY);
        if !tidied_lately {
            memory.tidied_at = Some(now);
            self.budgets.retain_recent();
            memory.shut.retain(|_, until| *until > now);
        }
        self.budgets.len() < self.most_clients
    }
}

/// For a door where every request counts, well or ill: answers 429 beyond the budget. A layer of
/// [`axum::middleware::from_fn_with_state`].
pub async fn each_request_counts(State(throttle): State<Arc<Throttle>>, request: Request, next: Next) -> Response {
    let client = TrustedProxies::default().client(request.extensions().get().copied(), request.headers());
    match throttle.failed(client) {
        None => next.run(request).await,
        Some(wait) => wait.into_response(),
    }
}

impl IntoResponse for Wait {
    /// 429 without a body. The connection ends, so that nothing of the request needs to be read.
    fn into_response(self) -> Response {
        metrics::counter!("embargod_throttled_total").increment(1);
        let headers = [(header::RETRY_AFTER, self.0.to_string()), (header::CONNECTION, "close".to_owned())];
        (StatusCode::TOO_MANY_REQUESTS, headers).into_response()
    }
}

/// The program's clock as the limiter needs it: time since its beginning, which never goes back. (Should the machine's
/// clock be set back, budgets do not refill until it has caught up.)
#[derive(Clone)]
struct RoomClock {
    clock: SharedClock,
    beginning: Timestamp,
    /// The latest time seen, in nanoseconds.
    latest_ns: Arc<AtomicU64>,
}

impl RoomClock {
    fn beginning_now(clock: SharedClock) -> Self {
        Self { beginning: clock.now(), clock, latest_ns: Arc::default() }
    }
}

impl clock::Clock for RoomClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let since = self.clock.now().duration_since(self.beginning).as_nanos().max(0);
        let since = u64::try_from(since).unwrap_or(u64::MAX / 2);
        Duration::from_nanos(self.latest_ns.fetch_max(since, Ordering::Relaxed).max(since))
    }
}

#[cfg(test)]
mod tests;
