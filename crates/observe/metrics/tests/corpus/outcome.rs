//! Runs one case and compares what came with what the script expects.

use dais_metrics::promql::{Annotations, Answer, Data, Engine, Limits, parse};
use dais_metrics::{Error, Labels, Sample};
use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, VectorSelector};

use crate::script::{Case, Described, Expect, Message, Point, When};
use crate::world::{World, is_match};

pub enum Outcome {
    Passed,
    Failed(String),
    Skipped,
}

/// Relative, as in Prometheus's own tests.
const TOLERANCE: f64 = 1e-6;

pub fn judge(case: &Case, world: &World) -> Outcome {
    if needs_native(case, world) {
        return Outcome::Skipped;
    }
    let engine = Engine { source: world, limits: Limits::default() };
    let answer = match case.when {
        When::Instant(time) => engine.instant(&case.query, time),
        When::Range { start, end, step } => engine.range(&case.query, start, end, step),
    };
    match compare(case, answer) {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(why),
    }
}

fn needs_native(case: &Case, world: &World) -> bool {
    let has_histogram = |series: &Described| series.values.contains(&Point::Histogram);
    if case.series.iter().any(has_histogram) {
        return true;
    }
    let Ok(expression) = parse(&case.query) else { return false };
    let mut selectors = Vec::new();
    collect(&expression, &mut selectors);
    selectors.iter().any(|selector| {
        let mut matchers = selector.matchers.matchers.clone();
        if let Some(name) = &selector.name {
            matchers.push(Matcher::new(MatchOp::Equal, "__name__", name));
        }
        world.native.iter().any(|labels| is_match(labels, &matchers))
    })
}

fn collect<'a>(expression: &'a Expr, found: &mut Vec<&'a VectorSelector>) {
    match expression {
        Expr::VectorSelector(selector) => found.push(selector),
        Expr::MatrixSelector(selector) => found.push(&selector.vs),
        Expr::Aggregate(aggregate) => {
            collect(&aggregate.expr, found);
            aggregate.param.iter().for_each(|parameter| collect(parameter, found));
        }
        Expr::Unary(unary) => collect(&unary.expr, found),
        Expr::Binary(binary) => {
            collect(&binary.lhs, found);
            collect(&binary.rhs, found);
        }
        Expr::Paren(paren) => collect(&paren.expr, found),
        Expr::Subquery(subquery) => collect(&subquery.expr, found),
        Expr::Call(call) => call.args.args.iter().for_each(|argument| collect(argument, found)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn compare(case: &Case, answer: Result<Answer, Error>) -> Result<(), String> {
    let failure = case.expects.iter().find(|expect| expect.kind == "fail");
    let answer = match (answer, failure) {
        (Ok(answer), None) => answer,
        (Err(error), Some(expect)) => {
            let text = error.to_string();
            let text = text.rsplit("parse error: ").next().unwrap_or_default();
            return holds(expect, text)
                .then_some(())
                .ok_or_else(|| format!("failed with another error: {error}"));
        }
        (Err(error), None) => return Err(format!("failed: {error}")),
        (Ok(answer), Some(_)) => return Err(format!("was to fail, gave {:?}", answer.data)),
    };
    check_annotations(case, &answer.annotations)?;
    match &answer.data {
        Data::Scalar(sample) => match case.scalar {
            Some(expected) if is_close(expected, sample.value) => Ok(()),
            expected => Err(format!("expected {expected:?}, found scalar {}", sample.value)),
        },
        Data::Text(_, text) => (Some(text) == case.text.as_ref())
            .then_some(())
            .ok_or_else(|| format!("expected {:?}, found {text:?}", case.text)),
        Data::Vector(vector) => compare_vector(case, vector),
        Data::Matrix(matrix) => {
            let (start, step) = match (case.range_vector, case.when) {
                (Some(grid), _) => grid,
                (None, When::Range { start, step, .. }) => (start, step),
                (None, When::Instant(time)) => (time, 1),
            };
            compare_matrix(
                case,
                matrix.iter().map(|series| (&series.labels, series.samples.as_slice())).collect(),
                start,
                step,
            )
        }
    }
}

fn check_annotations(case: &Case, found: &Annotations) -> Result<(), String> {
    for expect in &case.expects {
        let (texts, wanted) = match expect.kind.as_str() {
            "warn" => (&found.warnings, true),
            "no_warn" => (&found.warnings, false),
            "info" => (&found.infos, true),
            "no_info" => (&found.infos, false),
            _ => continue,
        };
        let is_there = texts.iter().any(|text| holds(expect, text));
        if is_there != wanted {
            return Err(format!("expected {} {:?}, found {found:?}", expect.kind, expect.message));
        }
    }
    Ok(())
}

fn holds(expect: &Expect, text: &str) -> bool {
    match &expect.message {
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
    let is_ordered = case.expects.iter().any(|expect| expect.kind == "ordered");
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

fn compare_matrix(
    case: &Case,
    found: Vec<(&Labels, &[Sample])>,
    start: i64,
    step: i64,
) -> Result<(), String> {
    let describe = || format!("found {found:?}");
    // A scalar over time is written as a series without labels, or as numbers alone.
    if let (Some(scalar), [(_, samples)]) = (case.scalar, found.as_slice()) {
        return samples
            .iter()
            .all(|sample| is_close(scalar, sample.value))
            .then_some(())
            .ok_or_else(describe);
    }
    if found.len() != case.series.len() {
        return Err(format!("expected {} series, {}", case.series.len(), describe()));
    }
    for expected in &case.series {
        let Some((_, samples)) = found.iter().find(|(labels, _)| **labels == expected.labels)
        else {
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
        let equal = wanted.len() == samples.len()
            && wanted.iter().zip(*samples).all(|((time, value), sample)| {
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
