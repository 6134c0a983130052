//! `date_histogram`: its interval, zone and bounds.

use serde_json::Value;

use super::{Parser, order_list};
use crate::clause::Field;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::search::aggregation::interval::{Interval, Step};
use crate::search::aggregation::{DateHistogram, Kind, Order, OrderBy};
use crate::time::{self, Calendar, Edge};

impl Parser {
    pub(super) fn date_histogram(&self, options: &Value, at: &str) -> Result<Kind> {
        let options = Options::of(options, at)?.only(&[
            "field",
            "fixed_interval",
            "calendar_interval",
            "interval",
            "time_zone",
            "offset",
            "min_doc_count",
            "extended_bounds",
            "hard_bounds",
            "format",
            "keyed",
            "order",
        ])?;
        let name = options.text("field")?.unwrap_or_default();
        if Field::named(name) != Field::Timestamp {
            return Err(Error::illegal(
                at,
                format!("Field [{name}] is not a date; only [@timestamp] is"),
            ));
        }
        let epoch = match options.text("format")? {
            None | Some("strict_date_optional_time" | "date_time" | "strict_date_time") => false,
            Some("epoch_millis") => true,
            Some(_) => {
                return Err(options.bad("format", "epoch_millis or strict_date_optional_time"));
            }
        };
        let zone = match options.text("time_zone")? {
            None => jiff::tz::TimeZone::UTC,
            Some(name) => time::zone(name).ok_or_else(|| {
                options.bad("time_zone", "a zone such as Asia/Shanghai or +08:00")
            })?,
        };
        let offset = match options.text("offset")? {
            None => 0,
            Some(text) => time::parse_length(text)
                .ok_or_else(|| options.bad("offset", "a length such as +6h"))?,
        };
        Ok(Kind::DateHistogram(DateHistogram {
            interval: Interval { step: step(&options, at)?, zone, offset },
            least: options.count("min_doc_count")?.unwrap_or(0),
            extended: self.date_bounds(&options, "extended_bounds", at)?,
            hard: self.date_bounds(&options, "hard_bounds", at)?,
            epoch,
            keyed: options.flag("keyed")?.unwrap_or(false),
            order: order_list(options.get("order"), at)?
                .into_iter()
                .next()
                .filter(|order| !matches!(order.by, OrderBy::Metric(..)))
                .unwrap_or(Order { by: OrderBy::Key, ascending: true }),
        }))
    }

    fn date_bounds(
        &self,
        options: &Options<'_>,
        key: &str,
        at: &str,
    ) -> Result<Option<(i64, i64)>> {
        let Some(bounds) = options.get(key) else { return Ok(None) };
        let bounds = Options::of(bounds, at)?.only(&["min", "max"])?;
        let bound = |key: &str, edge| {
            let value = bounds.required(key)?;
            let time = match value {
                Value::String(text) => time::parse_bound(text, edge, self.now),
                other => time::parse_value(other),
            };
            time.ok_or_else(|| bounds.bad(key, "a time"))
        };
        Ok(Some((bound("min", Edge::Start)?, bound("max", Edge::End)?)))
    }
}

fn step(options: &Options<'_>, at: &str) -> Result<Step> {
    let fixed = |key: &str, text: &str| {
        let length = time::parse_length(text).filter(|length| *length >= 1_000_000);
        length.map(Step::Fixed).ok_or_else(|| {
            options.bad(key, "a length of ms, s, m, h or d, for example 30s; weeks and longer are calendar intervals")
        })
    };
    if let Some(text) = options.text("fixed_interval")? {
        return fixed("fixed_interval", text);
    }
    let (key, text) = match (options.text("calendar_interval")?, options.text("interval")?) {
        (Some(text), _) => ("calendar_interval", text),
        (None, Some(text)) => ("interval", text),
        (None, None) => {
            return Err(Error::parsing(
                at,
                "[date_histogram] requires [fixed_interval] or [calendar_interval]",
            ));
        }
    };
    let unit = match text {
        "second" | "1s" => Calendar::Second,
        "minute" | "1m" => Calendar::Minute,
        "hour" | "1h" => Calendar::Hour,
        "day" | "1d" => Calendar::Day,
        "week" | "1w" => Calendar::Week,
        "month" | "1M" => Calendar::Month,
        "quarter" | "1q" => Calendar::Quarter,
        "year" | "1y" => Calendar::Year,
        // The old `interval` took both.
        length if key == "interval" => return fixed(key, length),
        _ => return Err(options.bad(key, "one of minute, hour, day, week, month, quarter, year")),
    };
    Ok(Step::Calendar(unit))
}
