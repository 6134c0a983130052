//! Counted states as Elasticsearch's JSON.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::state::{Bucket, Key, Numbers, State};
use super::{
    Aggregation, DateHistogram, Histogram, Kind, MAX_BUCKETS, Metric, OrderBy, Range, Terms,
};
use crate::clause::Field;
use crate::error::{Error, Result};
use crate::time;

/// The answer to all aggregations of a request. No states: nothing was found.
pub fn render(plan: &[Aggregation], states: Vec<State>) -> Result<Value> {
    Renderer { shown: 0 }.all(plan, states).map(Value::Object)
}

struct Renderer {
    /// Buckets made so far, of `MAX_BUCKETS`.
    shown: usize,
}

impl Renderer {
    fn all(&mut self, plan: &[Aggregation], states: Vec<State>) -> Result<Map<String, Value>> {
        let mut states = states.into_iter();
        let mut rendered = Map::new();
        for aggregation in plan {
            let state = states.next().unwrap_or_else(|| State::new(&aggregation.kind));
            let mut value = self.one(aggregation, state)?;
            if let Some(meta) = &aggregation.meta {
                value["meta"] = meta.clone();
            }
            rendered.insert(aggregation.name.clone(), value);
        }
        Ok(rendered)
    }

    fn one(&mut self, aggregation: &Aggregation, state: State) -> Result<Value> {
        let below = &aggregation.below;
        let buckets = match state {
            State::Buckets(buckets) => buckets,
            State::Distinct(distinct) => return Ok(json!({"value": distinct.estimate()})),
            State::Values(values) => return Ok(percentiles(&aggregation.kind, values)),
            State::Numbers(numbers) => return Ok(metric(&aggregation.kind, &numbers)),
        };
        match &aggregation.kind {
            Kind::Terms(terms) => self.terms(terms, below, buckets),
            Kind::DateHistogram(histogram) => self.dates(histogram, below, buckets),
            Kind::Histogram(histogram) => self.steps(histogram, below, buckets),
            Kind::Ranges { ranges, keyed, .. } => self.ranges(ranges, *keyed, below, buckets),
            Kind::Filters { named, filters } => self.filters(*named, filters, below, buckets),
            Kind::Filter(_) | Kind::Missing(_) | Kind::Metric { .. } => {
                let mut buckets = buckets;
                self.bucket(Map::new(), buckets.remove(&Key::Place(0)), below).map(Value::Object)
            }
        }
    }

    fn bucket(
        &mut self,
        mut rendered: Map<String, Value>,
        bucket: Option<Bucket>,
        below: &[Aggregation],
    ) -> Result<Map<String, Value>> {
        self.shown += 1;
        if self.shown > MAX_BUCKETS {
            return Err(Error::Query {
                kind: "too_many_buckets_exception",
                clause: "limit.buckets".into(),
                reason: format!(
                    "Trying to create too many buckets. Must be less than or equal to: [{MAX_BUCKETS}]; use a longer interval or a smaller [size]"
                ),
            });
        }
        let bucket = bucket.unwrap_or_default();
        rendered.insert("doc_count".into(), bucket.count.into());
        rendered.extend(self.all(below, bucket.below)?);
        Ok(rendered)
    }

    fn terms(
        &mut self,
        terms: &Terms,
        below: &[Aggregation],
        buckets: HashMap<Key, Bucket>,
    ) -> Result<Value> {
        let mut buckets: Vec<(Key, Bucket)> =
            buckets.into_iter().filter(|(_, bucket)| bucket.count >= terms.least).collect();
        buckets.sort_by(|left, right| compare(terms, below, left, right));
        let others: u64 = buckets.iter().skip(terms.size).map(|(_, bucket)| bucket.count).sum();
        buckets.truncate(terms.size);
        let mut rendered = Vec::with_capacity(buckets.len());
        for (key, bucket) in buckets {
            let mut named = Map::new();
            named.insert("key".into(), key_value(&key));
            match key {
                Key::Bool(truth) => {
                    named.insert("key".into(), u8::from(truth).into());
                    named.insert("key_as_string".into(), truth.to_string().into());
                }
                Key::Integer(time) if terms.field == Field::Timestamp => {
                    let text = time::format_in(time.saturating_mul(1_000_000), &TimeZone::UTC);
                    named.insert("key_as_string".into(), text.into());
                }
                _ => {}
            }
            rendered.push(Value::Object(self.bucket(named, Some(bucket), below)?));
        }
        Ok(json!({
            "doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": rendered,
        }))
    }

