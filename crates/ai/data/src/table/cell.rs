//! One value of a table.

use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Missing,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    /// Milliseconds since 1970.
    Time(i64),
    Text(String),
}

/// The largest integer that every reader of JSON keeps exact (RFC 8259, section 6).
const EXACT: i64 = (1 << 53) - 1;

/// How people write that there is no value.
const MISSING: [&str; 10] = ["", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", "\\N"];

impl Cell {
    /// What a text of a CSV file stands for.
    pub fn of_text(text: &str) -> Cell {
        let trimmed = text.trim();
        if MISSING.contains(&trimmed) {
            return Cell::Missing;
        }
        if let Some(number) = number(trimmed) {
            return number;
        }
        match trimmed {
            "true" | "True" | "TRUE" => Cell::Boolean(true),
            "false" | "False" | "FALSE" => Cell::Boolean(false),
            _ => time(trimmed).map_or_else(|| Cell::Text(text.to_owned()), Cell::Time),
        }
    }

    /// A text of a typed format may still be a time.
    pub fn or_time(self) -> Cell {
        match &self {
            Cell::Text(text) => time(text).map_or(self, Cell::Time),
            _ => self,
        }
    }

    /// As a CSV file would hold it; nothing where there is no value.
    pub fn text(&self) -> String {
        match self {
            Cell::Missing => String::new(),
            Cell::Boolean(value) => value.to_string(),
            Cell::Integer(value) => value.to_string(),
            Cell::Number(value) => value.to_string(),
            Cell::Time(value) => time_text(*value),
            Cell::Text(text) => text.clone(),
        }
    }

    /// For pages: what JSON cannot say exactly is told as text. Texts longer
    /// than `most` characters are cut; the flag tells of it.
    pub fn shown(&self, most: usize) -> (Value, bool) {
        let value = match self {
            Cell::Missing => Value::Null,
            Cell::Boolean(value) => json!(value),
            Cell::Integer(value) if value.unsigned_abs() > EXACT.unsigned_abs() => {
                json!(value.to_string())
            }
            Cell::Integer(value) => json!(value),
            Cell::Number(value) if !value.is_finite() => json!(value.to_string()),
            Cell::Number(value) => json!(value),
            Cell::Time(value) => json!(time_text(*value)),
            Cell::Text(text) => {
                let (text, cut) = shortened(text, most);
                return (json!(text), cut);
            }
        };
        (value, false)
    }
}

/// At most so many characters, with … where more were.
pub(crate) fn shortened(text: &str, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        Some((at, _)) => (format!("{}…", &text[..at]), true),
        None => (text.to_owned(), false),
    }
}

pub(crate) fn time_text(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |time| time.to_string())
}

/// Plain decimal notation; codes with leading zeros (`007`) stay texts.
fn number(text: &str) -> Option<Cell> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = *digits.as_bytes().first()?;
    if !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    if digits.len() > 1 && first == b'0' && digits.as_bytes()[1].is_ascii_digit() {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Cell::Integer(integer));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Cell::Number)
}

/// RFC 3339, with a space for the T, without an offset (then UTC), or a date alone.
fn time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    // Most texts are none; these two dashes are cheap to look for.
    if !(10..=40).contains(&bytes.len()) || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let time = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(time.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_for_what_people_mean() {
        for (text, cell) in [
            ("", Cell::Missing),
            (" NA ", Cell::Missing),
            ("-12", Cell::Integer(-12)),
            ("0", Cell::Integer(0)),
            ("1e3", Cell::Number(1000.0)),
            (".5", Cell::Number(0.5)),
            ("99999999999999999999", Cell::Number(1e20)),
            ("007", Cell::Text("007".into())),
            ("inf", Cell::Text("inf".into())),
            ("1.2.3", Cell::Text("1.2.3".into())),
            ("True", Cell::Boolean(true)),
            ("1970-01-02", Cell::Time(86_400_000)),
            ("1970-01-01 00:00:01.5", Cell::Time(1500)),
            ("1970-01-01T01:00:00+01:00", Cell::Time(0)),
            ("1970-13-01", Cell::Text("1970-13-01".into())),
            ("数据数据数据", Cell::Text("数据数据数据".into())),
        ] {
            assert_eq!(Cell::of_text(text), cell, "{text:?}");
        }
    }

    #[test]
    fn pages_see_exact_values_and_short_texts() {
        assert_eq!(Cell::Integer(i64::MAX).shown(9).0, json!(i64::MAX.to_string()));
        assert_eq!(Cell::Number(f64::NAN).shown(9).0, json!("NaN"));
        assert_eq!(Cell::Text("数据平台".into()).shown(2), (json!("数据…"), true));
        assert_eq!(Cell::Time(0).shown(9).0, json!("1970-01-01T00:00:00Z"));
    }
}
