//! `aggs` of a search body, understood. What is not understood is refused by name
//! and place (`aggs.per_app.most`).

mod dates;

use regex::Regex;
use serde_json::Value;

use super::{Aggregation, Choice, Histogram, Kind, Metric, Order, OrderBy, Range, Terms};
use crate::clause::{Field, parse as clause};
use crate::error::{Error, Result};
use crate::options::Options;

/// Deeper nesting multiplies buckets beyond use.
const MAX_DEPTH: usize = 8;
/// More buckets of one level than `search.max_buckets` are never shown.
const MAX_SIZE: u64 = super::MAX_BUCKETS as u64;

const KINDS: &str = "avg, cardinality, date_histogram, filter, filters, histogram, max, min, missing, percentiles, range, stats, sum, terms, value_count";

/// Understands the aggregations; `now` anchors date math in their filters.
pub fn parse(body: &Value, now: i64) -> Result<Vec<Aggregation>> {
    Parser { now }.all(body, "aggs", 0)
}

struct Parser {
    now: i64,
}

impl Parser {
    fn all(&self, body: &Value, at: &str, depth: usize) -> Result<Vec<Aggregation>> {
        if depth > MAX_DEPTH {
            return Err(Error::illegal(at, format!("nested deeper than {MAX_DEPTH} aggregations")));
        }
        let named = body
            .as_object()
            .ok_or_else(|| Error::parsing(at, format!("expected an object, found {body}")))?;
        named.iter().map(|(name, body)| self.one(name, body, at, depth)).collect()
    }

    fn one(&self, name: &str, body: &Value, at: &str, depth: usize) -> Result<Aggregation> {
        let at = format!("{at}.{name}");
        let parts = body.as_object().ok_or_else(|| Error::parsing(&at, "expected an object"))?;
        let (mut kind, mut below, mut meta) = (None, Vec::new(), None);
        for (key, options) in parts {
            match key.as_str() {
                "aggs" | "aggregations" => below = self.all(options, &at, depth + 1)?,
                "meta" => meta = Some(options.clone()),
                other if kind.is_none() => kind = Some(self.kind(other, options, &at)?),
                second => {
                    return Err(Error::parsing(
                        &at,
                        format!("found two aggregation types in one, the second is [{second}]"),
                    ));
                }
            }
        }
        let kind = kind.ok_or_else(|| Error::parsing(&at, "missing an aggregation type"))?;
        if matches!(kind, Kind::Metric { .. }) && !below.is_empty() {
            return Err(Error::parsing(&at, "a metric cannot have aggregations below it"));
        }
        if let Kind::Terms(terms) = &kind {
            check_order(&terms.order, &below, &at)?;
        }
        Ok(Aggregation { name: name.to_owned(), kind, below, meta })
    }

    fn kind(&self, name: &str, options: &Value, at: &str) -> Result<Kind> {
        let metric = |metric: Metric| metric_of(metric, options, at);
        match name {
            "avg" => metric(Metric::Average),
            "min" => metric(Metric::Minimum),
            "max" => metric(Metric::Maximum),
            "sum" => metric(Metric::Sum),
            "stats" => metric(Metric::Stats),
            "value_count" => metric(Metric::Count),
            "cardinality" => metric(Metric::Cardinality),
            "percentiles" => {
                let percents = match options.get("percents") {
                    None => vec![1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0],
                    Some(list) => serde_json::from_value(list.clone())
                        .map_err(|error| Error::parsing(at, format!("[percents]: {error}")))?,
                };
                metric(Metric::Percentiles(percents))
            }
            "terms" => terms(options, at),
            "date_histogram" => self.date_histogram(options, at),
            "histogram" => histogram(options, at),
            "range" => ranges(options, at),
            "missing" => {
                let options = Options::of(options, at)?.only(&["field"])?;
                Ok(Kind::Missing(any_field(&options, at)?))
            }
            "filter" => Ok(Kind::Filter(clause::query(options, self.now)?)),
            "filters" => self.filters(options, at),
            unknown => Err(Error::parsing(
                at,
                format!("Unknown aggregation type [{unknown}]; known are {KINDS}"),
            )),
        }
    }

    fn filters(&self, options: &Value, at: &str) -> Result<Kind> {
        let options = Options::of(options, at)?.only(&["filters"])?;
        let clause = |filter: &Value| clause::query(filter, self.now);
        match options.required("filters")? {
            Value::Object(named) => {
                let filters =
                    named.iter().map(|(name, filter)| Ok((name.clone(), clause(filter)?)));
                Ok(Kind::Filters { named: true, filters: filters.collect::<Result<_>>()? })
            }
            Value::Array(list) => {
                let filters = list.iter().map(|filter| Ok((String::new(), clause(filter)?)));
                Ok(Kind::Filters { named: false, filters: filters.collect::<Result<_>>()? })
            }
            _ => Err(options.bad("filters", "an object or a list of queries")),
        }
    }
}

fn metric_of(metric: Metric, options: &Value, at: &str) -> Result<Kind> {
    let options = Options::of(options, at)?.only(&[
        "field",
        "format",
        "precision_threshold",
        "percents",
        "keyed",
        "tdigest",
        "hdr",
    ])?;
    let field = any_field(&options, at)?;
    let counts = matches!(metric, Metric::Count | Metric::Cardinality);
    if !counts && matches!(field, Field::Keyword(_) | Field::Id | Field::Index) {
        return Err(Error::illegal(
            at,
            format!("Field [{}] of type [keyword] has no numbers to add up", field.name()),
        ));
    }
    Ok(Kind::Metric { metric, field })
}

