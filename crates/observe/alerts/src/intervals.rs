//! Recurring times: working hours, weekends, nights, as Alertmanager's configuration
//! writes them. An interval holds when each of its conditions does; one left out always does.

mod range;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use range::{DaysOfMonth, Months, Times, Weekdays, Years};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedIntervals {
    pub name: String,
    #[serde(default)]
    pub time_intervals: Vec<TimeInterval>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeInterval {
    #[serde(default)]
    times: Vec<Times>,
    #[serde(default)]
    weekdays: Vec<Weekdays>,
    #[serde(default)]
    days_of_month: Vec<DaysOfMonth>,
    #[serde(default)]
    months: Vec<Months>,
    #[serde(default)]
    years: Vec<Years>,
    #[serde(default)]
    location: Location,
}

impl TimeInterval {
    pub fn contains(&self, time: Timestamp) -> bool {
        let at = time.to_zoned(self.location.0.clone());
        let minute = i32::from(at.hour()) * 60 + i32::from(at.minute());
        let weekday = i32::from(at.weekday().to_sunday_zero_offset());
        let (day, last) = (i32::from(at.day()), i32::from(at.days_in_month()));
        holds(&self.times, |times| times.0.holds(minute))
            && holds(&self.weekdays, |days| days.0.holds(weekday))
            && holds(&self.days_of_month, |days| days.holds(day, last))
            && holds(&self.months, |months| months.0.holds(i32::from(at.month())))
            && holds(&self.years, |years| years.0.holds(i32::from(at.year())))
    }
}

fn holds<T>(conditions: &[T], is_met: impl Fn(&T) -> bool) -> bool {
    conditions.is_empty() || conditions.iter().any(is_met)
}

/// A time zone by its IANA name; UTC where none is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Location(TimeZone);

impl Default for Location {
    fn default() -> Self {
        Location(TimeZone::UTC)
    }
}

impl TryFrom<String> for Location {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        time_zone(&name).map(Location)
    }
}

/// # Errors
/// No such zone is known here.
pub fn time_zone(name: &str) -> Result<TimeZone, String> {
    if name == "Local" {
        return Ok(TimeZone::system());
    }
    TimeZone::get(name).map_err(|_| {
        format!("{name:?} is no time zone; write an IANA name such as Asia/Shanghai or UTC")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(yaml: &str) -> Result<TimeInterval, String> {
        serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
    }

    fn contains(yaml: &str, time: &str) -> bool {
        interval(yaml).unwrap().contains(time.parse().unwrap())
    }

    #[test]
    fn working_hours_where_people_live() {
        let office = "{times: [{start_time: '09:00', end_time: '18:00'}], \
                       weekdays: ['monday:friday'], location: Asia/Shanghai}";
        // 2026-11-26 is a Thursday; Shanghai is eight hours ahead.
        assert!(contains(office, "2026-11-26T01:00:00Z"));
        assert!(contains(office, "2026-11-26T09:59:59Z"));
        assert!(!contains(office, "2026-11-26T10:00:00Z"));
        assert!(!contains(office, "2026-11-26T00:59:59Z"));
        assert!(!contains(office, "2026-11-28T02:00:00Z"));
    }

    #[test]
    fn days_months_and_years() {
        let ends = "{days_of_month: ['1', '-2:-1'], months: ['february', '4:5'], years: ['2028']}";
        assert!(contains(ends, "2028-02-28T12:00:00Z"));
        assert!(!contains(ends, "2028-02-27T12:00:00Z"));
        assert!(contains(ends, "2028-02-29T12:00:00Z"));
        assert!(contains(ends, "2028-05-01T00:00:00Z"));
        assert!(!contains(ends, "2028-06-30T00:00:00Z"));
        assert!(!contains(ends, "2027-05-01T00:00:00Z"));
        assert!(contains(
            "{times: [{start_time: '22:00', end_time: '24:00'}]}",
            "2028-06-30T23:59:59Z"
        ));
    }

    #[test]
    fn mistakes_are_told() {
        for (yaml, word) in [
            ("{times: [{start_time: '9', end_time: '18:00'}]}", "HH:MM"),
            ("{times: [{start_time: '18:00', end_time: '09:00'}]}", "ends before it begins"),
            ("{weekdays: ['funday']}", "funday"),
            ("{weekdays: ['friday:monday']}", "ends before it begins"),
            ("{days_of_month: ['0']}", "0"),
            ("{days_of_month: ['-1:5']}", "ends before it begins"),
            ("{months: ['13']}", "13"),
            ("{location: Moon/Base}", "Moon/Base"),
            ("{hours: []}", "hours"),
        ] {
            let error = interval(yaml).unwrap_err();
            assert!(error.contains(word), "{yaml}: {error}");
        }
    }
}
