//! Durations as Prometheus writes them: `30s`, `1h30m`, `500ms`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A length of time in whole milliseconds, never negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length(u64);

/// Longest first; a week and a year are of fixed length, as in Prometheus.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];
/// A century: sums with a time of today stay inside what a timestamp can say.
const LONGEST: u64 = 100 * 365 * 86_400_000;

impl Length {
    pub const fn from_secs(seconds: u64) -> Self {
        Length(seconds * 1000)
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn after(self, time: Timestamp) -> Timestamp {
        let length = SignedDuration::from_millis(i64::try_from(self.0).unwrap_or(i64::MAX));
        time.saturating_add(length).unwrap_or(Timestamp::MAX)
    }

    pub fn times(self, factor: u64) -> Self {
        Length(self.0.saturating_mul(factor).min(LONGEST))
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is no duration; write for example 30s, 5m, 1h30m (y w d h m s ms)")
        };
        if text == "0" {
            return Ok(Length(0));
        }
        let (mut rest, mut total, mut largest_left) = (text, 0u64, 0);
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let count: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = UNITS.iter().position(|(name, _)| *name == &rest[..letters]);
            let unit = unit.filter(|unit| *unit >= largest_left).ok_or_else(wrong)?;
            largest_left = unit + 1;
            total = count.saturating_mul(UNITS[unit].1).saturating_add(total);
            rest = &rest[letters..];
        }
        if text.is_empty() || total > LONGEST {
            return Err(wrong());
        }
        Ok(Length(total))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut left = self.0;
        for (name, size) in UNITS {
            if left >= size {
                write!(f, "{}{name}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Length> for String {
    fn from(length: Length) -> String {
        length.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, milliseconds, written) in [
            ("0", 0, "0s"),
            ("30s", 30_000, "30s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("250ms", 250, "250ms"),
            ("1w", 604_800_000, "1w"),
        ] {
            let length: Length = text.parse().unwrap();
            assert_eq!((length.0, length.to_string().as_str()), (milliseconds, written), "{text}");
        }
        for text in ["", "5", "m", "1m1h", "1m1m", "-1s", "1.5h", "999999999y", "5 m", "1µs"] {
            assert!(text.parse::<Length>().is_err(), "{text}");
        }
    }
}