    fn dates(
        &mut self,
        histogram: &DateHistogram,
        below: &[Aggregation],
        buckets: HashMap<Key, Bucket>,
    ) -> Result<Value> {
        let starts = buckets.into_iter().filter_map(|(key, bucket)| match key {
            Key::Integer(start) => Some((start, bucket)),
            _ => None,
        });
        let mut buckets: BTreeMap<i64, Bucket> = starts.collect();
        if histogram.least == 0 {
            let bounds =
                histogram.extended.map(|(from, to)| (histogram.interval.bucket(from).0, to));
            let first = buckets.keys().next().copied().into_iter().chain(bounds.map(|b| b.0)).min();
            let last =
                buckets.keys().next_back().copied().into_iter().chain(bounds.map(|b| b.1)).max();
            if let (Some(mut start), Some(last)) = (first, last) {
                while start <= last && buckets.len() <= MAX_BUCKETS {
                    buckets.entry(start).or_default();
                    start = histogram.interval.next(start);
                }
            }
        }
        buckets.retain(|_, bucket| bucket.count >= histogram.least);
        let mut rendered = Vec::with_capacity(buckets.len());
        for (start, bucket) in buckets {
            let milliseconds = start.div_euclid(1_000_000);
            let text = if histogram.epoch {
                milliseconds.to_string()
            } else {
                time::format_in(start, &histogram.interval.zone)
            };
            let named = Map::from_iter([
                ("key_as_string".to_owned(), Value::from(text.as_str())),
                ("key".to_owned(), milliseconds.into()),
            ]);
            let count = bucket.count;
            rendered.push((text, count, Value::Object(self.bucket(named, Some(bucket), below)?)));
        }
        match histogram.order.by {
            OrderBy::Count => rendered.sort_by_key(|(_, count, _)| *count),
            OrderBy::Key | OrderBy::Metric(..) => {}
        }
        if !histogram.order.ascending {
            rendered.reverse();
        }
        let rendered = rendered.into_iter().map(|(key, _, bucket)| (key, bucket)).collect();
        Ok(listed(rendered, histogram.keyed))
    }

    fn steps(
        &mut self,
        histogram: &Histogram,
        below: &[Aggregation],
        buckets: HashMap<Key, Bucket>,
    ) -> Result<Value> {
        let mut buckets: BTreeMap<Key, Bucket> = buckets.into_iter().collect();
        let number = |key: &Key| match key {
            Key::Float(bits) => Key::as_float(*bits),
            _ => 0.0,
        };
        let step = |value: f64| ((value - histogram.offset) / histogram.interval).floor();
        if histogram.least == 0 {
            let held = buckets.keys().next().zip(buckets.keys().next_back());
            let mut bounds = held.map(|(first, last)| (step(number(first)), step(number(last))));
            if let Some((from, to)) = histogram.extended {
                let (first, last) = bounds.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
                bounds = Some((first.min(step(from)), last.max(step(to))));
            }
            if let Some((mut at, last)) = bounds {
                while at <= last && buckets.len() <= MAX_BUCKETS {
                    let start = at * histogram.interval + histogram.offset;
                    buckets.entry(Key::float(start)).or_default();
                    at += 1.0;
                }
            }
        }
        let mut rendered = Vec::new();
        for (key, bucket) in buckets {
            if bucket.count < histogram.least {
                continue;
            }
            let start = number(&key);
            let named = Map::from_iter([("key".to_owned(), Value::from(start))]);
            let bucket = Value::Object(self.bucket(named, Some(bucket), below)?);
            rendered.push((decimal(start), bucket));
        }
        Ok(listed(rendered, histogram.keyed))
    }

    fn ranges(
        &mut self,
        ranges: &[Range],
        keyed: bool,
        below: &[Aggregation],
        mut buckets: HashMap<Key, Bucket>,
    ) -> Result<Value> {
        let mut rendered = Vec::with_capacity(ranges.len());
        for (place, range) in ranges.iter().enumerate() {
            let edge = |edge: Option<f64>| edge.map_or("*".to_owned(), decimal);
            let key = range
                .key
                .clone()
                .unwrap_or_else(|| format!("{}-{}", edge(range.from), edge(range.to)));
            let mut named = Map::from_iter([("key".to_owned(), Value::from(key.as_str()))]);
            named.extend(range.from.map(|from| ("from".to_owned(), from.into())));
            named.extend(range.to.map(|to| ("to".to_owned(), to.into())));
            let bucket = self.bucket(named, buckets.remove(&Key::Place(place)), below)?;
            rendered.push((key, Value::Object(bucket)));
        }
        Ok(listed(rendered, keyed))
    }

