//! Acknowledgements, which Alertmanager lacks: somebody is on it.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::parameters::Body;
use super::view::View;
use crate::alerts::Alerts;
use crate::error::{Error, Result};
use crate::labels::{Fingerprint, Labels};
use crate::matcher::{Matcher, matches_all};
use crate::quiet::Acknowledgement;
use crate::state::Event;

/// Those of alerts that the caller sees.
pub async fn list(State(alerts): State<Alerts>, caller: Caller) -> Json<Vec<Value>> {
    Json(alerts.look(|state| {
        let view = View::new(state, &caller.scope, Timestamp::now());
        let shown = view.firing().filter_map(|(fingerprint, alert)| {
            let mut value = json!(view.acknowledgement(fingerprint)?);
            value["labels"] = json!(alert.labels);
            Some(value)
        });
        shown.collect()
    }))
}

/// Which alerts, by fingerprint or by matchers, among those that fire now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wanted {
    #[serde(default)]
    fingerprints: Vec<Fingerprint>,
    #[serde(default)]
    matchers: Vec<Matcher>,
    #[serde(default)]
    comment: String,
    /// Until the alert is resolved, where left out.
    ends_at: Option<Timestamp>,
}

pub async fn acknowledge(
    State(alerts): State<Alerts>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>> {
    let user = caller.writer()?;
    let now = Timestamp::now();
    let Wanted { fingerprints, matchers, comment, ends_at } = wanted;
    if ends_at.is_some_and(|end| end <= now) {
        let hint = "name a time that is still to come, or leave it out";
        return Err(Error::invalid("endsAt", "it is in the past", hint));
    }
    let found = if matchers.is_empty() {
        named(&alerts, &caller, fingerprints, now)?
    } else if fingerprints.is_empty() {
        matching(&alerts, &caller, matchers, now)?
    } else {
        let hint = "send `fingerprints` or `matchers`";
        return Err(Error::invalid("matchers", "fingerprints are there too", hint));
    };
    for fingerprint in &found {
        let own = Acknowledgement {
            fingerprint: *fingerprint,
            created_by: user.to_owned(),
            comment: comment.clone(),
            created_at: now,
            ends_at,
        };
        alerts.act(Event::Acknowledge(own)).await?;
    }
    Ok(Json(json!({"acknowledged": found})))
}

fn named(
    alerts: &Alerts,
    caller: &Caller,
    wanted: Vec<Fingerprint>,
    now: Timestamp,
) -> Result<BTreeSet<Fingerprint>> {
    if wanted.is_empty() {
        let hint = "name alerts by `fingerprints` or by `matchers`";
        return Err(Error::invalid("fingerprints", "it is missing", hint));
    }
    let firing: BTreeSet<Fingerprint> = alerts.look(|state| {
        View::new(state, &caller.scope, now).firing().map(|(fingerprint, _)| fingerprint).collect()
    });
    match wanted.iter().find(|fingerprint| !firing.contains(fingerprint)) {
        Some(unknown) => Err(Error::NotFound(format!("firing alert {unknown}"))),
        None => Ok(wanted.into_iter().collect()),
    }
}

fn matching(
    alerts: &Alerts,
    caller: &Caller,
    matchers: Vec<Matcher>,
    now: Timestamp,
) -> Result<BTreeSet<Fingerprint>> {
    if matchers.iter().all(|matcher| matcher.matches(&Labels::new())) {
        let reason = "at least one must ask for a label that is there";
        return Err(Error::invalid("matchers", reason, "for example alertname=\"DiskFull\""));
    }
    let matchers = caller.scope.narrow(matchers)?;
    Ok(alerts.look(|state| {
        let view = View::new(state, &caller.scope, now);
        let matching = view.firing().filter(|(_, alert)| matches_all(&matchers, &alert.labels));
        matching.map(|(fingerprint, _)| fingerprint).collect()
    }))
}

pub async fn withdraw(
    State(alerts): State<Alerts>,
    caller: Caller,
    Path(fingerprint): Path<String>,
) -> Result<StatusCode> {
    caller.writer()?;
    let missing = || Error::NotFound(format!("acknowledgement of {fingerprint}"));
    let wanted: Fingerprint = fingerprint.parse().map_err(|_| missing())?;
    let is_seen = alerts.look(|state| {
        let view = View::new(state, &caller.scope, Timestamp::now());
        let mut firing = view.firing();
        firing.any(|(own, _)| own == wanted) && view.acknowledgement(wanted).is_some()
    });
    if !is_seen {
        return Err(missing());
    }
    alerts.act(Event::Withdraw(wanted)).await?;
    Ok(StatusCode::OK)
}
