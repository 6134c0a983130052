//! Parts of a date from seconds since 1970, in UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A function by its name.
pub fn named(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "minute" => |seconds| part(seconds, |date| date.minute().into()),
        "hour" => |seconds| part(seconds, |date| date.hour().into()),
        "day_of_week" => {
            |seconds| part(seconds, |date| date.weekday().to_sunday_zero_offset().into())
        }
        "day_of_month" => |seconds| part(seconds, |date| date.day().into()),
        "day_of_year" => |seconds| part(seconds, |date| date.day_of_year().into()),
        "days_in_month" => |seconds| part(seconds, |date| date.days_in_month().into()),
        "month" => |seconds| part(seconds, |date| date.month().into()),
        "year" => |seconds| part(seconds, |date| date.year().into()),
        _ => return None,
    })
}

/// NaN for what is no date.
fn part(seconds: f64, of: impl Fn(DateTime) -> f64) -> f64 {
    if !seconds.is_finite() {
        return f64::NAN;
    }
    match Timestamp::from_second(seconds.floor() as i64) {
        Ok(time) => of(TimeZone::UTC.to_datetime(time)),
        Err(_) => f64::NAN,
    }
}
