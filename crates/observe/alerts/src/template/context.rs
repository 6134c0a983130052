//! What templates can name.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::context;
use minijinja::value::Value;

use super::defaults;
use super::format::Format;
use crate::config::language::Language;
use crate::labels::{ALERTNAME, Labels, value};
use crate::message::{Message, Told, status};

/// The names that both templates of a receiver may use, for errors at load.
pub const TITLE: &[&str] = &[
    "format",
    "status",
    "receiver",
    "count",
    "firing",
    "resolved",
    "name",
    "group",
    "group_labels",
    "common_labels",
    "common_annotations",
    "external_url",
];
pub const ALERT: &[&str] = &[
    "format",
    "receiver",
    "external_url",
    "name",
    "severity",
    "status",
    "is_firing",
    "acknowledged_by",
    "what",
    "where",
    "since",
    "until",
    "lasted",
    "value",
    "others",
    "runbook",
    "address",
    "labels",
    "annotations",
    "fingerprint",
];

/// Labels that say where, from the widest to the narrowest.
const PLACES: &[&str] = &[
    "cluster",
    "namespace",
    "service",
    "job_name",
    "pod",
    "container",
    "node",
    "instance",
    "device",
    "gpu",
];
/// Annotations that say what, the shortest first.
const WORDS: &[&str] = &["summary", "message", "description"];

/// How a receiver's messages are told.
pub struct Style<'a> {
    pub language: Language,
    pub format: Format,
    pub zone: &'a TimeZone,
    /// Where people find the alerts, for links.
    pub external_url: &'a str,
}

pub fn title(message: &Message, style: &Style<'_>) -> Value {
    let firing = message.firing();
    let resolved = message.alerts.len() - firing;
    let named = value(&message.group_labels, ALERTNAME);
    let first = message.alerts.first().map(|told| value(&told.alert.labels, ALERTNAME));
    let name = if named.is_empty() { first.unwrap_or_default() } else { named };
    let group: Vec<&str> = message
        .group_labels
        .iter()
        .filter(|(label, _)| *label != ALERTNAME)
        .map(|(_, value)| value.as_str())
        .collect();
    context! {
        format => style.format.name(),
        status => message.status(),
        receiver => message.receiver,
        count => if firing > 0 { firing } else { resolved },
        firing,
        resolved,
        name => if name.is_empty() { "alert" } else { name },
        group => group.join(" / "),
        group_labels => message.group_labels,
        common_labels => message.common_labels(),
        common_annotations => message.common_annotations(),
        external_url => style.external_url,
    }
}

pub fn alert(told: &Told, message: &Message, style: &Style<'_>) -> Value {
    let labels = &told.alert.labels;
    let annotations = &told.alert.annotations;
    let name = value(labels, ALERTNAME);
    let what = WORDS.iter().map(|word| value(annotations, word)).find(|text| !text.is_empty());
    let places: Vec<&str> =
        PLACES.iter().map(|place| value(labels, place)).filter(|place| !place.is_empty()).collect();
    let end = if told.is_firing { message.at } else { told.alert.ends_at };
    let seconds = end.as_second() - told.alert.starts_at.as_second();
    let own = told.alert.generator_url.as_str();
    context! {
        format => style.format.name(),
        receiver => message.receiver,
        external_url => style.external_url,
        name => if name.is_empty() { "alert" } else { name },
        severity => value(labels, "severity"),
        status => status(told.is_firing),
        is_firing => told.is_firing,
        acknowledged_by => told.acknowledged_by,
        what => what.unwrap_or(name),
        where => places.join(" / "),
        since => clock(told.alert.starts_at, style.zone),
        until => clock(end, style.zone),
        lasted => defaults::lasted(style.language, seconds),
        value => value(annotations, "value"),
        others => others(labels),
        runbook => value(annotations, "runbook_url"),
        address => if own.is_empty() { style.external_url } else { own },
        labels,
        annotations,
        fingerprint => told.fingerprint.to_string(),
    }
}

fn clock(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// The labels that no other line tells.
fn others(labels: &Labels) -> String {
    let is_told = |name: &str| name == ALERTNAME || name == "severity" || PLACES.contains(&name);
    let rest = labels.iter().filter(|(name, _)| !is_told(name));
    let pairs: Vec<String> = rest.map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(", ")
}
