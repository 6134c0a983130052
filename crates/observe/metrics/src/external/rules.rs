//! Rules and alerts of both: those that the other server evaluates, narrowed to the
//! caller, and those that people keep here, which are evaluated here over what is
//! measured here.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, http::StatusCode};
use serde_json::{Value, json};

use super::{External, Scoped, body, keep_visible, pass};
use crate::error::{Error, Result};
use crate::http::{Api, Parameters, rules as own, scope_of};
use crate::scope::{NAMESPACE, Scope};

pub async fn alerts(
    State(external): State<External>,
    State(api): State<Api>,
    scope: Scoped,
) -> Result<Response> {
    let answer = external.send("/api/v1/alerts", &[]).await?;
    let mut body = match theirs(answer, "alerts").await? {
        Ok(body) => body,
        Err(failure) => return Ok(failure),
    };
    let allowed = scope_of(scope.clone());
    if allowed.namespaces.is_some() {
        keep_visible(&mut body["data"]["alerts"], &allowed);
    }
    let Json(ours) = own::alerts(State(api), scope).await;
    append(&mut body, ours, "alerts");
    Ok(Json(body).into_response())
}

pub async fn rules(
    State(external): State<External>,
    State(api): State<Api>,
    scope: Scoped,
    parameters: Parameters,
) -> Result<Response> {
    let answer = external.send("/api/v1/rules", parameters.pairs()).await?;
    let mut body = match theirs(answer, "groups").await? {
        Ok(body) => body,
        Err(failure) => return Ok(failure),
    };
    let allowed = scope_of(scope.clone());
    if allowed.namespaces.is_some() {
        narrow(&mut body["data"]["groups"], &allowed);
    }
    let Json(ours) = own::rules(State(api), scope, parameters).await?;
    append(&mut body, ours, "groups");
    Ok(Json(body).into_response())
}

/// What the other server says, or its refusal. One that evaluates no rules (a store
/// alone, such as Thanos Query's peers) has no such route and no such rules.
async fn theirs(
    answer: reqwest::Response,
    list: &str,
) -> Result<std::result::Result<Value, Response>> {
    match answer.status() {
        StatusCode::NOT_FOUND => Ok(Ok(json!({"status": "success", "data": {list: []}}))),
        status if status.is_success() => {
            let body = body(answer).await?;
            let found = &body["data"];
            match found.is_object() && (found[list].is_array() || found[list].is_null()) {
                true => Ok(Ok(body)),
                false => Err(Error::Unreachable(format!("its answer has no list of {list}"))),
            }
        }
        _ => Ok(Err(pass(answer))),
    }
}

fn append(body: &mut Value, mut ours: Value, list: &str) {
    let ours = ours["data"][list].take();
    match (&mut body["data"][list], ours) {
        (Value::Array(theirs), Value::Array(ours)) => theirs.extend(ours),
        (theirs, ours) => *theirs = ours,
    }
}

/// Rules without a visible alert say nothing about the caller's projects; of the others
/// the errors go, which may name anybody's series.
fn narrow(groups: &mut Value, allowed: &Scope) {
    let Some(groups) = groups.as_array_mut() else { return };
    for group in groups.iter_mut() {
        let Some(rules) = group["rules"].as_array_mut() else { continue };
        rules.retain_mut(|rule| {
            let is_theirs = rule["labels"][NAMESPACE]
                .as_str()
                .is_some_and(|namespace| allowed.allows(namespace));
            if let Some(fields) = rule.as_object_mut() {
                fields.remove("lastError");
            }
            if let Some(alerts) = rule.get_mut("alerts") {
                keep_visible(alerts, allowed);
            }
            is_theirs || rule["alerts"].as_array().is_some_and(|alerts| !alerts.is_empty())
        });
    }
    groups.retain(|group| group["rules"].as_array().is_some_and(|rules| !rules.is_empty()));
}
