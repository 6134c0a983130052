//! Groups of rules as people write them: the shape of Prometheus's rule files and of
//! `PrometheusRule` objects.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::template::Template;
use crate::error::{Error, Result};
use crate::promql::parse;

/// Texts by name.
pub type Texts = BTreeMap<String, String>;

/// Rules that are evaluated one after the other at the same time.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleGroup {
    pub name: String,
    /// Where the group comes from: a file, an object. With the name it is the identity.
    #[serde(skip)]
    pub source: String,
    /// Whose series the rules may read; `None` is all of them.
    #[serde(skip)]
    pub namespace: Option<String>,
    #[serde(default, deserialize_with = "duration")]
    pub interval: Option<Duration>,
    /// How far before its turn a group looks.
    #[serde(default, deserialize_with = "duration")]
    pub query_offset: Option<Duration>,
    /// The most series or alerts of one rule; 0 is any number.
    #[serde(default)]
    pub limit: usize,
    /// For all rules that do not say otherwise.
    #[serde(default)]
    pub labels: Texts,
    /// Of Thanos, accepted without effect.
    #[serde(default, rename = "partial_response_strategy")]
    pub partial_response: Option<String>,
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Rules that whoever keeps the group wrote and that can never work. They are shown
    /// with the others and not evaluated.
    #[serde(skip)]
    pub refused: Vec<RefusedRule>,
}

/// A rule that cannot be evaluated, as far as it was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedRule {
    pub name: String,
    pub is_alert: bool,
    pub expr: String,
    pub labels: Texts,
    /// Why it is refused.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Rule {
    Recording(RecordingRule),
    Alerting(AlertingRule),
}

/// Keeps a query's result as series of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingRule {
    /// The metric's name.
    pub record: String,
    pub expr: String,
    pub labels: Texts,
}

/// Raises an alert for each series that a query gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlertingRule {
    pub alert: String,
    pub expr: String,
    /// How long a series must be there before its alert fires; `for` in the file.
    pub hold: Duration,
    /// How long an alert goes on firing without its series.
    pub keep_firing: Duration,
    /// Values are templates.
    pub labels: Texts,
    /// Values are templates.
    pub annotations: Texts,
}

impl Rule {
    pub fn name(&self) -> &str {
        match self {
            Rule::Recording(rule) => &rule.record,
            Rule::Alerting(rule) => &rule.alert,
        }
    }

    pub fn expr(&self) -> &str {
        match self {
            Rule::Recording(rule) => &rule.expr,
            Rule::Alerting(rule) => &rule.expr,
        }
    }

    pub fn labels(&self) -> &Texts {
        match self {
            Rule::Recording(rule) => &rule.labels,
            Rule::Alerting(rule) => &rule.labels,
        }
    }
}

/// A rule as it stands in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    record: Option<String>,
    alert: Option<String>,
    expr: Expr,
    #[serde(default, rename = "for", deserialize_with = "duration")]
    hold: Option<Duration>,
    #[serde(default, deserialize_with = "duration")]
    keep_firing_for: Option<Duration>,
    #[serde(default)]
    labels: Texts,
    #[serde(default)]
    annotations: Texts,
}

/// `PrometheusRule` objects may hold a number here.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expr {
    Text(String),
    Number(serde_json::Number),
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> std::result::Result<Rule, String> {
        let expr = match written.expr {
            Expr::Text(text) => text,
            Expr::Number(number) => number.to_string(),
        };
        let Written { record, alert, hold, keep_firing_for, labels, annotations, .. } = written;
        match (record, alert) {
            (Some(record), None) => {
                let is_plain = hold.is_none() && keep_firing_for.is_none();
                if !is_plain || !annotations.is_empty() {
                    return Err(format!(
                        "rule {record:?}: for, keep_firing_for and annotations belong to alerts; a rule with record has none"
                    ));
                }
                Ok(Rule::Recording(RecordingRule { record, expr, labels }))
            }
            (None, Some(alert)) => Ok(Rule::Alerting(AlertingRule {
                alert,
                expr,
                hold: hold.unwrap_or_default(),
                keep_firing: keep_firing_for.unwrap_or_default(),
                labels,
                annotations,
            })),
            _ => {
                Err(format!("rule with expr {expr:?}: exactly one of record and alert must be set"))
            }
        }
    }
}

fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    match text.as_str() {
        // Which the parser of PromQL refuses.
        "" | "0" | "0s" | "0m" | "0h" => Ok(Some(Duration::ZERO)),
        text => promql_parser::util::parse_duration(text).map(Some).map_err(|_| {
            serde::de::Error::custom(format!(
                "{text:?} is no duration; write it like 30s, 5m or 1h30m"
            ))
        }),
    }
}

impl RuleGroup {
    /// Fails on the first rule that can never work, naming the rule and the field.
    pub fn check(&self) -> Result<()> {
        let fault = |at: usize, rule: &Rule, field: &str, reason: &str| {
            Error::BadData(format!(
                "group {:?}, rule {} ({:?}), {field}: {reason}",
                self.name,
                at + 1,
                rule.name()
            ))
        };
        for (at, rule) in self.rules.iter().enumerate() {
            if let Err(error) = parse(rule.expr()) {
                return Err(fault(at, rule, "expr", &error.to_string()));
            }
            let (field, is_name) = match rule {
                Rule::Recording(rule) => ("record", is_metric_name(&rule.record)),
                Rule::Alerting(rule) => ("alert", !rule.alert.is_empty()),
            };
            if !is_name {
                return Err(fault(at, rule, field, "it is no valid name"));
            }
            if let Some(name) = rule.labels().keys().find(|name| !is_label_name(name)) {
                return Err(fault(at, rule, "labels", &format!("{name:?} is no valid label name")));
            }
            let Rule::Alerting(alerting) = rule else { continue };
            for (field, texts) in
                [("labels", &alerting.labels), ("annotations", &alerting.annotations)]
            {
                for (name, text) in texts {
                    Template::parse(text).map_err(|reason| {
                        fault(at, rule, &format!("{field}.{name}"), &format!("template: {reason}"))
                    })?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn interval_or(&self, default: Duration) -> Duration {
        self.interval.filter(|interval| !interval.is_zero()).unwrap_or(default)
    }

    pub(super) fn key(&self) -> (String, String) {
        (self.source.clone(), self.name.clone())
    }
}

fn is_metric_name(name: &str) -> bool {
    is_name(name, |letter| letter == '_' || letter == ':')
}

/// `__name__` is set by the rule's own name.
fn is_label_name(name: &str) -> bool {
    name != crate::labels::NAME && is_name(name, |letter| letter == '_')
}

fn is_name(name: &str, is_sign: impl Fn(char) -> bool) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || is_sign(letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_are_read_and_faults_named() {
        let group: RuleGroup = serde_json::from_value(json!({
            "name": "g", "interval": "30s", "limit": 5,
            "rules": [
                {"record": "a:b", "expr": 1},
                {"alert": "Down", "expr": "up == 0", "for": "5m", "keep_firing_for": "0s",
                 "labels": {"severity": "page"}, "annotations": {"summary": "{{ $labels.job }}"}},
            ],
        }))
        .unwrap();
        assert_eq!(group.interval, Some(Duration::from_secs(30)));
        assert_eq!(group.rules[0].expr(), "1");
        assert!(group.check().is_ok());
        for (rule, word) in [
            (json!({"expr": "up"}), "exactly one"),
            (json!({"record": "a", "alert": "b", "expr": "up"}), "exactly one"),
            (json!({"record": "a", "expr": "up", "for": "5m"}), "belong to alerts"),
            (json!({"alert": "a", "expr": "up", "for": "soon"}), "no duration"),
            (json!({"alert": "a", "expr": "up", "fro": "5m"}), "fro"),
            (json!({"alert": "a", "expr": "up("}), "rule 1 (\"a\"), expr"),
            (json!({"record": "a b", "expr": "up"}), "record"),
            (json!({"record": "a", "expr": "up", "labels": {"a-b": ""}}), "a-b"),
            (
                json!({"alert": "a", "expr": "up", "annotations": {"text": "{{ what }}"}}),
                "annotations.text",
            ),
        ] {
            let group = json!({"name": "g", "rules": [rule]});
            let read =
                serde_json::from_value::<RuleGroup>(group).map_err(|error| error.to_string());
            let reason = read.and_then(|group| group.check().map_err(|error| error.to_string()));
            let reason = reason.unwrap_err();
            assert!(reason.contains(word), "{rule}: {reason}");
        }
    }
}
