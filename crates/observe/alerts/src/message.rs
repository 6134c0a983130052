//! What a notification tells: a group of alerts as it was when it was decided to tell it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::Known;
use crate::config::language::Language;
use crate::labels::{Fingerprint, Labels, common};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub group: String,
    pub group_labels: Labels,
    pub receiver: String,
    pub at: Timestamp,
    /// Those that fire come first.
    pub alerts: Vec<Told>,
}

/// An alert in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub fingerprint: Fingerprint,
    pub alert: Known,
    pub is_firing: bool,
    pub acknowledged_by: Option<String>,
}

impl Message {
    pub fn firing(&self) -> usize {
        self.alerts.iter().filter(|told| told.is_firing).count()
    }

    pub fn status(&self) -> &'static str {
        status(self.firing() > 0)
    }

    pub fn common_labels(&self) -> Labels {
        common(self.alerts.iter().map(|told| &told.alert.labels))
    }

    pub fn common_annotations(&self) -> Labels {
        common(self.alerts.iter().map(|told| &told.alert.annotations))
    }
}

pub fn status(is_firing: bool) -> &'static str {
    if is_firing { "firing" } else { "resolved" }
}

impl Message {
    /// A message as nobody's alert: to try a receiver or a template with.
    pub fn example(receiver: &str, language: Language, at: Timestamp) -> Self {
        let (summary, description) = match language {
            Language::En => {
                ("This is a test message", "Somebody tries this receiver; nothing fires.")
            }
            Language::Zh => ("这是一条测试消息", "有人正在测试此接收方,没有真实告警。"),
        };
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let labels: Labels =
            [("alertname", "TestNotification"), ("severity", "info")].map(pair).into();
        let annotations = [("summary", summary), ("description", description)].map(pair).into();
        let fingerprint = Fingerprint::of(&labels);
        let alert = Known {
            labels: labels.clone(),
            annotations,
            starts_at: at,
            ends_at: at,
            updated_at: at,
            generator_url: String::new(),
        };
        Message {
            group: format!("{{}}/{{test}}:{receiver}"),
            group_labels: labels,
            receiver: receiver.to_owned(),
            at,
            alerts: vec![Told { fingerprint, alert, is_firing: true, acknowledged_by: None }],
        }
    }
}
