//! Times of log lines: nanoseconds since 1970 inside, RFC 3339 outside,
//! and Elasticsearch's date math (`now-1h`, `2026-11-24||/d`) in queries.

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit, Zoned};

/// Which end of a coarse date a bound means: `lte: 2026-11-24` includes the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Start,
    End,
}

const DAY_LESS_ONE: i64 = 86_400_000_000_000 - 1;

/// Now, in nanoseconds since 1970.
pub fn now() -> i64 {
    nanos(Timestamp::now())
}

/// RFC 3339 in UTC with nine digits, which sorts as text.
pub fn format(nanoseconds: i64) -> String {
    let time = Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.9}")
}

/// A document's time: RFC 3339 text, or a number of milliseconds (as
/// Elasticsearch reads numbers). `None` when it is neither.
pub fn parse_value(value: &serde_json::Value) -> Option<i64> {
    match value {
        serde_json::Value::String(text) => parse_text(text, Edge::Start, &TimeZone::UTC),
        serde_json::Value::Number(number) => number
            .as_i64()
            .and_then(|milliseconds| milliseconds.checked_mul(1_000_000))
            .or_else(|| number.as_f64().map(|milliseconds| (milliseconds * 1e6) as i64)),
        _ => None,
    }
}

/// A bound of a query in date math, or epoch milliseconds as text.
pub fn parse_bound(text: &str, edge: Edge, now: i64) -> Option<i64> {
    parse_bound_in(text, edge, now, &TimeZone::UTC)
}

/// The same; days begin, and times without an offset are meant, in the zone.
pub fn parse_bound_in(text: &str, edge: Edge, now: i64, zone: &TimeZone) -> Option<i64> {
    let (anchor, math) = if let Some(rest) = text.strip_prefix("now") {
        (now, rest)
    } else if let Some((date, math)) = text.split_once("||") {
        (parse_text(date, Edge::Start, zone)?, math)
    } else {
        return parse_text(text, edge, zone);
    };
    apply_math(anchor, math, edge, zone)
}

fn parse_text(text: &str, edge: Edge, zone: &TimeZone) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(nanos(time));
    }
    if let Ok(milliseconds) = text.parse::<i64>() {
        return milliseconds.checked_mul(1_000_000);
    }
    if let Ok(date) = text.parse::<civil::Date>()
        && text.len() <= 10
    {
        let start = date.to_zoned(zone.clone()).ok()?.timestamp();
        let rounded = if edge == Edge::End { DAY_LESS_ONE } else { 0 };
        return nanos(start).checked_add(rounded);
    }
    let time = text.parse::<civil::DateTime>().ok()?;
    Some(nanos(time.to_zoned(zone.clone()).ok()?.timestamp()))
}

fn apply_math(anchor: i64, math: &str, edge: Edge, zone: &TimeZone) -> Option<i64> {
    let mut time = Timestamp::from_nanosecond(anchor.into()).ok()?.to_zoned(zone.clone());
    let mut rest = math;
    while let Some(operator) = rest.chars().next() {
        rest = &rest[operator.len_utf8()..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let amount: i64 = if digits == 0 { 1 } else { rest[..digits].parse().ok()? };
        rest = &rest[digits..];
        let unit = rest.chars().next()?;
        rest = &rest[unit.len_utf8()..];
        time = match operator {
            '+' => time.checked_add(span(amount, unit)?).ok()?,
            '-' => time.checked_sub(span(amount, unit)?).ok()?,
            '/' if digits == 0 => round(&time, unit, edge)?,
            _ => return None,
        };
    }
    Some(nanos(time.timestamp()))
}

fn span(amount: i64, unit: char) -> Option<Span> {
    let span = Span::new();
    match unit {
        'y' => span.try_years(amount),
        'M' => span.try_months(amount),
        'w' => span.try_weeks(amount),
        'd' => span.try_days(amount),
        'h' | 'H' => span.try_hours(amount),
        'm' => span.try_minutes(amount),
        's' => span.try_seconds(amount),
        _ => return None,
    }
    .ok()
}

/// Units of the calendar; how long one is depends on where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The unit around a time in a zone: its start, and its end (exclusive).
pub fn calendar_bucket(time: i64, unit: Calendar, zone: &TimeZone) -> Option<(i64, i64)> {
    let (letter, length) = match unit {
        Calendar::Second => ('s', span(1, 's')?),
        Calendar::Minute => ('m', span(1, 'm')?),
        Calendar::Hour => ('h', span(1, 'h')?),
        Calendar::Day => ('d', span(1, 'd')?),
        Calendar::Week => ('w', span(1, 'w')?),
        Calendar::Month => ('M', span(1, 'M')?),
        Calendar::Quarter => ('M', span(3, 'M')?),
        Calendar::Year => ('y', span(1, 'y')?),
    };
    let zoned = Timestamp::from_nanosecond(time.into()).ok()?.to_zoned(zone.clone());
    let mut start = round(&zoned, letter, Edge::Start)?;
    if unit == Calendar::Quarter {
        let months = i64::from(start.month() - 1) % 3;
        start = start.checked_sub(span(months, 'M')?).ok()?;
    }
    let end = start.checked_add(length).ok()?;
    Some((nanos(start.timestamp()), nanos(end.timestamp())))
}

/// RFC 3339 with milliseconds in a zone, as Elasticsearch writes a bucket's key.
pub fn format_in(nanoseconds: i64, zone: &TimeZone) -> String {
    let time = Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = zone.to_offset(time);
    if offset.is_zero() {
        return format!("{time:.3}");
    }
    format!("{:.3}", time.display_with_offset(offset))
}

/// A zone by name (`Asia/Shanghai`) or by its distance from UTC (`+08:00`).
pub fn zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "Z" | "UTC" | "utc") {
        return Some(TimeZone::UTC);
    }
    let Some(sign) = name.chars().next().filter(|sign| matches!(sign, '+' | '-')) else {
        return TimeZone::get(name).ok();
    };
    let digits: String = name[1..].chars().filter(|character| *character != ':').collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes: i32 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    let seconds = (hours.parse::<i32>().ok()? * 60 + minutes) * 60;
    let seconds = if sign == '-' { -seconds } else { seconds };
    Some(TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?))
}

