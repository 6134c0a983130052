//! Alerts as a caller sees them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::alert::Known;
use crate::inhibition::Inhibitor;
use crate::labels::{Fingerprint, Labels};
use crate::quiet::Acknowledgement;
use crate::scope::Scope;
use crate::state::State;

/// Sees the alerts of a moment within a scope.
pub struct View<'a> {
    pub state: &'a State,
    pub scope: &'a Scope,
    pub now: Timestamp,
    inhibitor: Inhibitor<'a>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub state: &'static str,
    pub silenced_by: Vec<String>,
    pub inhibited_by: Vec<Fingerprint>,
    /// Names of the time intervals that keep notifications back.
    pub muted_by: Vec<String>,
    /// Ours: who is on it.
    pub acknowledged_by: Option<Value>,
    /// Something that the caller does not see may keep it quiet too.
    #[serde(skip)]
    pub is_silenced: bool,
    #[serde(skip)]
    pub is_inhibited: bool,
}

impl<'a> View<'a> {
    pub fn new(state: &'a State, scope: &'a Scope, now: Timestamp) -> Self {
        View { state, scope, now, inhibitor: state.inhibitor(now) }
    }

    /// Alerts that fire, within the scope.
    pub fn firing(&self) -> impl Iterator<Item = (Fingerprint, &'a Known)> {
        let all = self.state.alerts.iter().map(|(fingerprint, alert)| (*fingerprint, alert));
        all.filter(|(_, alert)| !alert.is_resolved(self.now) && self.scope.allows(&alert.labels))
    }

    pub fn receivers(&self, labels: &Labels) -> Vec<&'a str> {
        let routing = &self.state.config.routing;
        let mut names: Vec<&str> = routing
            .taken_by(labels)
            .into_iter()
            .map(|at| routing.route(at).receiver.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub fn acknowledgement(&self, fingerprint: Fingerprint) -> Option<&'a Acknowledgement> {
        self.state.acknowledgements.get(&fingerprint).filter(|own| own.holds(self.now))
    }

    pub fn status(&self, fingerprint: Fingerprint, alert: &Known) -> Status {
        let silences = self.state.silenced_by(&alert.labels, self.now);
        let inhibitors = self.inhibitor.inhibitors(&alert.labels);
        let (is_silenced, is_inhibited) = (!silences.is_empty(), !inhibitors.is_empty());
        let sees = |source: &Fingerprint| {
            self.state.alerts.get(source).is_some_and(|source| self.scope.allows(&source.labels))
        };
        let acknowledged_by = self.acknowledgement(fingerprint).map(|own| {
            json!({"user": own.created_by, "comment": own.comment, "at": own.created_at, "until": own.ends_at})
        });
        let state = if is_silenced || is_inhibited { "suppressed" } else { "active" };
        Status {
            state,
            silenced_by: silences
                .iter()
                .filter(|silence| self.scope.holds(&silence.matchers))
                .map(|silence| silence.id.clone())
                .collect(),
            inhibited_by: inhibitors.into_iter().filter(sees).collect(),
            muted_by: self.muted_by(alert),
            acknowledged_by,
            is_silenced,
            is_inhibited,
        }
    }

    fn muted_by(&self, alert: &Known) -> Vec<String> {
        let config = &self.state.config;
        let routes = config.routing.taken_by(&alert.labels);
        let muting = routes
            .iter()
            .flat_map(|at| config.holding(&config.routing.route(*at).mute, self.now).into_iter());
        let mut names: Vec<String> = muting.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub fn alert(&self, fingerprint: Fingerprint, alert: &Known, status: &Status) -> Value {
        let receivers: Vec<Value> =
            self.receivers(&alert.labels).into_iter().map(|name| json!({"name": name})).collect();
        json!({
            "labels": alert.labels,
            "annotations": alert.annotations,
            "startsAt": alert.starts_at,
            "endsAt": alert.ends_at,
            "updatedAt": alert.updated_at,
            "generatorURL": alert.generator_url,
            "fingerprint": fingerprint,
            "receivers": receivers,
            "status": status,
        })
    }
}
