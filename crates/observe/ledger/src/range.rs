//! From when to when, as people write it.

use jiff::Timestamp;

use crate::{Error, Result};

const DAY: i64 = 24 * 3_600_000;
/// What nobody asked for otherwise.
const USUAL: i64 = 7 * DAY;
/// Longer than anything is kept.
const LONGEST: i64 = 10 * 366 * DAY;

/// Milliseconds since 1970; `until` itself is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) since: i64,
    pub(crate) until: i64,
}

impl Range {
    /// Each end is a moment (RFC 3339) or so long ago (`90m`, `24h`, `7d`, `4w`).
    pub(crate) fn read(since: Option<&str>, until: Option<&str>, now: Timestamp) -> Result<Self> {
        let until = until.map_or(Ok(now.as_millisecond()), |text| moment("until", text, now))?;
        let since = since.map_or(Ok(until - USUAL), |text| moment("since", text, now))?;
        if since >= until {
            let hint = "give a moment before until, for example since=7d";
            return Err(Error::invalid("since", "is not before until", hint));
        }
        if until - since > LONGEST {
            return Err(Error::invalid(
                "since",
                "is more than ten years before until",
                "ask for less",
            ));
        }
        Ok(Self { since, until })
    }
}

fn moment(field: &'static str, text: &str, now: Timestamp) -> Result<i64> {
    if let Some(ago) = duration(text) {
        return Ok(now.as_millisecond().saturating_sub(ago));
    }
    match text.parse::<Timestamp>() {
        Ok(moment) if moment.as_millisecond() >= 0 => Ok(moment.as_millisecond()),
        _ => {
            let shown: String = text.chars().take(60).collect();
            let hint = "write 90m, 24h, 7d or 4w, or a moment as 2026-11-24T18:52:27Z";
            Err(Error::invalid(field, format!("is not a time: {shown:?}"), hint))
        }
    }
}

/// Milliseconds of `30m`, `24h`, `7d`, `4w`.
fn duration(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => DAY,
        'w' => 7 * DAY,
        _ => return None,
    };
    let count: i64 = text[..text.len() - 1].parse().ok().filter(|count| *count > 0)?;
    count.checked_mul(unit)
}

/// Milliseconds that a clock on the wall is ahead of UTC: `+08:00`.
pub(crate) fn offset(text: &str) -> Result<i64> {
    let refuse = || {
        let shown: String = text.chars().take(20).collect();
        let hint = "write it as +08:00 or -05:30";
        Error::invalid("offset", format!("is not a distance from UTC: {shown:?}"), hint)
    };
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(refuse()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(refuse)?;
    let number = |text: &str, most: i64| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| digits && *number <= most).ok_or_else(refuse)
    };
    Ok(sign * (number(hours, 14)? * 60 + number(minutes, 59)?) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(since: Option<&str>, until: Option<&str>) -> Result<Range> {
        Range::read(since, until, "2026-11-24T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn times_are_moments_or_so_long_ago() {
        let day = read(Some("24h"), None).unwrap();
        assert_eq!(day.until - day.since, DAY);
        assert_eq!(read(Some("2026-11-23T12:00:00Z"), None).unwrap(), day);
        assert_eq!(read(Some("1d"), Some("2026-11-24T20:00:00+08:00")).unwrap(), day);
        assert_eq!(read(None, None).unwrap().since, day.until - USUAL);
    }

    #[test]
    fn what_is_no_time_is_refused_by_name() {
        for (since, until, field) in [
            (Some("yesterday"), None, "since"),
            (Some("-3d"), None, "since"),
            (Some("d"), None, "since"),
            (Some("日"), None, "since"),
            (Some("99999999999999999d"), None, "since"),
            (None, Some("now"), "until"),
            (Some("1h"), Some("2h"), "since"),
            (Some("9000w"), None, "since"),
        ] {
            let error = read(since, until).unwrap_err();
            assert!(matches!(&error, Error::Invalid { field: f, .. } if f == field), "{error}");
        }
    }

    #[test]
    fn offsets_are_read_with_their_sign() {
        assert_eq!(offset("+08:00").unwrap(), 8 * 3_600_000);
        assert_eq!(offset("-05:30").unwrap(), -(5 * 60 + 30) * 60_000);
        for wrong in ["", "8", "+8:00", "+15:00", "+08:60", "08:00", "＋08:00", "++8:00"] {
            assert!(offset(wrong).is_err(), "{wrong}");
        }
    }
}
