//! Quantiles and fractions of classic histograms: series with a label `le` that count
//! what is at most so large.

use std::collections::HashMap;

use promql_parser::parser::Expr;

use super::evaluate::Evaluator;
use super::numbers;
use super::row::{Gathered, Row};
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::is_marker;

const BOUND: &str = "le";
/// Differences below this share of the sum come from adding rates up, not from the data.
const SMALL_DELTA: f64 = 1e-12;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    upper: f64,
    count: f64,
}

/// The rows of one histogram.
struct Histogram {
    labels: Labels,
    buckets: Vec<(f64, Row)>,
}

impl Evaluator<'_> {
    /// `histogram_quantile(q, buckets)`.
    pub fn histogram_quantile(&self, quantile: &Expr, vector: &Expr) -> Result<Vec<Row>> {
        let quantiles = self.scalar(quantile)?;
        for q in &quantiles {
            self.check_quantile(*q, quantile);
        }
        self.per_histogram(vector, |histogram, step, buckets| {
            self.quantile_of(quantiles[step], histogram, buckets, vector)
        })
    }

    /// `histogram_quantiles(buckets, label, q, …)`: one series per quantile.
    pub fn histogram_quantiles(&self, arguments: &[Box<Expr>]) -> Result<Vec<Row>> {
        let [vector, label, quantiles @ ..] = arguments else {
            return Err(Error::Execution(
                "histogram_quantiles takes at least three arguments".into(),
            ));
        };
        let label = self.text(label)?;
        self.check_label_name(&label, "histogram_quantiles")?;
        let mut rows = Vec::new();
        for quantile in quantiles {
            let values = self.scalar(quantile)?;
            self.check_quantile(values[0], quantile);
            let found = self.per_histogram(vector, |histogram, step, buckets| {
                self.quantile_of(values[step], histogram, buckets, vector)
            })?;
            let name = numbers::format_open_metrics(values[0]);
            rows.extend(
                found.into_iter().map(|row| Row { labels: row.labels.with(&label, &name), ..row }),
            );
        }
        Ok(rows)
    }

    /// `histogram_fraction(lower, upper, buckets)`.
    pub fn histogram_fraction(
        &self,
        lower: &Expr,
        upper: &Expr,
        vector: &Expr,
    ) -> Result<Vec<Row>> {
        let (lower, upper) = (self.scalar(lower)?, self.scalar(upper)?);
        self.per_histogram(vector, |_, step, buckets| fraction(lower[step], upper[step], buckets))
    }

    pub fn check_quantile(&self, q: f64, at: &Expr) {
        if q.is_nan() || !(0.0..=1.0).contains(&q) {
            self.remarks.warn(
                &format!("quantile value should be between 0 and 1, got {}", numbers::short(q)),
                at,
            );
        }
    }

    fn quantile_of(&self, q: f64, histogram: &Labels, buckets: Vec<Bucket>, at: &Expr) -> f64 {
        let (value, was_fixed) = bucket_quantile(q, buckets);
        if was_fixed {
            self.remarks.inform(
                &format!("input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}", named(histogram)),
                at,
            );
        }
        value
    }

    /// Applies a function to each histogram's buckets at each step.
    fn per_histogram(
        &self,
        vector: &Expr,
        of: impl Fn(&Labels, usize, Vec<Bucket>) -> f64,
    ) -> Result<Vec<Row>> {
        self.of_histograms(self.rows(vector)?, vector, of)
    }

    fn of_histograms(
        &self,
        rows: Vec<Row>,
        vector: &Expr,
        of: impl Fn(&Labels, usize, Vec<Bucket>) -> f64,
    ) -> Result<Vec<Row>> {
        let mut gathered = Gathered::within(&self.budget, self.grid.len());
        for histogram in self.histograms(rows, vector) {
            let at = gathered.row(histogram.labels.clone(), true)?;
            for step in 0..self.grid.len() {
                let present =
                    histogram.buckets.iter().filter(|(_, row)| !is_marker(row.values[step]));
                let buckets: Vec<Bucket> = present
                    .map(|(upper, row)| Bucket { upper: *upper, count: row.values[step] })
                    .collect();
                if buckets.is_empty() {
                    continue;
                }
                if !gathered.set(at, step, of(&histogram.labels, step, buckets)) {
                    return Err(Error::Execution(
                        "vector cannot contain metrics with the same labelset".into(),
                    ));
                }
            }
        }
        Ok(gathered.into_rows())
    }

    fn histograms(&self, rows: Vec<Row>, at: &Expr) -> Vec<Histogram> {
        let mut by_labels: HashMap<Labels, usize> = HashMap::new();
        let mut histograms: Vec<Histogram> = Vec::new();
        for row in rows {
            let Some(upper) = parse_bound(row.labels.get(BOUND)) else {
                self.remarks.warn(
                    &format!(
                        "bucket label \"le\" is missing or has a malformed value of {:?}{}",
                        row.labels.get(BOUND),
                        named(&row.labels)
                    ),
                    at,
                );
                continue;
            };
            let labels = row.labels.filtered(|name| name != BOUND);
            let index = *by_labels.entry(labels.clone()).or_insert_with(|| {
                histograms.push(Histogram { labels, buckets: vec![] });
                histograms.len() - 1
            });
            histograms[index].buckets.push((upper, row));
        }
        histograms
    }
}

