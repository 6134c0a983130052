//! The configuration: Alertmanager's YAML, read and checked as a whole before it counts.
//!
//! The text may have two documents. The first is Alertmanager's language, so `amtool` and a
//! real Alertmanager read it. The second adds to its receivers what Alertmanager lacks:
//! DingTalk, WeCom and Feishu robots, a language, templates.

pub mod language;
mod mask;
pub mod raw;
pub mod receiver;
pub mod routing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::duration::Length;
use crate::error::{Error, Result};
use crate::inhibition::Rule;
use crate::intervals::{NamedIntervals, TimeInterval, time_zone};
use crate::template::Templates;
pub use raw::InhibitRule;
use receiver::{Integration, Receiver};
use routing::Routing;

/// Of alerts that say no end and are not sent again.
const RESOLVE_TIMEOUT: Length = Length::from_secs(300);

/// A configuration that holds together: every name that it uses is there.
#[derive(Debug)]
pub struct Config {
    /// The first document with its secrets masked, for Alertmanager's status answer.
    pub original: String,
    pub resolve_timeout: Length,
    pub routing: Routing,
    pub receivers: BTreeMap<String, Receiver>,
    pub inhibit_rules: Vec<Rule>,
    intervals: BTreeMap<String, Vec<TimeInterval>>,
    pub time_zone: TimeZone,
}

impl Config {
    /// # Errors
    /// What is wrong: the field, the reason, a hint.
    pub fn parse(text: &str) -> Result<Self> {
        let (first, second) = documents(text)?;
        let document: raw::Document = read("", first.clone())?;
        let extension: raw::Extension = read("second document: ", second)?;
        let raw::Document {
            global,
            templates,
            route,
            inhibit_rules,
            receivers,
            time_intervals,
            mute_time_intervals,
        } = document;
        let raw::Extension { language, time_zone: zone, receivers: more, templates: own } =
            extension;
        if !templates.is_empty() {
            return Err(Error::invalid(
                "templates",
                "files of Go templates are not evaluated here",
                "leave it empty and write templates in the second document",
            ));
        }
        let time_zone = zone.as_deref().map_or(Ok(TimeZone::UTC), time_zone).map_err(|reason| {
            Error::invalid("second document: time_zone", reason, "it is UTC when left out")
        })?;
        let templates = Templates::compile(&own, &time_zone)?;
        let receivers = receiver::compile(receivers, more, &global, language, &templates)?;
        let intervals = intervals(time_intervals, mute_time_intervals)?;
        let names = routing::Names {
            receivers: receivers.keys().cloned().collect(),
            intervals: intervals.keys().cloned().collect(),
        };
        let rules = inhibit_rules.into_iter().enumerate();
        Ok(Config {
            original: mask::masked(first),
            resolve_timeout: global.resolve_timeout.unwrap_or(RESOLVE_TIMEOUT),
            routing: Routing::compile(route, &names)?,
            receivers,
            inhibit_rules: rules
                .map(|(at, rule)| Rule::compile(at, rule))
                .collect::<Result<_>>()?,
            intervals,
            time_zone,
        })
    }

    /// Which of the named intervals hold at a time.
    pub fn holding<'a>(&self, names: &'a [String], time: Timestamp) -> Vec<&'a str> {
        let holds = |name: &str| {
            let intervals = self.intervals.get(name).map_or(&[][..], Vec::as_slice);
            intervals.iter().any(|interval| interval.contains(time))
        };
        names.iter().map(String::as_str).filter(|name| holds(name)).collect()
    }

    pub fn integration(&self, key: &str) -> Option<(&Receiver, &Arc<Integration>)> {
        let mut all = self.receivers.values().flat_map(|receiver| {
            receiver.integrations.iter().map(move |integration| (receiver, integration))
        });
        all.find(|(_, integration)| integration.key == key)
    }

    pub fn integration_keys(&self) -> BTreeSet<String> {
        let all = self.receivers.values().flat_map(|receiver| &receiver.integrations);
        all.map(|integration| integration.key.clone()).collect()
    }
}

/// The first document and, where there is one, the second.
fn documents(text: &str) -> Result<(Value, Value)> {
    let mut documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        let words = error.to_string();
        let reason = words.lines().next().unwrap_or_default().to_owned();
        Error::invalid("configuration", reason, "it must be YAML")
    })?;
    documents.iter_mut().for_each(drop_nulls);
    if documents.len() > 2 {
        return Err(Error::invalid(
            "configuration",
            format!("it has {} documents", documents.len()),
            "the first is Alertmanager's, the second ours; there is no third",
        ));
    }
    let mut documents = documents.into_iter();
    let empty = || Value::Object(serde_json::Map::new());
    let mut next = || documents.next().filter(|value| !value.is_null()).unwrap_or_else(empty);
    Ok((next(), next()))
}

/// A key without a value counts as left out.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn read<T: DeserializeOwned>(document: &str, value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = format!("{document}{}", if path == "." { "configuration" } else { &path });
        let reason = error.inner().to_string();
        let hint = if reason.starts_with("unknown field") {
            "remove it or correct its name"
        } else if reason.contains("expected a string") {
            "put the value in quotes"
        } else {
            "correct the value"
        };
        Error::invalid(field, reason, hint)
    })
}

fn intervals(
    named: Vec<NamedIntervals>,
    older: Vec<NamedIntervals>,
) -> Result<BTreeMap<String, Vec<TimeInterval>>> {
    let mut all = BTreeMap::new();
    for (at, NamedIntervals { name, time_intervals }) in named.into_iter().chain(older).enumerate()
    {
        let field = format!("time_intervals[{at}].name");
        if name.is_empty() {
            return Err(Error::invalid(field, "it is empty", "routes use intervals by name"));
        }
        if all.insert(name.clone(), time_intervals).is_some() {
            let reason = format!("{name:?} is there twice");
            return Err(Error::invalid(field, reason, "give each its own name"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
