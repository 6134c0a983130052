//! Alerts as they are sent in, and as they are known.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::duration::Length;
use crate::error::{Error, Result};
use crate::labels::{Fingerprint, Labels, shown};

/// An alert as a client sends it. Sent again with the same labels it is the same alert.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Alert {
    pub labels: Labels,
    pub annotations: Labels,
    /// Now, where left out.
    pub starts_at: Option<Timestamp>,
    /// Left out, the alert is resolved unless it is sent again within `resolve_timeout`.
    pub ends_at: Option<Timestamp>,
    /// Where a person finds what made the alert.
    #[serde(rename = "generatorURL")]
    pub generator_url: String,
}

/// An alert with its times settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub labels: Labels,
    pub annotations: Labels,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub updated_at: Timestamp,
    pub generator_url: String,
}

/// Of one alert's labels and annotations together, in bytes; and of its labels, in number.
const LARGEST: usize = 64 << 10;
const MOST_LABELS: usize = 128;

/// Clients written in Go send the first second of the first year for "not set".
fn given(time: Option<Timestamp>) -> Option<Timestamp> {
    const YEAR_TWO: i64 = -62_104_060_800;
    time.filter(|time| time.as_second() > YEAR_TWO)
}

impl Alert {
    /// `at` is the alert's place among those that came with it.
    ///
    /// # Errors
    /// It has no label, a label without a name, or ends before it starts.
    pub fn settle(mut self, at: usize, now: Timestamp, timeout: Length) -> Result<Known> {
        let field = |name: &str| format!("[{at}].{name}");
        // An empty label is the same as none, in Prometheus too.
        self.labels.retain(|_, value| !value.is_empty());
        self.annotations.retain(|_, value| !value.is_empty());
        if self.labels.is_empty() {
            let hint = "an alert is known by its labels; give it at least `alertname`";
            return Err(Error::invalid(field("labels"), "at least one label must be set", hint));
        }
        if self.labels.contains_key("") || self.annotations.contains_key("") {
            return Err(Error::invalid(field("labels"), "a name is empty", "name it or remove it"));
        }
        let pairs = self.labels.iter().chain(&self.annotations);
        let size: usize = pairs.map(|(name, value)| name.len() + value.len()).sum();
        if size > LARGEST || self.labels.len() > MOST_LABELS {
            let reason =
                format!("it has {} labels, with annotations {size} bytes", self.labels.len());
            let hint = format!("at most {MOST_LABELS} labels and {LARGEST} bytes are taken");
            return Err(Error::invalid(field("labels"), reason, hint));
        }
        let ends = given(self.ends_at);
        let starts_at =
            given(self.starts_at).unwrap_or_else(|| ends.map_or(now, |end| end.min(now)));
        let ends_at = ends.unwrap_or_else(|| timeout.after(now));
        if ends_at < starts_at {
            let reason = "the start must be before the end";
            return Err(Error::invalid(field("endsAt"), reason, "leave it out while it fires"));
        }
        Ok(Known {
            labels: self.labels,
            annotations: self.annotations,
            starts_at,
            ends_at,
            updated_at: now,
            generator_url: self.generator_url,
        })
    }
}

impl Known {
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.labels)
    }

    pub fn is_resolved(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// What is known after the same alert came again. One that still fired goes on since
    /// when it did; one that was resolved begins anew.
    pub fn merge(&self, newer: Known, now: Timestamp) -> Known {
        let goes_on = !self.is_resolved(now);
        let starts_at = if goes_on { self.starts_at.min(newer.starts_at) } else { newer.starts_at };
        Known { starts_at, ..newer }
    }

    pub fn shown(&self) -> String {
        shown(&self.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(json: serde_json::Value) -> Result<Known> {
        let alert: Alert = serde_json::from_value(json).unwrap();
        alert.settle(3, "2026-11-26T12:00:00Z".parse().unwrap(), Length::from_secs(300))
    }

    #[test]
    fn times_that_are_left_out_are_settled() {
        let alert = settle(serde_json::json!({
            "labels": {"alertname": "A", "empty": ""},
            "startsAt": "0001-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00.000Z",
        }))
        .unwrap();
        assert_eq!(alert.starts_at.to_string(), "2026-11-26T12:00:00Z");
        assert_eq!(alert.ends_at.to_string(), "2026-11-26T12:05:00Z");
        assert_eq!(alert.labels.len(), 1);
        let ended = settle(serde_json::json!({
            "labels": {"alertname": "A"}, "endsAt": "2026-11-26T11:00:00Z",
        }))
        .unwrap();
        assert_eq!(ended.starts_at, ended.ends_at);
    }

    #[test]
    fn mistakes_name_the_alert_and_the_field() {
        let error = settle(serde_json::json!({"labels": {"a": ""}})).unwrap_err().to_string();
        assert!(error.starts_with("[3].labels: "), "{error}");
        let error = settle(serde_json::json!({"labels": {"a": "b".repeat(70_000)}})).unwrap_err();
        assert!(error.to_string().contains("65536 bytes"), "{error}");
        let error = settle(serde_json::json!({
            "labels": {"a": "b"},
            "startsAt": "2026-11-26T11:00:00Z", "endsAt": "2026-11-26T10:00:00Z",
        }))
        .unwrap_err()
        .to_string();
        assert!(error.starts_with("[3].endsAt: "), "{error}");
    }
}
