//! One outcome as it was sent: checked against the tests of its project. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use dais_api::ABTest;
use dais_gateway::key_hash;
use dais_outcomes::{Outcome, Whose};
use kube::ResourceExt;
use serde::Serialize;
use serde_json::Value;

use super::super::rows;
use super::super::seam::series;

/// Longest id, of requests and of outcomes.
const LONGEST: usize = 253;
/// Larger values are a mistake of units, and their squares leave few digits.
const LARGEST: f64 = 1e12;
/// How far a sender's clock may go ahead.
const AHEAD_MS: i64 = 24 * 3_600_000;

/// Why an outcome was not taken.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Place in the body, from 0.
    pub index: usize,
    pub field: &'static str,
    pub reason: String,
    pub hint: String,
}

/// A test as far as outcomes need it.
struct Test {
    uid: String,
    salt: String,
    metrics: BTreeSet<String>,
}

/// The tests of a project by name.
pub struct Known {
    project: String,
    tests: BTreeMap<String, Test>,
}

impl Known {
    pub fn of(project: &str, tests: &[ABTest]) -> Self {
        let test = |test: &ABTest| {
            let uid = test.uid().unwrap_or_default();
            let status = test.status.as_ref().and_then(|status| status.salt.clone());
            let salt = status.or_else(|| test.spec.salt.clone()).unwrap_or_else(|| uid.clone());
            let taken = test.spec.metrics.iter().filter(|metric| {
                let source = metric.source.as_ref();
                source.is_none_or(|source| source.feedback.is_some())
            });
            let covariates = test.spec.metrics.iter().filter_map(|m| m.covariate.as_ref());
            let covariates = covariates.filter_map(|covariate| covariate.feedback.clone());
            let metrics = taken.map(series).chain(covariates).collect();
            (test.name_any(), Test { uid, salt, metrics })
        };
        Self { project: project.to_owned(), tests: tests.iter().map(test).collect() }
    }
}

/// The project that an outcome is of: the request's own word, else `default`.
pub fn project<'a>(
    index: usize,
    item: &'a Value,
    default: Option<&'a str>,
) -> Result<&'a str, Refusal> {
    let refuse = |reason: &str| Refusal {
        index,
        field: "project",
        reason: reason.to_owned(),
        hint: "add ?project=<project> to the address, or \"project\" to the outcome".to_owned(),
    };
    match &item["project"] {
        Value::Null => default.ok_or_else(|| refuse("is missing")),
        Value::String(project) if !project.is_empty() => Ok(project),
        _ => Err(refuse("must be the name of a project")),
    }
}

pub fn read(index: usize, item: &Value, known: &Known, now: i64) -> Result<Outcome, Refusal> {
    Item { index, item }.read(known, now)
}

struct Item<'a> {
    index: usize,
    item: &'a Value,
}

impl Item<'_> {
    fn refuse(&self, field: &'static str, reason: impl Into<String>, hint: &str) -> Refusal {
        Refusal { index: self.index, field, reason: reason.into(), hint: hint.to_owned() }
    }

    fn read(&self, known: &Known, now: i64) -> Result<Outcome, Refusal> {
        if !self.item.is_object() {
            let hint = r#"send {"requestId": "…", "metric": "…", "value": 1}"#;
            return Err(self.refuse("", "is not an object", hint));
        }
        let metric = self.text("metric")?.ok_or_else(|| {
            self.refuse("metric", "is missing", "name a metric of the test, or its source.feedback")
        })?;
        let (whose, metrics) = self.whose(known)?;
        if !metrics.contains(&metric) {
            let there: Vec<&str> = metrics.iter().map(String::as_str).collect();
            let hint = format!("outcomes are taken of: {}", there.join(", "));
            let reason = format!("no test of project {:?} takes {metric:?}", known.project);
            return Err(self.refuse("metric", reason, &hint));
        }
        let id = self.text("id")?.unwrap_or_default();
        Ok(Outcome { whose, metric, id, value: self.value()?, time: self.time(now)? })
    }

    fn text(&self, field: &'static str) -> Result<Option<String>, Refusal> {
        let hint = format!("at most {LONGEST} characters, without control characters");
        match &self.item[field] {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Err(self.refuse(field, "is empty", &hint)),
            Value::String(text) if text.chars().count() > LONGEST => {
                Err(self.refuse(field, "is too long", &hint))
            }
            Value::String(text) if text.chars().any(char::is_control) => {
                Err(self.refuse(field, "has control characters", &hint))
            }
            Value::String(text) => Ok(Some(text.clone())),
            Value::Number(number) => Ok(Some(number.to_string())),
            _ => Err(self.refuse(field, "must be text", &hint)),
        }
    }

    /// Whose it is, and what may be told of them.
    fn whose(&self, known: &Known) -> Result<(Whose, BTreeSet<String>), Refusal> {
        let (request, test) = (self.text("requestId")?, self.text("test")?);
        let hint = "set requestId (x-dais-request-id of the answer), or test and key";
        match (request, test) {
            (Some(request), None) => {
                let all = known.tests.values().flat_map(|test| test.metrics.iter().cloned());
                Ok((Whose::Request(request), all.collect()))
            }
            (None, Some(name)) => {
                let key =
                    self.text("key")?.ok_or_else(|| self.refuse("key", "is missing", hint))?;
                let test = known.tests.get(&name).ok_or_else(|| {
                    let reason = format!("project {:?} has no test {name:?}", known.project);
                    self.refuse("test", reason, "`dais abtest list` lists them")
                })?;
                let subject = key_hash(&test.salt, key.trim()).cast_signed();
                let whose = Whose::Subject { test: test.uid.clone(), subject };
                Ok((whose, test.metrics.clone()))
            }
            (Some(_), Some(_)) => Err(self.refuse("test", "is set beside requestId", hint)),
            (None, None) => Err(self.refuse("requestId", "is missing", hint)),
        }
    }

    fn value(&self) -> Result<f64, Refusal> {
        let value = match &self.item["value"] {
            Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        value.filter(|value| value.abs() <= LARGEST).ok_or_else(|| {
            let hint = "a number between -1e12 and 1e12; 1 or true where something happened";
            self.refuse("value", "is not such a number", hint)
        })
    }

    fn time(&self, now: i64) -> Result<i64, Refusal> {
        let hint = "2026-11-24T10:30:00Z, or seconds since 1970; now when absent";
        let Some(text) = self.text("time")? else { return Ok(now) };
        let time = rows::milliseconds(&text);
        let time = time.map_err(|error| self.refuse("time", error.to_string(), hint))?;
        if time > now.saturating_add(AHEAD_MS) {
            return Err(self.refuse("time", "is in the future", hint));
        }
        Ok(time)
    }
}

#[cfg(test)]
mod tests;
