//! Numbers as people read them, in the words and roundings of Prometheus's functions.

use super::printf::general;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

fn four_digits(number: f64) -> String {
    general(number, Some(4))
}

/// `1234567` is `1.235M`, `0.00012` is `120u`.
pub fn humanize(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return four_digits(number);
    }
    if number.abs() >= 1.0 {
        return prefixed(number, 1000.0, &LARGE);
    }
    let (number, prefix) = enlarged(number);
    four_digits(number) + prefix
}

/// `2048` is `2ki`.
pub fn humanize_1024(number: f64) -> String {
    if number.abs() <= 1.0 || !number.is_finite() {
        return four_digits(number);
    }
    prefixed(number, 1024.0, &BINARY)
}

fn prefixed(mut number: f64, base: f64, prefixes: &[&'static str]) -> String {
    let mut prefix = "";
    for next in prefixes {
        if number.abs() < base {
            break;
        }
        prefix = next;
        number /= base;
    }
    four_digits(number) + prefix
}

/// A fraction in the largest unit in which it is one or more.
fn enlarged(mut number: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for next in SMALL {
        if number.abs() >= 1.0 {
            break;
        }
        prefix = next;
        number *= 1000.0;
    }
    (number, prefix)
}

/// Seconds: `93784` is `1d 2h 3m 4s`, `0.0123` is `12.3ms`.
pub fn humanize_duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return four_digits(seconds);
    }
    if seconds == 0.0 {
        return four_digits(seconds) + "s";
    }
    if seconds.abs() < 1.0 {
        let (number, prefix) = enlarged(seconds);
        return format!("{}{prefix}s", four_digits(number));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = seconds.abs() as i64;
    let (days, hours, minutes, rest) =
        (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    if days != 0 {
        format!("{sign}{days}d {hours}h {minutes}m {rest}s")
    } else if hours != 0 {
        format!("{sign}{hours}h {minutes}m {rest}s")
    } else if minutes != 0 {
        format!("{sign}{minutes}m {rest}s")
    } else {
        format!("{sign}{}s", four_digits(seconds.abs()))
    }
}

/// `0.1234567` is `12.35%`.
pub fn humanize_percentage(ratio: f64) -> String {
    four_digits(ratio * 100.0) + "%"
}

/// Seconds since 1970 as Go prints a time, to the millisecond.
pub fn humanize_timestamp(seconds: f64) -> Result<String, String> {
    if !seconds.is_finite() {
        return Ok(four_digits(seconds));
    }
    let milliseconds = (seconds * 1e9) as i64 / 1_000_000;
    let time = Some(milliseconds)
        .filter(|_| (seconds * 1e9).abs() < i64::MAX as f64)
        .and_then(|time| jiff::Timestamp::from_millisecond(time).ok())
        .ok_or_else(|| format!("{seconds} cannot be represented as a time"))?;
    let fraction = format!("{:03}", milliseconds.rem_euclid(1000));
    let fraction = match fraction.trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    };
    Ok(format!("{}{fraction} +0000 UTC", time.strftime("%Y-%m-%d %H:%M:%S")))
}
