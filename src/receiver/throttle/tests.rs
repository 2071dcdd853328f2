use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Throttle, ThrottleLimits, Wait};
use crate::{clock::ManualClock, receiver::client::Client};

fn number(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).expect("positive")
}

fn client(last: u32) -> Client {
    Client::Known(IpAddr::V4(Ipv4Addr::from_bits(0xC633_6400 + last)))
}

fn throttle(limits: ThrottleLimits) -> (Throttle, ManualClock) {
    let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
    (Throttle::new(limits, Arc::new(clock.clone())), clock)
}

fn ten_at_once_then_two_a_second() -> ThrottleLimits {
    ThrottleLimits::new(number(10), number(2))
}

#[test]
fn a_client_that_fails_too_often_is_turned_away_until_time_has_passed() {
    let (throttle, clock) = throttle(ten_at_once_then_two_a_second());
    for _ in 0..10 {
        assert_eq!(throttle.turns_away(client(1)), None);
        assert_eq!(throttle.failed(client(1)), None);
    }
    assert_eq!(throttle.failed(client(1)), Some(Wait(1)), "the eleventh");
    assert_eq!(throttle.turns_away(client(1)), Some(Wait(1)));
    assert_eq!(throttle.turns_away(client(2)), None, "another client is not meant");
    clock.advance(SignedDuration::from_millis(500));
    assert_eq!(throttle.turns_away(client(1)), None, "one more may fail");
    assert_eq!(throttle.failed(client(1)), None);
    assert_eq!(throttle.failed(client(1)), Some(Wait(1)), "and no second one");
}

#[test]
fn a_right_signature_speaks_for_an_address_for_a_day() {
    let (throttle, clock) = throttle(ten_at_once_then_two_a_second());
    for _ in 0..50 {
        let _ = throttle.failed(client(1));
    }
    assert!(throttle.turns_away(client(1)).is_some());
    throttle.signed(client(1));
    assert_eq!(throttle.turns_away(client(1)), None);
    assert!(throttle.failed(client(1)).is_some(), "failures count as before");
    clock.advance(SignedDuration::from_hours(25));
    for _ in 0..50 {
        let _ = throttle.failed(client(1));
    }
    assert!(throttle.turns_away(client(1)).is_some(), "a day later it speaks no more");
}

#[test]
fn those_who_may_be_many_are_never_turned_away_unread() {
    let (throttle, _) = throttle(ten_at_once_then_two_a_second());
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for many in [Client::Near(loopback), Client::Behind(loopback)] {
        for _ in 0..50 {
            let _ = throttle.failed(many);
        }
        assert!(throttle.failed(many).is_some(), "the failing ones are told to wait");
        assert_eq!(throttle.turns_away(many), None, "and GitHub gets through");
    }
}

#[test]
fn a_clock_that_is_set_back_lets_nobody_wait_longer_than_the_clock_itself() {
    let (throttle, clock) = throttle(ten_at_once_then_two_a_second());
    clock.advance(SignedDuration::from_hours(5));
    for _ in 0..11 {
        let _ = throttle.failed(client(1));
    }
    clock.advance(SignedDuration::from_hours(-4));
    assert_eq!(throttle.turns_away(client(1)), Some(Wait(1)));
}

#[test]
fn clients_whose_failures_are_long_past_make_room() {
    let limits = ThrottleLimits { most_clients: 3, ..ten_at_once_then_two_a_second() };
    let (throttle, clock) = throttle(limits);
    for last in 0..3 {
        let _ = throttle.failed(client(last));
    }
    clock.advance(SignedDuration::from_secs(60));
    for _ in 0..11 {
        let _ = throttle.failed(client(9));
    }
    assert!(throttle.turns_away(client(9)).is_some(), "it has a budget of its own");
    assert_eq!(throttle.turns_away(client(8)), None, "and others are not in one with it");
}

proptest! {
    #[test]
    fn memory_stays_bounded_whoever_comes(visits in prop::collection::vec((0_u32..500, 0..3_u8, 0..2_000_i64), 1..600)) {
        let limits = ThrottleLimits { most_clients: 16, ..ThrottleLimits::new(number(2), number(1)) };
        let (throttle, clock) = throttle(limits);
        for (last, act, later_ms) in visits {
            match act {
                0 => throttle.signed(client(last)),
                1 => drop(throttle.turns_away(client(last))),
                _ => drop(throttle.failed(client(last))),
            }
            clock.advance(SignedDuration::from_millis(later_ms));
            prop_assert!(throttle.kept() <= 3 * 16 + 2, "{}", throttle.kept());
        }
    }
}
