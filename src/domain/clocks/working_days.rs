//! Working days: days of workdays that are no holidays, separated by the midnights of a zone.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::domain::policy::{Acknowledgment, Weekday, Within};

/// Most days that a calendar is searched for a working day. A policy has at most 400 holidays and one workday a week.
const FARTHEST: u32 = 5_000;

/// When a team works.
pub struct Calendar<'a> {
    /// Days of the week on which it works; never empty.
    pub workdays: &'a [Weekday],
    /// Days on which it does not.
    pub holidays: &'a [Date],
    /// The zone whose midnights separate days.
    pub zone: TimeZone,
}

impl Calendar<'_> {
    fn works_on(&self, day: Date) -> bool {
        self.workdays.contains(&day.weekday().into()) && !self.holidays.contains(&day)
    }
}

/// The instant at which `days` working days have passed since `start`: the same time of day on the `days`-th working day
/// after it. What comes in outside of working days counts from the midnight at which the next one begins.
pub fn add_working_days(start: Timestamp, days: u32, calendar: &Calendar<'_>) -> Timestamp {
    let local = start.to_zoned(calendar.zone.clone());
    let (mut day, mut time) = (local.date(), local.time());
    let mut searched = 0;
    let mut next = |from: Date| {
        let mut day = from;
        while !calendar.works_on(day) && searched < FARTHEST {
            day = day.saturating_add(1.day());
            searched += 1;
        }
        day
    };
    let first = next(day);
    if first != day {
        (day, time) = (first, jiff::civil::Time::midnight());
    }
    for _ in 0..days {
        day = next(day.saturating_add(1.day()));
    }
    // From a midnight, n days end with the n-th of them, not with the midnight after whatever follows it.
    if time == jiff::civil::Time::midnight() && days > 0 {
        day = last_working_day_before(day, calendar).saturating_add(1.day());
    }
    let end = day.to_datetime(time).to_zoned(calendar.zone.clone());
    end.map_or_else(|_| start.saturating_add(wall_clock(days)).unwrap_or(start), |zoned| zoned.timestamp())
}

fn last_working_day_before(day: Date, calendar: &Calendar<'_>) -> Date {
    let mut before = day.saturating_sub(1.day());
    for _ in 0..FARTHEST {
        if calendar.works_on(before) {
            break;
        }
        before = before.saturating_sub(1.day());
    }
    before
}

fn wall_clock(days: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days) * 24)
}

/// By when a person has to answer a report that came in at `start`.
pub fn acknowledgment_due(start: Timestamp, rule: &Acknowledgment) -> Timestamp {
    match rule.within() {
        Within::Hours(hours) => start.saturating_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or(start),
        Within::WorkingDays(days) => {
            let zone = TimeZone::fixed(rule.zone.0);
            add_working_days(start, days, &Calendar { workdays: &rule.workdays, holidays: &rule.holidays, zone })
        }
    }
}
