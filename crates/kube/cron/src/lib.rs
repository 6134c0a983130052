//! When a CronJob runs: Kubernetes' schedules over a library of cron expressions.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A schedule in its time zone.
#[derive(Clone, Debug)]
pub struct Schedule(cronexpr::Crontab);

/// Names for what is asked for most, as in `crontab(5)`.
const NAMED: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Schedule {
    /// Five fields, or one of the names; in UTC without a zone of the tz database.
    ///
    /// # Errors
    /// What is wrong, for a person.
    pub fn parse(expression: &str, zone: Option<&str>) -> Result<Self, String> {
        let expression = expression.trim();
        let named = NAMED.iter().find(|(name, _)| *name == expression);
        let fields = named.map_or(expression, |(_, fields)| *fields);
        let count = fields.split_whitespace().count();
        if count != 5 {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "has {count} fields and needs 5, or is one of {}",
                names.join(", ")
            ));
        }
        let zone = zone.unwrap_or("UTC");
        if zone.contains(char::is_whitespace) || TimeZone::get(zone).is_err() {
            return Err(format!(
                "{zone:?} is no time zone of the tz database, such as Asia/Shanghai"
            ));
        }
        let found = cronexpr::parse_crontab(&format!("{fields} {zone}"));
        found.map(Self).map_err(|error| error.to_string())
    }

    /// The first time after this one; `None` when there is none within four years.
    pub fn after(&self, time: Timestamp) -> Option<Timestamp> {
        self.0.find_next(cronexpr::MakeTimestamp(time)).ok().map(|time| time.timestamp())
    }

    /// The last time up to `now` that lies after `since`; `None`: there is none.
    pub fn due(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        // Halves the time in question until the next one after it is the last: a platform
        // that was down for a year need not walk through every minute of it.
        let (mut low, mut high) = (since, now);
        let mut last = self.after(low).filter(|time| *time <= now)?;
        while high.as_second() - low.as_second() > 1 {
            let middle = low + high.duration_since(low) / 2;
            match self.after(middle).filter(|time| *time <= now) {
                Some(time) => (low, last) = (middle, time),
                None => high = middle,
            }
        }
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn times_follow_the_zone() {
        let daily = Schedule::parse("30 2 * * *", Some("Asia/Shanghai")).expect("a schedule");
        assert_eq!(daily.after(at("2026-11-27T00:00:00Z")), Some(at("2026-11-27T18:30:00Z")));
        let hourly = Schedule::parse("@hourly", None).expect("a schedule");
        assert_eq!(hourly.after(at("2026-11-27T00:00:00Z")), Some(at("2026-11-27T01:00:00Z")));
    }

    #[test]
    fn the_last_time_that_was_missed_is_found() {
        let minutely = Schedule::parse("* * * * *", None).expect("a schedule");
        let due = |since: &str, now: &str| minutely.due(at(since), at(now));
        assert_eq!(
            due("2020-01-01T00:00:00Z", "2026-11-27T10:00:30Z"),
            Some(at("2026-11-27T10:00:00Z"))
        );
        assert_eq!(due("2026-11-27T10:00:00Z", "2026-11-27T10:00:59Z"), None);
        assert_eq!(
            due("2026-11-27T10:00:00Z", "2026-11-27T10:01:00Z"),
            Some(at("2026-11-27T10:01:00Z"))
        );
        let yearly = Schedule::parse("@yearly", None).expect("a schedule");
        assert_eq!(
            yearly.due(at("2020-06-01T00:00:00Z"), at("2026-11-27T00:00:00Z")),
            Some(at("2026-01-01T00:00:00Z"))
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_words() {
        for (expression, zone, word) in [
            ("", None, "5"),
            ("* * * *", None, "4 fields"),
            ("@never", None, "@hourly"),
            ("61 * * * *", None, "61"),
            ("* * * * *", Some("Mars/Olympus"), "Mars/Olympus"),
            ("* * * * *", Some("UTC * *"), "no time zone"),
        ] {
            let refused = Schedule::parse(expression, zone).expect_err(expression);
            assert!(refused.contains(word), "{expression}: {refused}");
        }
        let never = Schedule::parse("0 0 30 2 *", None);
        assert_eq!(never.ok().and_then(|never| never.after(at("2026-01-01T00:00:00Z"))), None);
    }
}
