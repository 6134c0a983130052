//! Ranges, and how the times in them are written.

use std::ops::Bound;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Parser, scalar, single_field};
use crate::clause::{Clause, Field, Scalar};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::time::{self, Edge};

impl Parser {
    pub(super) fn range(&self, body: &Value) -> Result<Clause> {
        let (name, value) = single_field(body, "range")?;
        let field = Field::named(name);
        let options = Options::of(value, "range")?.only(&[
            "gt",
            "gte",
            "lt",
            "lte",
            "from",
            "to",
            "include_lower",
            "include_upper",
            "format",
            "time_zone",
            "boost",
            "_name",
            "relation",
        ])?;
        let reading = self.reading(&options)?;
        let bound = |key: &str, edge| match options.get(key) {
            None => Ok(None),
            Some(value) => {
                let limit = scalar(value, "range", name)?;
                let is_time = field == Field::Timestamp;
                Ok(Some(if is_time { reading.instant(&limit, edge, "range")? } else { limit }))
            }
        };
        let open = |key| -> Result<bool> { Ok(!options.flag(key)?.unwrap_or(true)) };
        let lower = match (bound("gt", Edge::End)?, bound("gte", Edge::Start)?) {
            (Some(limit), _) => Bound::Excluded(limit),
            (None, Some(limit)) => Bound::Included(limit),
            (None, None) => match bound("from", Edge::Start)? {
                Some(limit) if open("include_lower")? => Bound::Excluded(limit),
                from => from.map_or(Bound::Unbounded, Bound::Included),
            },
        };
        let upper = match (bound("lt", Edge::Start)?, bound("lte", Edge::End)?) {
            (Some(limit), _) => Bound::Excluded(limit),
            (None, Some(limit)) => Bound::Included(limit),
            (None, None) => match bound("to", Edge::End)? {
                Some(limit) if open("include_upper")? => Bound::Excluded(limit),
                to => to.map_or(Bound::Unbounded, Bound::Included),
            },
        };
        Ok(Clause::Range { field, lower, upper })
    }

    /// How the times of a range are written: `format` and `time_zone`.
    fn reading(&self, options: &Options<'_>) -> Result<Reading> {
        const TEXTS: [&str; 7] = [
            "epoch_millis",
            "strict_date_optional_time",
            "strict_date_optional_time_nanos",
            "date_optional_time",
            "strict_date_time",
            "date_time",
            "strict_date",
        ];
        let mut seconds = false;
        for format in options.text("format")?.into_iter().flat_map(|formats| formats.split("||")) {
            match format {
                "epoch_second" => seconds = true,
                known if TEXTS.contains(&known) => {}
                _ => {
                    return Err(options
                        .bad("format", "epoch_millis, epoch_second or strict_date_optional_time"));
                }
            }
        }
        let zone = options.text("time_zone")?.map(|name| {
            time::zone(name)
                .ok_or_else(|| options.bad("time_zone", "a zone such as Asia/Shanghai or +08:00"))
        });
        Ok(Reading { now: self.now, zone: zone.transpose()?.unwrap_or(TimeZone::UTC), seconds })
    }

    pub(super) fn instant(&self, value: &Scalar, edge: Edge, clause: &str) -> Result<Scalar> {
        Reading { now: self.now, zone: TimeZone::UTC, seconds: false }.instant(value, edge, clause)
    }
}

/// How times are written in a clause.
struct Reading {
    now: i64,
    zone: TimeZone,
    /// Numbers are seconds, not milliseconds.
    seconds: bool,
}

impl Reading {
    fn instant(&self, value: &Scalar, edge: Edge, clause: &str) -> Result<Scalar> {
        let bad = || {
            Error::parsing(
                clause,
                format!(
                    "failed to parse date field [{}]; use RFC 3339, epoch milliseconds or date math such as now-15m",
                    value.word()
                ),
            )
        };
        let unit = if self.seconds { 1_000_000_000 } else { 1_000_000 };
        let nanoseconds = match value {
            Scalar::Integer(number) => number.checked_mul(unit),
            Scalar::Float(number) => Some((number * unit as f64) as i64),
            Scalar::Text(text) => match text.parse::<i64>() {
                Ok(number) if self.seconds => number.checked_mul(unit),
                _ => time::parse_bound_in(text, edge, self.now, &self.zone),
            },
            Scalar::Bool(_) => None,
        };
        nanoseconds.map(Scalar::Integer).ok_or_else(bad)
    }
}
