//! Silences: seen, made, changed, ended.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::parameters::{Body, Parameters};
use crate::alerts::Alerts;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::matcher::{Matcher, matches_all};
use crate::quiet::{Phase, Silence};
use crate::scope::Scope;
use crate::state::Event;

pub async fn list(
    State(alerts): State<Alerts>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Json<Vec<Value>>> {
    let filter = parameters.filter()?;
    let now = Timestamp::now();
    let mut seen: Vec<Silence> = alerts.look(|state| {
        let all = state.silences.values().filter(|own| caller.scope.holds(&own.matchers));
        all.filter(|own| is_about(own, &filter)).cloned().collect()
    });
    // Those that count come first, then those that will; each by what happens next.
    seen.sort_by_key(|own| {
        let next = match own.phase(now) {
            Phase::Active => own.ends_at.as_second(),
            Phase::Pending => own.starts_at.as_second(),
            Phase::Expired => -own.ends_at.as_second(),
        };
        (own.phase(now), next)
    });
    Ok(Json(seen.iter().map(|own| shown(own, now)).collect()))
}

/// A filter is held against what the matchers say, as if they were labels.
fn is_about(silence: &Silence, filter: &[Matcher]) -> bool {
    let pair = |matcher: &Matcher| (matcher.name.clone(), matcher.value.clone());
    let labels: Labels = silence.matchers.iter().map(pair).collect();
    matches_all(filter, &labels)
}

fn shown(silence: &Silence, now: Timestamp) -> Value {
    let mut value = json!(silence);
    value["status"] = json!({"state": silence.phase(now)});
    value
}

fn find(alerts: &Alerts, scope: &Scope, id: &str) -> Result<Silence> {
    let found = alerts.look(|state| state.silences.get(id).cloned());
    let seen = found.filter(|own| scope.holds(&own.matchers));
    seen.ok_or_else(|| Error::NotFound(format!("silence {id}")))
}

pub async fn get(
    State(alerts): State<Alerts>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>> {
    Ok(Json(shown(&find(&alerts, &caller.scope, &id)?, Timestamp::now())))
}

pub async fn expire(
    State(alerts): State<Alerts>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    caller.writer()?;
    let silence = find(&alerts, &caller.scope, &id)?;
    if silence.phase(Timestamp::now()) == Phase::Expired {
        return Err(Error::NotFound(format!("silence {id} that is not over yet")));
    }
    alerts.act(Event::Expire(id)).await?;
    Ok(StatusCode::OK)
}

/// A silence as a client sends it; who makes it is the caller, whatever `createdBy` says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    #[serde(default)]
    id: String,
    matchers: Vec<Matcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(default)]
    comment: String,
}

/// Makes one, or changes the one with the given id; a change that would rewrite what was
/// silent ends the old one and makes another.
pub async fn put(
    State(alerts): State<Alerts>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>> {
    let user = caller.writer()?.to_owned();
    let now = Timestamp::now();
    let Wanted { id, matchers, starts_at, ends_at, comment } = wanted;
    let old = if id.is_empty() { None } else { Some(find(&alerts, &caller.scope, &id)?) };
    check(&matchers, starts_at, ends_at, now)?;
    let matchers = caller.scope.narrow(matchers)?;
    let mut silence = Silence {
        id: uuid::Uuid::new_v4().to_string(),
        matchers,
        // What is over cannot become silent.
        starts_at: starts_at.max(now),
        ends_at,
        updated_at: now,
        created_by: user,
        comment,
    };
    if let Some(old) = old {
        let in_place = Silence { starts_at, ..silence.clone() };
        if old.can_become(&in_place, now) {
            silence = Silence { id: old.id, ..in_place };
        } else if old.phase(now) != Phase::Expired {
            alerts.act(Event::Expire(old.id)).await?;
        }
    }
    let id = silence.id.clone();
    alerts.act(Event::Silence(silence)).await?;
    Ok(Json(json!({"silenceID": id})))
}

fn check(matchers: &[Matcher], from: Timestamp, to: Timestamp, now: Timestamp) -> Result<()> {
    if matchers.iter().all(|matcher| matcher.matches(&Labels::new())) {
        let reason = "at least one matcher must ask for a label that is there";
        let hint = "name what is to be silent, for example alertname=\"DiskFull\"";
        return Err(Error::invalid("matchers", reason, hint));
    }
    if to <= from {
        let reason = "it is not after `startsAt`";
        return Err(Error::invalid("endsAt", reason, "a silence ends later than it starts"));
    }
    if to <= now {
        let hint = "name a time that is still to come";
        return Err(Error::invalid("endsAt", "it is in the past", hint));
    }
    Ok(())
}
