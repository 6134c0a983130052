//! The same case with every selector pinned to its time by `@`: the result does not
//! depend on when it is asked for.

use std::time::{Duration, UNIX_EPOCH};

use dais_metrics::promql::{Engine, parse};
use promql_parser::parser::{AtModifier, Expr};

use crate::outcome::compare_data;
use crate::script::Case;

/// Functions of the time of evaluation, whatever their arguments are.
const OF_TIME: [&str; 13] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "time",
    "timestamp",
    "step",
    "range",
];

/// Asks for a case's result, which is known to be right at its own `time`.
pub fn check(case: &Case, engine: &Engine<'_>, time: i64) -> Result<(), String> {
    let Ok(mut expression) = parse(&case.query) else { return Ok(()) };
    let at = AtModifier::At(UNIX_EPOCH + Duration::from_millis(u64::try_from(time).unwrap_or(0)));
    if !pin(&mut expression, &at) {
        return Ok(());
    }
    let query = expression.to_string();
    // The parser's own writing is not always what it reads.
    if parse(&query).ok() != Some(expression) {
        return Ok(());
    }
    for asked in [-10 * time, 0, time / 5, time, 10 * time] {
        let answer = engine.instant(&query, asked).map_err(|error| error.to_string());
        answer
            .and_then(|answer| compare_data(case, &answer.data))
            .map_err(|why| format!("as {query}, asked at {asked}: {why}"))?;
    }
    Ok(())
}

/// `false` when the result depends on the time all the same.
fn pin(expression: &mut Expr, at: &AtModifier) -> bool {
    match expression {
        Expr::VectorSelector(selector) => {
            selector.at.get_or_insert_with(|| at.clone());
            true
        }
        Expr::MatrixSelector(selector) => {
            selector.vs.at.get_or_insert_with(|| at.clone());
            true
        }
        // Its selectors are at its steps.
        Expr::Subquery(subquery) => {
            subquery.at.get_or_insert_with(|| at.clone());
            true
        }
        Expr::Aggregate(aggregate) => {
            pin(&mut aggregate.expr, at)
                && aggregate.param.as_mut().is_none_or(|parameter| pin(parameter, at))
        }
        Expr::Unary(unary) => pin(&mut unary.expr, at),
        Expr::Binary(binary) => pin(&mut binary.lhs, at) && pin(&mut binary.rhs, at),
        Expr::Paren(paren) => pin(&mut paren.expr, at),
        Expr::Call(call) => {
            !OF_TIME.contains(&call.func.name)
                && call.args.args.iter_mut().all(|argument| pin(argument, at))
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => true,
        Expr::Extension(_) => false,
    }
}
