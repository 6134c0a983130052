//! The life of alerts: pending, firing, ended.

use std::collections::HashMap;
use std::sync::Arc;

use super::config::{AlertingRule, Texts};
use super::template::{self, Data};
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::sample::{Sample, Vector};

pub const ALERTS: &str = "ALERTS";
pub const FOR_STATE: &str = "ALERTS_FOR_STATE";
const ALERT_NAME: &str = "alertname";

/// An alert that has ended is told for so long, in case that nobody heard it.
const RESOLVED_FOR: i64 = 15 * 60_000;
/// A firing alert that is not told again within so many of the longer of interval and
/// resend time has ended.
const VALID_FOR: i64 = 4;

/// What a notifier is told. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// With `alertname`; the identity.
    pub labels: Labels,
    pub annotations: Texts,
    pub starts_at: i64,
    /// In the past for one that has ended. For one that fires, when it counts as ended
    /// unless it is told again.
    pub ends_at: i64,
    pub is_firing: bool,
    /// The page with the rule's query.
    pub generator_url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    Inactive,
    Pending,
    Firing,
}

impl AlertState {
    pub fn word(self) -> &'static str {
        match self {
            AlertState::Inactive => "inactive",
            AlertState::Pending => "pending",
            AlertState::Firing => "firing",
        }
    }
}

/// An alert as its rule sees it. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveAlert {
    pub labels: Labels,
    pub annotations: Arc<Texts>,
    pub state: AlertState,
    pub value: f64,
    /// Since when its series is there.
    pub active_at: i64,
    /// Since when it fires without its series.
    pub keep_firing_since: Option<i64>,
    resolved_at: Option<i64>,
    sent_at: Option<i64>,
}

/// The alerts of one rule, ended ones for a while among them.
#[derive(Debug, Default)]
pub struct Alerts(HashMap<Labels, ActiveAlert>);

/// What a turn of an alerting rule is about.
pub struct Turn<'a> {
    pub rule: &'a AlertingRule,
    /// The rule's labels and the group's.
    pub labels: &'a Texts,
    pub namespace: Option<&'a str>,
    pub limit: usize,
    pub now: i64,
}

impl Alerts {
    /// Takes in what the rule's query gave. Fails, and changes nothing, when two of its
    /// series make the same alert.
    pub fn observe(&mut self, turn: &Turn<'_>, vector: Vector, data: &Data<'_>) -> Result<()> {
        let mut seen: HashMap<Labels, ActiveAlert> = HashMap::with_capacity(vector.len());
        for (series, sample) in vector {
            let alert = observed(turn, &series, sample.value, data);
            if seen.insert(alert.labels.clone(), alert).is_some() {
                return Err(Error::Execution(
                    "vector contains metrics with the same labelset after applying alert labels"
                        .into(),
                ));
            }
        }
        for known in self.0.values_mut().filter(|known| known.state != AlertState::Inactive) {
            match seen.remove(&known.labels) {
                Some(new) => {
                    known.value = new.value;
                    known.annotations = new.annotations;
                    known.keep_firing_since = None;
                }
                None => known.miss(turn),
            }
        }
        self.0.retain(|_, known| !known.is_over(turn.now));
        self.0.extend(seen);
        Ok(())
    }

    /// Fires those that were pending for long enough. Fails, and forgets all of them, when
    /// there are more than the group's limit.
    pub fn advance(&mut self, turn: &Turn<'_>) -> Result<()> {
        for alert in self.active_mut().filter(|alert| alert.state == AlertState::Pending) {
            if turn.now - alert.active_at >= milliseconds(turn.rule.hold) {
                alert.state = AlertState::Firing;
            }
        }
        let count = self.active().count();
        if turn.limit > 0 && count > turn.limit {
            self.0.clear();
            return Err(Error::Execution(format!(
                "exceeded limit of {} with {count} alerts",
                turn.limit
            )));
        }
        Ok(())
    }