/// A length such as `90s`, `5m` or `1d`, in nanoseconds; an optional sign in front.
pub fn parse_length(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unit = match &text[digits..] {
        "nanos" => 1,
        "micros" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    text[..digits].parse::<i64>().ok()?.checked_mul(unit)?.checked_mul(sign)
}

fn round(time: &Zoned, unit: char, edge: Edge) -> Option<Zoned> {
    let start = match unit {
        'y' => time.first_of_year().ok()?.start_of_day().ok()?,
        'M' => time.first_of_month().ok()?.start_of_day().ok()?,
        'w' => {
            let back = i64::from(time.weekday().to_monday_zero_offset());
            time.checked_sub(Span::new().try_days(back).ok()?).ok()?.start_of_day().ok()?
        }
        'd' => time.start_of_day().ok()?,
        'h' | 'H' => truncate(time, Unit::Hour)?,
        'm' => truncate(time, Unit::Minute)?,
        's' => truncate(time, Unit::Second)?,
        _ => return None,
    };
    match edge {
        Edge::Start => Some(start),
        Edge::End => start
            .checked_add(span(1, unit)?)
            .ok()?
            .checked_sub(Span::new().try_nanoseconds(1).ok()?)
            .ok(),
    }
}

fn truncate(time: &Zoned, unit: Unit) -> Option<Zoned> {
    time.round(jiff::ZonedRound::new().smallest(unit).mode(jiff::RoundMode::Trunc)).ok()
}

fn nanos(time: Timestamp) -> i64 {
    // i64 nanoseconds reach from 1677 to 2262; a line from outside is clamped.
    i64::try_from(time.as_nanosecond()).unwrap_or(if time > Timestamp::UNIX_EPOCH {
        i64::MAX
    } else {
        i64::MIN
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        parse_text(text, Edge::Start, &TimeZone::UTC).unwrap()
    }

    #[test]
    fn formats_with_nine_digits_and_reads_them_back() {
        let text = "2026-11-24T18:52:27.123456789Z";
        assert_eq!(format(at(text)), text);
        assert_eq!(format(at("2026-11-24T18:52:27+08:00")), "2026-11-24T10:52:27.000000000Z");
    }

    #[test]
    fn date_math_moves_and_rounds() {
        let now = at("2026-11-24T18:52:27Z");
        let bound = |text, edge| format(parse_bound(text, edge, now).unwrap());
        assert_eq!(bound("now-1h", Edge::Start), "2026-11-24T17:52:27.000000000Z");
        assert_eq!(bound("now-1d/d", Edge::Start), "2026-11-23T00:00:00.000000000Z");
        assert_eq!(bound("now/h", Edge::End), "2026-11-24T18:59:59.999999999Z");
        assert_eq!(bound("2026-11-24||+1M/M", Edge::Start), "2026-12-01T00:00:00.000000000Z");
        assert_eq!(bound("2026-11-24", Edge::End), "2026-11-24T23:59:59.999999999Z");
        assert_eq!(bound("1764010347000", Edge::Start), "2025-11-24T18:52:27.000000000Z");
        assert_eq!(parse_bound("now-1x", Edge::Start, now), None);
        assert_eq!(parse_bound("yesterday", Edge::Start, now), None);
    }
}
