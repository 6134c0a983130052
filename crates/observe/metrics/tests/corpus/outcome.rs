//! Runs one case and compares what came with what the script expects.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dais_metrics::promql::{Annotations, Answer, Data, Engine, Limits};
use dais_metrics::{Error, Labels, Sample, Series};

use crate::notation::Point;
use crate::pinned;
use crate::script::{Case, Kind, Message, When};
use crate::world::World;

pub enum Outcome {
    Passed,
    Failed(String),
    Skipped,
}

/// Relative, as in Prometheus's own tests.
const TOLERANCE: f64 = 1e-6;
const MINUTE: i64 = 60_000;
/// Operators that trim native histograms; they have no meaning for numbers.
const NATIVE_OPERATORS: [&str; 2] = ["</", ">/"];
/// What these yield hangs on the whole query's span.
const OF_THE_QUERY: [&str; 4] = ["start()", "end()", "range()", "step()"];

/// A case is skipped when what it reads holds samples that our store does not.
pub fn judge(case: &Case, world: &World) -> Outcome {
    if NATIVE_OPERATORS.iter().any(|operator| case.query.contains(operator)) {
        return Outcome::Skipped;
    }
    let verdict = catch_unwind(AssertUnwindSafe(|| run(case, world)));
    let verdict = verdict.unwrap_or_else(|_| Err("the engine panicked".into()));
    match verdict {
        _ if world.take_met_foreign() => Outcome::Skipped,
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(why),
    }
}

fn run(case: &Case, world: &World) -> Result<(), String> {
    let engine = Engine { source: world, limits: Limits::default() };
    match case.when {
        When::Range { start, end, step } => {
            compare(case, engine.range(&case.query, start, end, step))
        }
        When::Instant(time) => {
            let answer = engine.instant(&case.query, time);
            let is_comparable =
                matches!(&answer, Ok(Answer { data: Data::Vector(_) | Data::Scalar(_), .. }));
            let is_scalar = matches!(&answer, Ok(Answer { data: Data::Scalar(_), .. }));
            compare(case, answer)?;
            let is_same_over_time = is_comparable
                && !case.expects(Kind::Ordered)
                && !OF_THE_QUERY.iter().any(|function| case.query.contains(function));
            if !is_same_over_time {
                return Ok(());
            }
            let over_time = engine.range(&case.query, time - MINUTE, time + MINUTE, MINUTE);
            let data = middle(over_time, time, is_scalar);
            data.and_then(|data| compare_data(case, &data))
                .map_err(|why| format!("in the middle of a range: {why}"))?;
            pinned::check(case, &engine, time)
        }
    }
}

/// What a range query has at one of its steps.
fn middle(answer: Result<Answer, Error>, time: i64, is_scalar: bool) -> Result<Data, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    let Data::Matrix(matrix) = answer.data else { return Err("no matrix".into()) };
    let at_time = |series: Series| {
        let sample = series.samples.into_iter().find(|sample| sample.time == time)?;
        Some((series.labels, sample))
    };
    let vector: Vec<(Labels, Sample)> = matrix.into_iter().filter_map(at_time).collect();
    match vector.as_slice() {
        [(_, sample)] if is_scalar => Ok(Data::Scalar(*sample)),
        _ => Ok(Data::Vector(vector)),
    }
}

fn compare(case: &Case, answer: Result<Answer, Error>) -> Result<(), String> {
    let failure = case.expects.iter().find(|expect| expect.kind == Kind::Fail);
    let answer = match (answer, failure) {
        (Ok(answer), None) => answer,
        (Err(error), Some(expect)) => {
            let text = error.to_string();
            let text = text.rsplit("parse error: ").next().unwrap_or_default();
            return holds(expect.message.as_ref(), text)
                .then_some(())
                .ok_or_else(|| format!("failed with another error: {error}"));
        }
        (Err(error), None) => return Err(format!("failed: {error}")),
        (Ok(answer), Some(_)) => return Err(format!("was to fail, gave {:?}", answer.data)),
    };
    check_annotations(case, &answer.annotations)?;
    compare_data(case, &answer.data)
}

