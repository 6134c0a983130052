//! Ranges of minutes, weekdays, days, months and years, read from their text.

use serde::Deserialize;

/// From one number up to and with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: i32,
    last: i32,
}

impl Range {
    pub fn holds(self, number: i32) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

/// `one` or `one:other`.
fn range(text: &str, read: impl Fn(&str) -> Result<i32, String>) -> Result<Range, String> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let range = Range { first: read(first.trim())?, last: read(last.trim())? };
    if range.first > range.last {
        return Err(format!("{text:?} ends before it begins; write two ranges"));
    }
    Ok(range)
}

fn named(text: &str, names: &[&str], first: i32) -> Option<i32> {
    let at = names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
    i32::try_from(at).ok().map(|at| at + first)
}

/// Of the day, in minutes; the end is left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Clock")]
pub struct Times(pub Range);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    start_time: String,
    end_time: String,
}

impl TryFrom<Clock> for Times {
    type Error = String;

    fn try_from(clock: Clock) -> Result<Self, String> {
        let (first, end) = (minute(&clock.start_time)?, minute(&clock.end_time)?);
        if first >= end {
            return Err(format!(
                "{} to {} ends before it begins; write two ranges around midnight",
                clock.start_time, clock.end_time
            ));
        }
        Ok(Times(Range { first, last: end - 1 }))
    }
}

fn minute(text: &str) -> Result<i32, String> {
    let wrong = || format!("{text:?} is no time of the day; write HH:MM, from 00:00 to 24:00");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    if hour.len() != 2 || minute.len() != 2 {
        return Err(wrong());
    }
    let (hour, minute): (i32, i32) =
        (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    let total = hour * 60 + minute;
    if (0..60).contains(&minute) && (0..=24 * 60).contains(&total) {
        Ok(total)
    } else {
        Err(wrong())
    }
}

/// `monday:friday`; Sunday is the first day, as in Alertmanager.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Weekdays(pub Range);

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

impl TryFrom<String> for Weekdays {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = |day: &str| {
            named(day, &WEEKDAYS, 0)
                .ok_or_else(|| format!("{day:?} is no day of the week; write for example monday"))
        };
        range(&text, read).map(Weekdays)
    }
}

/// `1:15`, `-1` for the last day of a month.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct DaysOfMonth {
    first: i32,
    last: i32,
}

impl DaysOfMonth {
    pub fn holds(&self, day: i32, days_in_month: i32) -> bool {
        let from_start = |day: i32| if day < 0 { days_in_month + 1 + day } else { day };
        (from_start(self.first)..=from_start(self.last)).contains(&day)
    }
}

impl TryFrom<String> for DaysOfMonth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = |text: &str| {
            let day: i32 = text.parse().unwrap_or(0);
            let is_day = (1..=31).contains(&day.abs());
            is_day.then_some(day).ok_or_else(|| {
                format!("{text:?} is no day of a month; write 1 to 31, or -1 for the last")
            })
        };
        let (first, last) = text.split_once(':').unwrap_or((&text, &text));
        let days = DaysOfMonth { first: read(first.trim())?, last: read(last.trim())? };
        let is_backwards = if (days.first < 0) == (days.last < 0) {
            days.first > days.last
        } else {
            days.first < 0
        };
        if is_backwards {
            return Err(format!("{text:?} ends before it begins; write two ranges"));
        }
        Ok(days)
    }
}

/// `january:march`, `5`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Months(pub Range);

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl TryFrom<String> for Months {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = |month: &str| {
            let number = month.parse().ok().filter(|number| (1..=12).contains(number));
            named(month, &MONTHS, 1)
                .or(number)
                .ok_or_else(|| format!("{month:?} is no month; write for example may, or 5"))
        };
        range(&text, read).map(Months)
    }
}

/// `2026:2028`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Years(pub Range);

impl TryFrom<String> for Years {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = |year: &str| year.parse().map_err(|_| format!("{year:?} is no year"));
        range(&text, read).map(Years)
    }
}
