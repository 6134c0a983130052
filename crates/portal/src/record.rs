//! The audit record of what is done through `/api`.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dais_identity::{AuditEntry, Caller};
use serde_json::Value;

use crate::{Portal, Problem};

/// Where audit records file the accounts.
const GROUP: &str = "identity";

/// Who did it, where only the handler knows: travels as a response extension.
#[derive(Clone)]
pub(crate) struct Actor(pub String);

/// What a handler changed: travels as a response extension.
#[derive(Clone, Default)]
pub(crate) struct Changed {
    pub old: Option<Value>,
    pub new: Option<Value>,
}

pub(crate) async fn record(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let signs_in = request.uri().path() == "/api/login";
    if request.method().is_safe() && !signs_in {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>().cloned();
    let mut entry = describe(&request);
    let Some(caller) = caller else {
        return record_stranger(&portal, entry, next.run(request).await).await;
    };
    entry.via = caller.via.to_string();
    entry.user = caller.user;
    let begun = match portal.identity().begin_audit(entry).await {
        Ok(begun) => begun,
        Err(error) => return Problem::from(error).into_response(),
    };
    let response = next.run(request).await;
    begun.finish(|entry| complete(&portal, entry, &response)).await;
    response
}

/// Somebody signs in: who it was is known afterwards.
async fn record_stranger(portal: &Portal, mut entry: AuditEntry, response: Response) -> Response {
    complete(portal, &mut entry, &response);
    // A stranger's requests that were refused say nothing of anybody.
    if entry.user.is_empty() && response.status() == StatusCode::UNAUTHORIZED {
        return response;
    }
    match portal.identity().record_audit(entry).await {
        Err(error) if response.status().is_success() => Problem::from(error).into_response(),
        _ => response,
    }
}

fn complete(portal: &Portal, entry: &mut AuditEntry, response: &Response) {
    entry.status = response.status().as_u16();
    if let Some(Actor(user)) = response.extensions().get() {
        entry.user.clone_from(user);
    }
    if let Some(Changed { old, new }) = response.extensions().get() {
        entry.changes = portal.identity().audit_changes(old.as_ref(), new.as_ref());
        let named = new.as_ref().or(old.as_ref()).and_then(|value| value["name"].as_str());
        if entry.name.is_empty() {
            entry.name = named.unwrap_or_default().to_owned();
        }
    }
}

/// `POST /api/users/ann/password` is: create users/password of ann.
fn describe(request: &Request) -> AuditEntry {
    let verb = match *request.method() {
        Method::DELETE => "delete",
        Method::PUT | Method::PATCH => "update",
        _ => "create",
    };
    let pattern = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let path = request.uri().path();
    let mut resource = Vec::new();
    let mut name = String::new();
    for (part, actual) in pattern.split('/').zip(path.split('/')).skip(2) {
        match part.starts_with('{') {
            true => name = actual.to_owned(),
            false => resource.push(part),
        }
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let agent = request.headers().get(header::USER_AGENT);
    AuditEntry {
        source: peer.map(|peer| peer.0.ip().to_canonical().to_string()).unwrap_or_default(),
        agent: agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned(),
        verb: verb.to_owned(),
        group: GROUP.to_owned(),
        resource: resource.join("/"),
        name,
        ..AuditEntry::default()
    }
}