pub fn compare_data(case: &Case, data: &Data) -> Result<(), String> {
    match data {
        Data::Scalar(sample) => match case.scalar {
            Some(expected) if is_close(expected, sample.value) => Ok(()),
            expected => Err(format!("expected {expected:?}, found scalar {}", sample.value)),
        },
        Data::Text(_, text) => (Some(text) == case.text.as_ref())
            .then_some(())
            .ok_or_else(|| format!("expected {:?}, found {text:?}", case.text)),
        _ if case.scalar.is_some() => {
            Err(format!("expected scalar {:?}, found {data:?}", case.scalar))
        }
        Data::Vector(vector) => compare_vector(case, vector),
        Data::Matrix(matrix) => {
            let (start, step) = match (case.range_vector, case.when) {
                (Some(grid), _) => grid,
                (None, When::Range { start, step, .. }) => (start, step),
                (None, When::Instant(time)) => (time, 1),
            };
            compare_matrix(case, matrix, start, step)
        }
    }
}

/// Every expectation is met and, once a kind is expected at all, nothing else of it is there.
fn check_annotations(case: &Case, found: &Annotations) -> Result<(), String> {
    let kinds =
        [(&found.warnings, Kind::Warn, Kind::NoWarn), (&found.infos, Kind::Info, Kind::NoInfo)];
    for (texts, wanted, unwanted) in kinds {
        let of_kind = || case.expects.iter().filter(|expect| expect.kind == wanted);
        let is_met =
            of_kind().all(|expect| texts.iter().any(|text| holds(expect.message.as_ref(), text)));
        let is_foreseen = |text: &String| {
            of_kind().next().is_none()
                || of_kind().any(|expect| holds(expect.message.as_ref(), text))
        };
        let is_free = !case.expects(unwanted) || texts.is_empty();
        if !is_met || !is_free || !texts.iter().all(is_foreseen) {
            return Err(format!("expected {:?}, found {found:?}", case.expects));
        }
    }
    Ok(())
}

fn holds(message: Option<&Message>, text: &str) -> bool {
    match message {
        None => true,
        Some(Message::Exact(exact)) => exact == text,
        Some(Message::Regex(regex)) => regex::Regex::new(regex).unwrap().is_match(text),
    }
}

fn compare_vector(case: &Case, found: &[(Labels, Sample)]) -> Result<(), String> {
    let describe = || format!("found {found:?}");
    if found.len() != case.series.len() {
        return Err(format!("expected {} series, {}", case.series.len(), describe()));
    }
    let is_ordered = case.expects(Kind::Ordered);
    for (index, expected) in case.series.iter().enumerate() {
        let position = found.iter().position(|(labels, _)| *labels == expected.labels);
        let Some(position) = position else {
            return Err(format!("{} is missing, {}", expected.labels, describe()));
        };
        if is_ordered && position != index {
            return Err(format!(
                "{} is at {position}, not {index}, {}",
                expected.labels,
                describe()
            ));
        }
        match expected.values.first() {
            Some(Point::Value(value)) if is_close(*value, found[position].1.value) => {}
            value => {
                return Err(format!("{} was to be {value:?}, {}", expected.labels, describe()));
            }
        }
    }
    Ok(())
}

fn compare_matrix(case: &Case, found: &[Series], start: i64, step: i64) -> Result<(), String> {
    let describe = || format!("found {found:?}");
    if !found.is_sorted_by(|left, right| left.labels < right.labels) {
        return Err(format!("series are out of order, {}", describe()));
    }
    if found.len() != case.series.len() {
        return Err(format!("expected {} series, {}", case.series.len(), describe()));
    }
    for expected in &case.series {
        let Some(series) = found.iter().find(|series| series.labels == expected.labels) else {
            return Err(format!("{} is missing, {}", expected.labels, describe()));
        };
        let wanted: Vec<(i64, f64)> = expected
            .values
            .iter()
            .enumerate()
            .filter_map(|(index, point)| match point {
                Point::Value(value) => Some((start + index as i64 * step, *value)),
                _ => None,
            })
            .collect();
        let equal = wanted.len() == series.samples.len()
            && wanted.iter().zip(&series.samples).all(|((time, value), sample)| {
                *time == sample.time && is_close(*value, sample.value)
            });
        if !equal {
            return Err(format!("{} was to be {wanted:?}, {}", expected.labels, describe()));
        }
    }
    Ok(())
}

fn is_close(expected: f64, found: f64) -> bool {
    if expected.is_nan() || found.is_nan() {
        return expected.is_nan() && found.is_nan();
    }
    if expected == found {
        return true;
    }
    let difference = (expected - found).abs();
    let size = expected.abs() + found.abs();
    if expected == 0.0 || found == 0.0 || size < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / size.min(f64::MAX) < TOLERANCE
}
