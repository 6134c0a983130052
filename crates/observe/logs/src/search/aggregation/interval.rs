//! Lengths of the buckets of a date histogram: fixed, or by the calendar of a zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::time::{self, Calendar};

#[derive(Debug)]
pub struct Interval {
    pub step: Step,
    pub zone: TimeZone,
    /// Moves the edges, in nanoseconds.
    pub offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nanoseconds.
    Fixed(i64),
    Calendar(Calendar),
}

impl Interval {
    /// The bucket that a time falls into: its start, and its end (exclusive).
    pub fn bucket(&self, time: i64) -> (i64, i64) {
        let time = time.saturating_sub(self.offset);
        let (start, end) = match self.step {
            Step::Fixed(step) => self.fixed(time, step),
            Step::Calendar(unit) => {
                time::calendar_bucket(time, unit, &self.zone).unwrap_or((time, i64::MAX))
            }
        };
        (start.saturating_add(self.offset), end.saturating_add(self.offset))
    }

    /// The bucket after the one that starts here.
    pub fn next(&self, start: i64) -> i64 {
        let (_, end) = self.bucket(start);
        // Where a zone's clock is put back, the bucket at the end may be this one again.
        let next = self.bucket(end).0;
        if next > start { next } else { end }
    }

    /// Fixed steps are counted from midnight of the zone's own clock.
    fn fixed(&self, time: i64, step: i64) -> (i64, i64) {
        let ahead = Timestamp::from_nanosecond(time.into())
            .map_or(0, |instant| i64::from(self.zone.to_offset(instant).seconds()));
        let ahead = ahead * 1_000_000_000;
        let start = time.saturating_add(ahead).div_euclid(step).saturating_mul(step) - ahead;
        (start, start.saturating_add(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(step: Step, zone: &str, times: &[&str]) -> Vec<String> {
        let interval = Interval { step, zone: TimeZone::get(zone).unwrap(), offset: 0 };
        let bucket = |text: &&str| {
            let time = time::parse_value(&serde_json::Value::from(*text)).unwrap();
            time::format(interval.bucket(time).0)[..16].to_owned()
        };
        times.iter().map(bucket).collect()
    }

    #[test]
    fn days_and_weeks_begin_at_the_zones_midnight() {
        let late = ["2026-11-24T15:59:59Z", "2026-11-24T16:00:00Z"];
        let fixed = Step::Fixed(86_400_000_000_000);
        let expected = ["2026-11-23T16:00", "2026-11-24T16:00"];
        assert_eq!(starts(fixed, "Asia/Shanghai", &late), expected);
        assert_eq!(starts(Step::Calendar(Calendar::Day), "Asia/Shanghai", &late), expected);
        // 2026-11-24 is a Tuesday.
        assert_eq!(
            starts(Step::Calendar(Calendar::Week), "UTC", &["2026-11-24T10:00:00Z"]),
            ["2026-11-23T00:00"]
        );
        assert_eq!(
            starts(Step::Calendar(Calendar::Quarter), "UTC", &["2026-11-24T10:00:00Z"]),
            ["2026-10-01T00:00"]
        );
    }

    #[test]
    fn a_day_of_twenty_five_hours_is_one_bucket() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let interval = Interval { step: Step::Calendar(Calendar::Day), zone, offset: 0 };
        let noon = time::parse_value(&serde_json::json!("2026-10-25T12:00:00Z")).unwrap();
        let (start, end) = interval.bucket(noon);
        assert_eq!(end - start, 25 * 3_600_000_000_000);
        assert_eq!(interval.next(start), end);
    }
}
