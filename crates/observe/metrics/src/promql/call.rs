//! Function calls: which function, and the simple ones themselves.

use promql_parser::label::MatchOp;
use promql_parser::parser::{Call, Expr};

use super::dialect::Extent;
use super::engine::unwrapped;
use super::evaluate::{Evaluator, Window};
use super::numbers::quantile;
use super::rate::{self, Extrapolation};
use super::row::{Row, Value};
use super::select::matchers;
use super::{dates, extended, over_time};
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::{ABSENT, is_marker};

/// Names by which counters are known.
const COUNTER_SUFFIXES: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

impl Evaluator<'_> {
    pub fn call(&self, call: &Call) -> Result<Value> {
        let name = call.func.name;
        let arguments: Vec<&Expr> = call.args.args.iter().map(|argument| &**argument).collect();
        let extent = extended::extent_of(call)?;
        if let Some(value) = self.scalar_call(name, &arguments)? {
            return Ok(value);
        }
        let rows = if let Some(function) = over_time::named(name) {
            self.over_windows(arguments[0], over_time::keeps_name(name), function)
        } else if let Some(function) = dates::named(name).or_else(|| of_a_number(name)) {
            self.mapped(arguments.first(), function)
        } else if let Some(rows) = self.range_call(name, &arguments, extent)? {
            Ok(rows)
        } else {
            self.vector_call(name, call, &arguments)
        };
        rows.map(Value::Vector)
    }

    /// Without an argument of the step's own time.
    fn mapped(&self, argument: Option<&&Expr>, function: fn(f64) -> f64) -> Result<Vec<Row>> {
        let rows = match argument {
            Some(argument) => self.rows(argument)?,
            None => vec![Row { values: self.times(), ..Row::absent(Labels::empty(), 0) }],
        };
        Ok(rows.into_iter().map(|row| row.map(function)).collect())
    }

    fn times(&self) -> Vec<f64> {
        self.grid.times().map(|time| time as f64 / 1000.0).collect()
    }

    /// Functions that yield a scalar.
    fn scalar_call(&self, name: &str, arguments: &[&Expr]) -> Result<Option<Value>> {
        let constant = |value: f64| vec![value; self.grid.len()];
        let seconds = |milliseconds: i64| milliseconds as f64 / 1000.0;
        let values = match name {
            "time" => self.times(),
            "pi" => constant(std::f64::consts::PI),
            "start" => constant(seconds(self.query.start)),
            "end" => constant(seconds(self.query.end)),
            "range" => constant(seconds(self.query.end - self.query.start)),
            "step" => constant(seconds(self.query.width())),
            "min_of" | "max_of" => {
                let (left, right) = (self.scalar(arguments[0])?, self.scalar(arguments[1])?);
                let pick = |left: f64, right: f64| match (left.is_nan() || right.is_nan(), name) {
                    (true, _) => f64::NAN,
                    (false, "min_of") => left.min(right),
                    (false, _) => left.max(right),
                };
                left.into_iter().zip(right).map(|(left, right)| pick(left, right)).collect()
            }
            "scalar" => {
                let rows = self.evaluate(arguments[0])?.rows()?;
                let only = |step: usize| {
                    let mut present =
                        rows.iter().map(|row| row.values[step]).filter(|value| !is_marker(*value));
                    match (present.next(), present.next()) {
                        (Some(value), None) => value,
                        _ => f64::NAN,
                    }
                };
                (0..self.grid.len()).map(only).collect()
            }
            _ => return Ok(None),
        };
        Ok(Some(Value::Scalar(values)))
    }

    /// Functions of a range with a rule of their own.
    fn range_call(
        &self,
        name: &str,
        arguments: &[&Expr],
        extent: Extent,
    ) -> Result<Option<Vec<Row>>> {
        let counted = |function: fn(&Window<'_>) -> Option<f64>| {
            self.over_windows(arguments[0], false, move |window| match extent {
                Extent::Plain => function(window),
                _ => function(&extended::anchored(window)?),
            })
        };
        let rows = match name {
            "rate" | "increase" => self.counters_changed(name, arguments[0], extent)?,
            "delta" => {
                let how = Extrapolation { is_counter: false, per_second: false };
                self.changed(arguments[0], how, extent)?
            }
            "irate" | "idelta" => self.over_windows(arguments[0], false, |window| {
                rate::instant(window, name == "irate")
            })?,
            "resets" => counted(rate::resets)?,
            "changes" => counted(rate::changes)?,
            "deriv" => self.over_windows(arguments[0], false, rate::derivative)?,
            "absent_over_time" => {
                let rows = self.over_windows(arguments[0], false, |_| Some(1.0))?;
                self.absence(&rows, arguments[0])?
            }
            "predict_linear" => self.predict_linear(arguments)?,
            "double_exponential_smoothing" => self.double_exponential_smoothing(arguments)?,
            "quantile_over_time" => self.quantile_over_time(arguments)?,
            _ => return Ok(None),
        };
        Ok(Some(rows))
    }

    fn changed(&self, argument: &Expr, how: Extrapolation, extent: Extent) -> Result<Vec<Row>> {
        self.over_windows(argument, false, move |window| match extent {
            Extent::Plain => rate::extrapolated(window, how),
            _ => extended::change(window, how, extent),
        })
    }

    fn counters_changed(&self, name: &str, argument: &Expr, extent: Extent) -> Result<Vec<Row>> {
        let how = Extrapolation { is_counter: true, per_second: name == "rate" };
        let rows = self.changed(argument, how, extent)?;
        self.check_counters(&rows, argument);
        Ok(rows)
    }

    fn predict_linear(&self, arguments: &[&Expr]) -> Result<Vec<Row>> {
        let ahead = self.scalar(arguments[1])?;
        self.over_windows(arguments[0], false, |window| rate::predicted(window, ahead[window.step]))
    }

    fn double_exponential_smoothing(&self, arguments: &[&Expr]) -> Result<Vec<Row>> {
        let (level, trend) = (self.scalar(arguments[1])?, self.scalar(arguments[2])?);
        check_factor("smoothing", "sf", &level)?;
        check_factor("trend", "tf", &trend)?;
        self.over_windows(arguments[0], false, |window| {
            rate::smoothed(window, level[window.step], trend[window.step])
        })
    }

    fn quantile_over_time(&self, arguments: &[&Expr]) -> Result<Vec<Row>> {
        let quantiles = self.scalar(arguments[0])?;
        let rows = self.over_windows(arguments[1], false, |window| {
            Some(quantile(quantiles[window.step], &mut over_time::values(window)))
        })?;
        if !rows.is_empty() {
            quantiles.iter().for_each(|q| self.check_quantile(*q, arguments[0]));
        }
        Ok(rows)
    }

    /// Functions of an instant vector with further arguments, and those that change its shape.
    fn vector_call(&self, name: &str, call: &Call, arguments: &[&Expr]) -> Result<Vec<Row>> {
        match name {
            "vector" => {
                let values = self.scalar(arguments[0])?;
                Ok(vec![Row { labels: Labels::empty(), drop_name: false, values }])
            }
            "timestamp" => self.timestamp(arguments[0]),
            "absent" => {
                let rows = self.evaluate(arguments[0])?.rows()?;
                self.absence(&rows, arguments[0])
            }
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" => {
                self.sorted(call, arguments)
            }
            "info" => self.info(arguments),
            "label_replace" => self.label_replace(&call.args.args),
            "label_join" => self.label_join(&call.args.args),
            "histogram_quantile" => self.histogram_quantile(arguments[0], arguments[1]),
            "histogram_quantiles" => self.histogram_quantiles(&call.args.args),
            "histogram_fraction" => {
                self.histogram_fraction(arguments[0], arguments[1], arguments[2])
            }
            // Neither native histograms nor start timestamps are stored, so there is never
            // one to ask for.
            "start_timestamp" | "histogram_count" | "histogram_sum" | "histogram_avg"
            | "histogram_stddev" | "histogram_stdvar" => {
                self.evaluate(arguments[0])?.rows()?;
                Ok(vec![])
            }
            "clamp" | "clamp_min" | "clamp_max" | "round" => self.with_limits(name, arguments),
            unknown => Err(Error::Execution(format!("the function {unknown}() is not supported"))),
        }
    }

    fn with_limits(&self, name: &str, arguments: &[&Expr]) -> Result<Vec<Row>> {
        let rows = self.evaluate(arguments[0])?.rows()?;
        let constant = |value: f64| vec![value; self.grid.len()];
        let optional = |index: usize, otherwise: f64| match arguments.get(index) {
            Some(argument) => self.scalar(argument),
            None => Ok(constant(otherwise)),
        };
        if name == "round" {
            let nearest = optional(1, 1.0)?;
            return Ok(per_step(rows, |step, value| {
                // Rounding by the inverse keeps 0.1 exact.
                let inverse = 1.0 / nearest[step];
                (value * inverse + 0.5).floor() / inverse
            }));
        }
        let (low, high) = match name {
            "clamp_min" => (optional(1, f64::NEG_INFINITY)?, constant(f64::INFINITY)),
            "clamp_max" => (constant(f64::NEG_INFINITY), optional(1, f64::INFINITY)?),
            _ => (optional(1, f64::NEG_INFINITY)?, optional(2, f64::INFINITY)?),
        };
        Ok(per_step(rows, |step, value| {
            let (low, high) = (low[step], high[step]);
            if high < low {
                ABSENT
            } else if low.is_nan() || high.is_nan() || value.is_nan() {
                f64::NAN
            } else {
                value.clamp(low, high)
            }
        }))
    }

    /// Of a selector the time of the sample itself, of anything else the step's.
    fn timestamp(&self, argument: &Expr) -> Result<Vec<Row>> {
        if let Expr::VectorSelector(selector) = unwrapped(argument) {
            let rows = self.instant_vector(selector, |sample| sample.time as f64 / 1000.0)?;
            return Ok(rows.into_iter().map(|row| Row { drop_name: true, ..row }).collect());
        }
        let times = self.times();
        Ok(per_step(self.evaluate(argument)?.rows()?, |step, _| times[step]))
    }

    /// 1 at the steps at which nothing is there, labelled as the selector asks.
    fn absence(&self, rows: &[Row], argument: &Expr) -> Result<Vec<Row>> {
        let is_absent = |step: usize| rows.iter().all(|row| is_marker(row.values[step]));
        let values =
            (0..self.grid.len()).map(|step| if is_absent(step) { 1.0 } else { ABSENT }).collect();
        let row = Row { labels: absent_labels(argument)?, drop_name: false, values };
        Ok(if row.is_absent() { vec![] } else { vec![row] })
    }

    fn check_counters(&self, rows: &[Row], argument: &Expr) {
        for row in rows {
            let name = row.labels.get(NAME);
            if !name.is_empty() && !COUNTER_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
                let text = format!(
                    "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name:?}"
                );
                self.remarks.inform(&text, argument);
            }
        }
    }
}

