//! The space of a search: what may be varied, between which ends.

use std::collections::HashSet;

use crate::error::{Fault, Result, judged};

/// Parameters in the order they were written; a grid counts through them.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub domain: Domain,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    Double(Double),
    Int(Int),
    Categorical(Categorical),
}

/// How values between the ends are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    #[default]
    Linear,
    /// Each factor alike: as much between 0.001 and 0.01 as between 0.01 and 0.1.
    Log,
}

/// Numbers with a point, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Double {
    pub min: f64,
    pub max: f64,
    pub scale: Scale,
    /// Only `min + k · step`, rounded to the decimals that `min` and `step` are
    /// written with; any value between the ends when absent.
    pub step: Option<f64>,
    /// For a grid: so many values from `min` to `max`, evenly on the scale.
    /// Other algorithms do not heed it.
    pub count: Option<u32>,
}

/// Whole numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int {
    pub min: i64,
    pub max: i64,
    pub scale: Scale,
    /// Only `min + k · step`; 1 when absent.
    pub step: Option<i64>,
}

/// One of some words, without an order among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categorical {
    pub values: Vec<String>,
}

/// More would not fit a job's environment, nor would any search get anywhere.
const MOST_PARAMETERS: usize = 100;
const MOST_VALUES: usize = 1000;
const MOST_COUNT: u32 = 1000;
/// Bytes. A job gets each value as an environment variable.
const LONGEST_NAME: usize = 250;
const LONGEST_VALUE: usize = 1000;
/// Of the larger end: finer steps come near the 1e-16 that doubles can tell apart.
const FINEST_STEP: f64 = 1e-12;
/// Below it, logarithms of both ends differ by little more than their error.
const NARROWEST_LOG: f64 = 1.000_001;

impl Space {
    /// Errors: every field that cannot be followed, with what to change.
    pub fn validate(&self) -> Result<()> {
        judged(self.faults())
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let length = self.parameters.len();
        if length == 0 || length > MOST_PARAMETERS {
            let reason = format!("has {length} entries");
            faults.push(Fault::new("parameters", reason, format!("give 1 to {MOST_PARAMETERS}")));
        }
        let mut names = HashSet::new();
        for (at, parameter) in self.parameters.iter().enumerate().take(MOST_PARAMETERS) {
            let mut report = Report { path: format!("parameters[{at}]"), faults: &mut faults };
            parameter.check_name(&mut report);
            if !names.insert(parameter.name.as_str()) {
                report.add("name", "is used twice", "give each parameter a name of its own");
            }
            match &parameter.domain {
                Domain::Double(double) => double.check(&mut report),
                Domain::Int(int) => int.check(&mut report),
                Domain::Categorical(categorical) => categorical.check(&mut report),
            }
        }
        faults
    }
}

/// Where in the space we are, and what was found so far.
struct Report<'a> {
    path: String,
    faults: &'a mut Vec<Fault>,
}

impl Report<'_> {
    fn add(&mut self, field: &str, reason: impl Into<String>, hint: &str) {
        self.faults.push(Fault::new(format!("{}.{field}", self.path), reason, hint));
    }
}

impl Parameter {
    fn check_name(&self, report: &mut Report<'_>) {
        if self.name.is_empty() || self.name.len() > LONGEST_NAME {
            let reason = format!("has {} bytes", self.name.len());
            report.add("name", reason, "give 1 to 250");
        } else if self.name.chars().any(|c| c.is_control() || c == '=') {
            let hint = "use letters, digits, _, - and .";
            report.add("name", "holds a control character or =", hint);
        }
    }
}

impl Double {
    fn check(&self, report: &mut Report<'_>) {
        let Self { min, max, scale, step, count } = *self;
        for (field, value) in [("min", min), ("max", max)] {
            if !value.is_finite() {
                let reason = format!("must be a finite number, not {value}");
                return report.add(field, reason, "write a number, for example 0.1");
            }
        }
        if max <= min {
            let hint = "raise max, or move a fixed value into the job's own parameters";
            return report.add("max", format!("must be above min ({min:?})"), hint);
        }
        if !(max - min).is_finite() {
            let hint = "bring the ends closer together";
            return report.add("max", format!("is too far from min ({min:?})"), hint);
        }
        if scale == Scale::Log && min <= 0.0 {
            let hint = "raise min above 0, or use scale linear";
            return report.add("min", format!("is {min:?}, of which there is no logarithm"), hint);
        }
        if scale == Scale::Log && max / min < NARROWEST_LOG {
            let reason = format!("is too close to min ({min:?}) for scale log");
            return report.add("max", reason, "use scale linear");
        }
        if let Some(step) = step {
            self.check_step(step, report);
        }
        if let Some(count) = count {
            if step.is_some() {
                report.add("count", "is given beside step", "give one of the two");
            } else if !(2..=MOST_COUNT).contains(&count) {
                report.add("count", format!("is {count}"), "give 2 to 1000");
            }
        }
    }

    fn check_step(&self, step: f64, report: &mut Report<'_>) {
        let finest = FINEST_STEP * self.min.abs().max(self.max.abs());
        if !step.is_finite() || step <= 0.0 {
            let hint = "leave it out for any value between min and max";
            report.add("step", format!("must be above 0, not {step:?}"), hint);
        } else if step > self.max - self.min {
            let reason = format!("is {step:?}, wider than the range");
            report.add("step", reason, "make it smaller than max - min");
        } else if step < finest {
            let reason = format!("is {step:?}, too fine for numbers as large as min or max");
            report.add("step", reason, "leave it out for any value between min and max");
        }
    }
}

impl Int {
    fn check(&self, report: &mut Report<'_>) {
        let Self { min, max, scale, step } = *self;
        if max <= min {
            let hint = "raise max, or move a fixed value into the job's own parameters";
            return report.add("max", format!("must be above min ({min})"), hint);
        }
        if scale == Scale::Log && min < 1 {
            let hint = "raise min to 1 or more, or use scale linear";
            return report.add("min", format!("is {min}, of which there is no logarithm"), hint);
        }
        match step {
            Some(step) if step < 1 => {
                report.add("step", format!("must be 1 or more, not {step}"), "leave it out for 1");
            }
            Some(step) if step.unsigned_abs() > max.abs_diff(min) => {
                let reason = format!("is {step}, wider than the range");
                report.add("step", reason, "make it smaller than max - min");
            }
            _ => {}
        }
    }
}

impl Categorical {
    fn check(&self, report: &mut Report<'_>) {
        let length = self.values.len();
        if length == 0 || length > MOST_VALUES {
            return report.add("values", format!("has {length} entries"), "give 1 to 1000");
        }
        let mut seen = HashSet::new();
        for (at, value) in self.values.iter().enumerate() {
            let field = format!("values[{at}]");
            if value.len() > LONGEST_VALUE {
                let reason = format!("has {} bytes", value.len());
                report.add(&field, reason, "give at most 1000");
            } else if value.contains('\0') {
                report.add(&field, "holds a zero byte", "remove it");
            } else if !seen.insert(value.as_str()) {
                report.add(&field, "is given twice", "remove one of the two");
            }
        }
    }
}
