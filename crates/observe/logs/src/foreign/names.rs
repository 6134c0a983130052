//! Index names: `logs` is `dais-logs-2026.11.24` in the other engine, an index per day.
//! Whatever a caller names stays behind the prefix, so that nothing else there is reached.

use crate::error::{Error, Result};

/// Elasticsearch's own limit is 255 bytes; the prefix and the day take some.
const MAX_NAME: usize = 200;

pub fn check_prefix(prefix: &str) -> Result<()> {
    let starts_well = prefix.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_name = prefix.len() <= 40 && prefix.chars().all(is_plain);
    match starts_well && is_name {
        true => Ok(()),
        false => Err(Error::Setting(format!(
            "{prefix:?} cannot begin the names of indices: lower-case letters, digits, - and . are allowed, and a letter or digit comes first"
        ))),
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '+')
}

/// An index expression (`logs`, `logs*,-logs-old`, `_all`) as one within the prefix.
pub fn resolve(prefix: &str, expression: &str) -> Result<String> {
    let mut names = Vec::new();
    for name in expression.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let (minus, name) = match name.strip_prefix('-') {
            Some(name) => ("-", name),
            None => ("", name),
        };
        names.push(format!("{minus}{}", within(prefix, name)?));
    }
    if names.iter().all(|name| name.starts_with('-')) {
        names.insert(0, format!("{prefix}*"));
    }
    Ok(names.join(","))
}

fn within(prefix: &str, name: &str) -> Result<String> {
    if matches!(name, "_all" | "*") {
        return Ok(format!("{prefix}*"));
    }
    let is_allowed = |c: char| is_plain(c) || c == '*';
    if name.len() > MAX_NAME || !name.chars().all(is_allowed) || name.starts_with('_') {
        return Err(invalid(name));
    }
    // One of a single day, as a search tells it.
    if let Some(rest) = name.strip_prefix(prefix)
        && !rest.is_empty()
    {
        return Ok(name.to_owned());
    }
    let days = if name.contains('*') { "" } else { "-*" };
    Ok(format!("{prefix}{name}{days}"))
}

/// Lines that are older or newer than this go with the oldest or newest day's: a sender
/// who makes times up would otherwise make an index for each.
const OLDEST: i64 = 62 * DAY;
const NEWEST: i64 = DAY;
const DAY: i64 = 86_400_000_000_000;

/// Where a line of that index name and time is written.
pub fn of_day(prefix: &str, name: &str, timestamp: i64, now: i64) -> Result<String> {
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_plain) {
        return Err(invalid(name));
    }
    let day = crate::time::format(timestamp.clamp(now - OLDEST, now + NEWEST));
    let day = day.get(..10).unwrap_or("1970-01-01").replace('-', ".");
    Ok(format!("{prefix}{name}-{day}"))
}

fn invalid(name: &str) -> Error {
    Error::Query {
        kind: "invalid_index_name_exception",
        clause: "index".into(),
        reason: format!(
            "Invalid index name [{name}]: lower-case letters, digits, -, _, . and * are allowed, other clusters and date expressions are not"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stays_behind_the_prefix() {
        for (asked, expected) in [
            ("_all", "dais-*"),
            ("", "dais-*"),
            ("*", "dais-*"),
            ("logs", "dais-logs-*"),
            ("events*", "dais-events*"),
            ("*,-events*", "dais-*,-dais-events*"),
            ("-events", "dais-*,-dais-events-*"),
            ("dais-logs-2026.11.24", "dais-logs-2026.11.24"),
            ("payroll", "dais-payroll-*"),
            ("dais-", "dais-dais--*"),
            ("..", "dais-..-*"),
            (".kibana", "dais-.kibana-*"),
        ] {
            assert_eq!(resolve("dais-", asked).unwrap(), expected, "{asked}");
        }
        for asked in [
            "other:logs",
            "<logs-{now/d}>",
            "a/b",
            "a%2Fb",
            "a?b",
            "a#b",
            "A",
            "_cat",
            "-_all",
            "logs,other:*",
            "a b",
            "../x",
            "é",
        ] {
            // To leave everything out is no secret, and finds nothing.
            let is_well = resolve("dais-", asked);
            assert!(is_well.is_err() || asked == "-_all", "{asked}: {is_well:?}");
        }
        assert_eq!(of_day("dais-", "logs", 0, 0).unwrap(), "dais-logs-1970.01.01");
        assert_eq!(of_day("dais-", "logs", i64::MAX, 0).unwrap(), "dais-logs-1970.01.02");
        assert_eq!(of_day("dais-", "logs", 0, 63 * DAY).unwrap(), "dais-logs-1970.01.02");
        assert!(of_day("dais-", "a*", 0, 0).is_err() && of_day("dais-", "../b", 0, 0).is_err());
        assert!(
            check_prefix("").is_err()
                && check_prefix("*").is_err()
                && check_prefix("dais-").is_ok()
        );
    }
}