    fn filters(
        &mut self,
        named: bool,
        filters: &[(String, crate::clause::Clause)],
        below: &[Aggregation],
        mut buckets: HashMap<Key, Bucket>,
    ) -> Result<Value> {
        let mut rendered = Vec::with_capacity(filters.len());
        for (place, (name, _)) in filters.iter().enumerate() {
            let bucket = self.bucket(Map::new(), buckets.remove(&Key::Place(place)), below)?;
            rendered.push((name.clone(), Value::Object(bucket)));
        }
        Ok(listed(rendered, named))
    }
}

/// Buckets as a list, or as an object by their keys.
fn listed(buckets: Vec<(String, Value)>, keyed: bool) -> Value {
    if keyed {
        return json!({"buckets": Map::from_iter(buckets)});
    }
    json!({"buckets": buckets.into_iter().map(|(_, bucket)| bucket).collect::<Vec<_>>()})
}

/// A bucket's key as JSON.
pub fn key_value(key: &Key) -> Value {
    match key {
        Key::Integer(number) => (*number).into(),
        Key::Float(bits) => Key::as_float(*bits).into(),
        Key::Bool(truth) => (*truth).into(),
        Key::Text(text) => text.as_str().into(),
        Key::Ordinal(..) | Key::Place(_) => Value::Null,
    }
}

/// `1.0`, as Elasticsearch writes numbers into keys.
fn decimal(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.1}") } else { number.to_string() }
}

fn compare(
    terms: &Terms,
    below: &[Aggregation],
    (left_key, left): &(Key, Bucket),
    (right_key, right): &(Key, Bucket),
) -> Ordering {
    for order in &terms.order {
        let ascending = match &order.by {
            OrderBy::Count => left.count.cmp(&right.count),
            OrderBy::Key => left_key.cmp(right_key),
            OrderBy::Metric(name, part) => {
                let value = |bucket: &Bucket| metric_part(below, bucket, name, part.as_deref());
                value(left).total_cmp(&value(right))
            }
        };
        let ordering = if order.ascending { ascending } else { ascending.reverse() };
        if ordering.is_ne() {
            return ordering;
        }
    }
    left_key.cmp(right_key)
}

/// The number that a bucket is ordered by. What has none comes first.
fn metric_part(below: &[Aggregation], bucket: &Bucket, name: &str, part: Option<&str>) -> f64 {
    let place = below.iter().position(|aggregation| aggregation.name == name);
    let Some((aggregation, state)) =
        place.and_then(|place| Some((&below[place], bucket.below.get(place)?)))
    else {
        return f64::NEG_INFINITY;
    };
    let value = match state {
        State::Numbers(numbers) => metric(&aggregation.kind, numbers),
        State::Distinct(distinct) => json!({"value": distinct.estimate()}),
        State::Values(_) | State::Buckets(_) => Value::Null,
    };
    value.get(part.unwrap_or("value")).and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY)
}

fn metric(kind: &Kind, numbers: &Numbers) -> Value {
    let Kind::Metric { metric, field } = kind else { return Value::Null };
    let any = |value: f64| if numbers.count > 0 { Value::from(value) } else { Value::Null };
    let average = any(numbers.sum / numbers.count as f64);
    let value = match metric {
        Metric::Average => average,
        Metric::Minimum => any(numbers.min),
        Metric::Maximum => any(numbers.max),
        Metric::Sum => numbers.sum.into(),
        Metric::Count => numbers.count.into(),
        Metric::Stats => {
            return json!({
                "count": numbers.count, "min": any(numbers.min), "max": any(numbers.max),
                "avg": average, "sum": numbers.sum,
            });
        }
        Metric::Cardinality | Metric::Percentiles(_) => Value::Null,
    };
    let is_time = *field == Field::Timestamp && !matches!(metric, Metric::Count | Metric::Sum);
    match value.as_f64() {
        Some(milliseconds) if is_time => {
            let nanoseconds = (milliseconds as i64).saturating_mul(1_000_000);
            json!({"value": value, "value_as_string": time::format_in(nanoseconds, &TimeZone::UTC)})
        }
        _ => json!({"value": value}),
    }
}

/// Between the two nearest values, in proportion.
fn percentiles(kind: &Kind, mut values: Vec<f64>) -> Value {
    let Kind::Metric { metric: Metric::Percentiles(percents), .. } = kind else {
        return Value::Null;
    };
    values.sort_by(f64::total_cmp);
    let at = |percent: f64| {
        let last = values.len().checked_sub(1)?;
        let place = percent.clamp(0.0, 100.0) / 100.0 * last as f64;
        let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
        Some(low + (high - low) * place.fract())
    };
    let found = percents
        .iter()
        .map(|percent| (decimal(*percent), at(*percent).map_or(Value::Null, Value::from)));
    json!({"values": Map::from_iter(found)})
}
