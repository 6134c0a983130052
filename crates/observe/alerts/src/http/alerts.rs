//! Alerts in and out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use regex::Regex;
use serde_json::{Value, json};

use super::caller::Caller;
use super::parameters::{Body, Parameters};
use super::view::{Status, View};
use crate::alert::Alert;
use crate::alerts::Alerts;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::matcher::{Matcher, matches_all};

/// Alerts from outside. A caller of some namespaces sends alerts of those alone.
pub async fn receive(
    State(alerts): State<Alerts>,
    caller: Caller,
    Body(sent): Body<Vec<Alert>>,
) -> Result<StatusCode> {
    caller.writer()?;
    if let Some(at) = sent.iter().position(|alert| !caller.scope.allows(&alert.labels)) {
        return Err(Error::Forbidden(format!(
            "[{at}].labels.namespace names none of your namespaces; label your alerts with one"
        )));
    }
    alerts.receive(sent).await?;
    Ok(StatusCode::OK)
}

/// What to show of the alerts.
struct Filter {
    matchers: Vec<Matcher>,
    receiver: Option<Regex>,
    active: bool,
    silenced: bool,
    inhibited: bool,
    muted: bool,
}

impl Filter {
    fn read(parameters: &Parameters) -> Result<Self> {
        // What nobody has looked at yet: looking settles it, so there is never any.
        parameters.flag("unprocessed")?;
        Ok(Filter {
            matchers: parameters.filter()?,
            receiver: parameters.receiver()?,
            active: parameters.flag("active")?,
            silenced: parameters.flag("silenced")?,
            inhibited: parameters.flag("inhibited")?,
            muted: parameters.flag("muted")?,
        })
    }

    fn shows(&self, labels: &Labels, status: &Status) -> bool {
        (self.active || status.state != "active")
            && (self.silenced || !status.is_silenced)
            && (self.inhibited || !status.is_inhibited)
            && (self.muted || status.muted_by.is_empty())
            && matches_all(&self.matchers, labels)
    }

    fn takes(&self, receivers: &[&str]) -> bool {
        let Some(wanted) = &self.receiver else { return true };
        receivers.iter().any(|receiver| wanted.is_match(receiver))
    }
}

pub async fn list(
    State(alerts): State<Alerts>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>> {
    let filter = Filter::read(&parameters)?;
    Ok(Json(alerts.look(|state| {
        let view = View::new(state, &caller.scope, Timestamp::now());
        let shown = view.firing().filter_map(|(fingerprint, alert)| {
            let status = view.status(fingerprint, alert);
            let is_shown = filter.shows(&alert.labels, &status)
                && filter.takes(&view.receivers(&alert.labels));
            is_shown.then(|| view.alert(fingerprint, alert, &status))
        });
        shown.collect()
    })))
}

/// Groups as they are notified, without the alerts that the caller does not see.
pub async fn groups(
    State(alerts): State<Alerts>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>> {
    let filter = Filter::read(&parameters)?;
    Ok(Json(alerts.look(|state| {
        let view = View::new(state, &caller.scope, Timestamp::now());
        let mut shown = Vec::new();
        for group in state.groups.values() {
            let receiver = state.config.routing.route(group.route).receiver.as_str();
            if !filter.takes(&[receiver]) {
                continue;
            }
            let members: Vec<Value> = group
                .members
                .iter()
                .filter_map(|fingerprint| {
                    let alert = state.alerts.get(fingerprint)?;
                    if alert.is_resolved(view.now) || !caller.scope.allows(&alert.labels) {
                        return None;
                    }
                    let status = view.status(*fingerprint, alert);
                    let is_shown = filter.shows(&alert.labels, &status);
                    is_shown.then(|| view.alert(*fingerprint, alert, &status))
                })
                .collect();
            if !members.is_empty() {
                shown.push(json!({
                    "labels": group.labels, "receiver": {"name": receiver}, "alerts": members,
                }));
            }
        }
        shown
    })))
}