fn per_step(rows: Vec<Row>, of: impl Fn(usize, f64) -> f64) -> Vec<Row> {
    let changed = rows.into_iter().map(|mut row| {
        for (step, value) in row.values.iter_mut().enumerate() {
            if !is_marker(*value) {
                *value = of(step, *value);
            }
        }
        row.drop_name = true;
        row
    });
    changed.filter(|row| !row.is_absent()).collect()
}

/// The labels that the selector demands by equality, once each.
fn absent_labels(argument: &Expr) -> Result<Labels> {
    let selector = match unwrapped(argument) {
        Expr::VectorSelector(selector) => selector,
        Expr::MatrixSelector(selector) => &selector.vs,
        _ => return Ok(Labels::empty()),
    };
    let matchers = matchers(selector)?;
    let times_named = |name: &str| matchers.iter().filter(|matcher| matcher.name == name).count();
    let demanded = matchers.iter().filter(|matcher| {
        matcher.op == MatchOp::Equal && matcher.name != NAME && times_named(&matcher.name) == 1
    });
    Ok(Labels::new(demanded.map(|matcher| (matcher.name.as_str(), matcher.value.as_str()))))
}

fn check_factor(what: &str, short: &str, values: &[f64]) -> Result<()> {
    match values.iter().find(|value| **value <= 0.0 || **value >= 1.0 || value.is_nan()) {
        None => Ok(()),
        Some(value) => Err(Error::Execution(format!(
            "invalid {what} factor. Expected: 0 < {short} < 1, got: {value:.6}"
        ))),
    }
}

fn of_a_number(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sqrt" => f64::sqrt,
        "sgn" => |value| {
            if value > 0.0 {
                1.0
            } else if value < 0.0 {
                -1.0
            } else {
                value
            }
        },
        "deg" => f64::to_degrees,
        "rad" => f64::to_radians,
        "sin" => f64::sin,
        "cos" => f64::cos,
        "tan" => f64::tan,
        "asin" => f64::asin,
        "acos" => f64::acos,
        "atan" => f64::atan,
        "sinh" => f64::sinh,
        "cosh" => f64::cosh,
        "tanh" => f64::tanh,
        "asinh" => f64::asinh,
        "acosh" => f64::acosh,
        "atanh" => f64::atanh,
        _ => return None,
    })
}