/// Any field that has a column.
fn any_field(options: &Options<'_>, at: &str) -> Result<Field> {
    let name = options.required("field")?.as_str().ok_or_else(|| options.bad("field", "text"))?;
    match Field::named(name) {
        Field::Message => Err(Error::illegal(
            at,
            "Text fields are not optimised for aggregations: [message]; aggregate a keyword field",
        )),
        field => Ok(field),
    }
}

fn terms(options: &Value, at: &str) -> Result<Kind> {
    let options = Options::of(options, at)?.only(&[
        "field",
        "size",
        "order",
        "min_doc_count",
        "include",
        "exclude",
        "missing",
        "shard_size",
        "execution_hint",
        "collect_mode",
        "show_term_doc_count_error",
        "shard_min_doc_count",
        "format",
    ])?;
    let least = options.count("min_doc_count")?.unwrap_or(1);
    if least == 0 {
        // It would list values that no line of the answer holds.
        return Err(Error::illegal(at, "[min_doc_count] of [terms] must be at least 1"));
    }
    let size = options.count("size")?.unwrap_or(10);
    if size == 0 || size > MAX_SIZE {
        return Err(options.bad("size", &format!("from 1 to {MAX_SIZE}")));
    }
    let mut order = order_list(options.get("order"), at)?;
    if order.is_empty() {
        order.push(Order { by: OrderBy::Count, ascending: false });
    }
    Ok(Kind::Terms(Terms {
        field: any_field(&options, at)?,
        size: usize::try_from(size).unwrap_or(usize::MAX),
        order,
        least,
        include: choice(&options, "include")?,
        exclude: choice(&options, "exclude")?,
        missing: options.get("missing").cloned(),
    }))
}

fn choice(options: &Options<'_>, key: &str) -> Result<Option<Choice>> {
    match options.get(key) {
        None => Ok(None),
        Some(Value::String(pattern)) => Regex::new(&format!("^(?:{pattern})$"))
            .map(|pattern| Some(Choice::Pattern(pattern)))
            .map_err(|_| options.bad(key, "a regular expression or a list of values")),
        Some(Value::Array(values)) => {
            Ok(Some(Choice::Exact(values.iter().map(crate::entry::word).collect())))
        }
        Some(_) => Err(options.bad(key, "a regular expression or a list of values")),
    }
}

fn order_list(value: Option<&Value>, at: &str) -> Result<Vec<Order>> {
    let members = match value {
        None => return Ok(vec![]),
        Some(Value::Array(members)) => members.iter().collect(),
        Some(single) => vec![single],
    };
    let mut orders = Vec::new();
    for member in members {
        let member =
            member.as_object().ok_or_else(|| Error::parsing(at, "[order] must be an object"))?;
        for (name, direction) in member {
            let ascending = match direction.as_str().map(str::to_ascii_lowercase).as_deref() {
                Some("asc") => true,
                Some("desc") => false,
                _ => {
                    return Err(Error::parsing(
                        at,
                        format!("[order] of [{name}] is neither asc nor desc"),
                    ));
                }
            };
            let by = match name.as_str() {
                "_count" => OrderBy::Count,
                "_key" | "_term" => OrderBy::Key,
                path => match path.split_once('.') {
                    Some((name, value)) => OrderBy::Metric(name.into(), Some(value.into())),
                    None => OrderBy::Metric(path.into(), None),
                },
            };
            orders.push(Order { by, ascending });
        }
    }
    Ok(orders)
}

fn check_order(orders: &[Order], below: &[Aggregation], at: &str) -> Result<()> {
    let unknown = orders.iter().find_map(|order| match &order.by {
        OrderBy::Metric(name, _) => {
            let is_there = below
                .iter()
                .any(|below| below.name == *name && matches!(below.kind, Kind::Metric { .. }));
            (!is_there).then_some(name)
        }
        _ => None,
    });
    match unknown {
        None => Ok(()),
        Some(name) => Err(Error::illegal(
            at,
            format!("Invalid aggregation order path [{name}]: no metric of that name is below it"),
        )),
    }
}

fn histogram(options: &Value, at: &str) -> Result<Kind> {
    let options = Options::of(options, at)?.only(&[
        "field",
        "interval",
        "offset",
        "min_doc_count",
        "extended_bounds",
        "keyed",
    ])?;
    let interval = options.number("interval")?.filter(|interval| *interval > 0.0);
    let extended = match options.get("extended_bounds") {
        None => None,
        Some(bounds) => {
            let bounds = Options::of(bounds, at)?.only(&["min", "max"])?;
            bounds.number("min")?.zip(bounds.number("max")?)
        }
    };
    Ok(Kind::Histogram(Histogram {
        field: any_field(&options, at)?,
        interval: interval.ok_or_else(|| options.bad("interval", "a number above 0"))?,
        offset: options.number("offset")?.unwrap_or(0.0),
        least: options.count("min_doc_count")?.unwrap_or(0),
        extended,
        keyed: options.flag("keyed")?.unwrap_or(false),
    }))
}

fn ranges(options: &Value, at: &str) -> Result<Kind> {
    let options = Options::of(options, at)?.only(&["field", "ranges", "keyed"])?;
    let list = options.required("ranges")?;
    let list = list.as_array().ok_or_else(|| options.bad("ranges", "a list"))?;
    let range = |range: &Value| {
        let range = Options::of(range, at)?.only(&["from", "to", "key"])?;
        Ok(Range {
            key: range.text("key")?.map(str::to_owned),
            from: range.number("from")?,
            to: range.number("to")?,
        })
    };
    Ok(Kind::Ranges {
        field: any_field(&options, at)?,
        ranges: list.iter().map(range).collect::<Result<_>>()?,
        keyed: options.flag("keyed")?.unwrap_or(false),
    })
}