/// Which metric a remark is about, unless it has no name.
fn named(labels: &Labels) -> String {
    match labels.get(NAME) {
        "" => String::new(),
        name => format!(" for metric name {name:?}"),
    }
}

/// Go's notation: `+Inf`, `.2`, `1e0`.
fn parse_bound(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Sorted by bound, equal bounds added up.
fn coalesced(mut buckets: Vec<Bucket>) -> Vec<Bucket> {
    buckets.sort_by(|left, right| left.upper.total_cmp(&right.upper));
    let mut result: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        match result.last_mut() {
            Some(last) if last.upper == bucket.upper => last.count += bucket.count,
            _ => result.push(bucket),
        }
    }
    result
}

/// Counts never fall with a larger bound; says whether they did by more than rounding.
fn make_monotonic(buckets: &mut [Bucket]) -> bool {
    let mut was_fixed = false;
    for index in 1..buckets.len() {
        let before = buckets[index - 1].count;
        let current = buckets[index].count;
        if before == current {
            continue;
        }
        let sum = before.abs() + current.abs();
        let is_small = (before - current).abs() < SMALL_DELTA * sum;
        if is_small || current < before {
            was_fixed |= !is_small;
            buckets[index].count = before;
        }
    }
    was_fixed
}

/// The quantile, interpolated within its bucket, and whether counts had to be mended.
fn bucket_quantile(q: f64, buckets: Vec<Bucket>) -> (f64, bool) {
    if q.is_nan() {
        return (f64::NAN, false);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, false);
    }
    if q > 1.0 {
        return (f64::INFINITY, false);
    }
    let mut buckets = coalesced(buckets);
    if buckets.last().is_none_or(|last| last.upper != f64::INFINITY) {
        return (f64::NAN, false);
    }
    let was_fixed = make_monotonic(&mut buckets);
    let observations = buckets[buckets.len() - 1].count;
    if buckets.len() < 2 || observations == 0.0 {
        return (f64::NAN, was_fixed);
    }
    let rank = q * observations;
    let last = buckets.len() - 1;
    let index = buckets[..last].partition_point(|bucket| bucket.count < rank);
    if index == last {
        return (buckets[last - 1].upper, was_fixed);
    }
    let upper = buckets[index].upper;
    if index == 0 && upper <= 0.0 {
        return (upper, was_fixed);
    }
    let (start, before) =
        if index == 0 { (0.0, 0.0) } else { (buckets[index - 1].upper, buckets[index - 1].count) };
    let share = (rank - before) / (buckets[index].count - before);
    (start + (upper - start) * share, was_fixed)
}

/// The share of observations between two bounds.
fn fraction(lower: f64, upper: f64, buckets: Vec<Bucket>) -> f64 {
    let buckets = coalesced(buckets);
    if buckets.last().is_none_or(|last| last.upper != f64::INFINITY) {
        return f64::NAN;
    }
    let count = buckets[buckets.len() - 1].count;
    if count == 0.0 || count.is_nan() || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, &buckets).min(count) - rank_of(lower, &buckets).min(count)) / count
}

/// How many observations are below a value, interpolated within its bucket.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    let mut before = 0.0;
    let mut start = if buckets[0].upper > 0.0 { 0.0 } else { f64::NEG_INFINITY };
    for bucket in buckets {
        if start >= value {
            return before;
        }
        if bucket.upper > value {
            if start.is_infinite() {
                return bucket.count;
            }
            if bucket.upper.is_infinite() {
                return before;
            }
            return before + (bucket.count - before) * (value - start) / (bucket.upper - start);
        }
        before = bucket.count;
        start = bucket.upper;
    }
    before
}