    /// `ALERTS` and `ALERTS_FOR_STATE` at a time.
    pub fn samples(&self, time: i64) -> impl Iterator<Item = (Labels, Sample)> {
        self.active().flat_map(move |alert| {
            let state = alert.labels.with(NAME, ALERTS).with("alertstate", alert.state.word());
            let since = alert.active_at.div_euclid(1000) as f64;
            [
                (state, Sample { time, value: 1.0 }),
                (alert.labels.with(NAME, FOR_STATE), Sample { time, value: since }),
            ]
        })
    }

    pub fn active(&self) -> impl Iterator<Item = &ActiveAlert> {
        self.0.values().filter(|alert| alert.state != AlertState::Inactive)
    }

    pub fn active_mut(&mut self) -> impl Iterator<Item = &mut ActiveAlert> {
        self.0.values_mut().filter(|alert| alert.state != AlertState::Inactive)
    }

    /// Those that must be told now: new ones, ended ones, and again after `resend`.
    pub fn due(&mut self, now: i64, resend: i64, interval: i64, link: &str) -> Vec<Alert> {
        let due = self.0.values_mut().filter(|alert| alert.is_due(now, resend));
        due.map(|alert| {
            alert.sent_at = Some(now);
            alert.told(now + VALID_FOR * resend.max(interval), link)
        })
        .collect()
    }

    /// Ends all of them at a time; gives those that fired.
    pub fn end(&mut self, now: i64, link: &str) -> Vec<Alert> {
        let firing = self.0.drain().filter(|(_, alert)| alert.state == AlertState::Firing);
        firing
            .map(|(_, mut alert)| {
                alert.resolved_at = Some(now);
                alert.told(now, link)
            })
            .collect()
    }
}

fn observed(turn: &Turn<'_>, series: &Labels, value: f64, data: &Data<'_>) -> ActiveAlert {
    let data = Data { labels: series, value, ..*data };
    let mut labels = series.without_name();
    for (name, text) in turn.labels {
        labels = labels.with(name, &template::expand(text, &data));
    }
    labels = labels.with(ALERT_NAME, &turn.rule.alert);
    if let Some(namespace) = turn.namespace {
        labels = labels.with("namespace", namespace);
    }
    let annotations = turn.rule.annotations.iter();
    let annotations =
        annotations.map(|(name, text)| (name.clone(), template::expand(text, &data))).collect();
    ActiveAlert {
        labels,
        annotations: Arc::new(annotations),
        state: AlertState::Pending,
        value,
        active_at: turn.now,
        keep_firing_since: None,
        resolved_at: None,
        sent_at: None,
    }
}

impl ActiveAlert {
    /// Its series is not there.
    fn miss(&mut self, turn: &Turn<'_>) {
        let keep = milliseconds(turn.rule.keep_firing);
        if self.state == AlertState::Firing && keep > 0 {
            let since = *self.keep_firing_since.get_or_insert(turn.now);
            if turn.now - since < keep {
                return;
            }
        }
        // One that never fired is simply forgotten.
        self.resolved_at = (self.state == AlertState::Firing).then_some(turn.now);
        self.state = AlertState::Inactive;
    }

    fn is_over(&self, now: i64) -> bool {
        self.state == AlertState::Inactive
            && self.resolved_at.is_none_or(|resolved| now - resolved > RESOLVED_FOR)
    }

    fn is_due(&self, now: i64, resend: i64) -> bool {
        if self.state == AlertState::Pending {
            return false;
        }
        let Some(sent) = self.sent_at else { return true };
        self.resolved_at.is_some_and(|resolved| resolved > sent) || sent + resend < now
    }

    fn told(&self, valid_until: i64, link: &str) -> Alert {
        Alert {
            labels: self.labels.clone(),
            annotations: (*self.annotations).clone(),
            starts_at: self.active_at,
            ends_at: self.resolved_at.unwrap_or(valid_until),
            is_firing: self.resolved_at.is_none(),
            generator_url: link.to_owned(),
        }
    }
}

pub fn milliseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 8)
}
