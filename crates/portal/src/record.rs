//! The audit record of what is done through `/api`.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use dais_identity::{AuditEntry, Caller};

use crate::Portal;

/// Where audit records file the accounts.
const GROUP: &str = "identity";

/// Who did it, where only the handler knows: travels as a response extension.
#[derive(Clone)]
pub(crate) struct Actor(pub String);

pub(crate) async fn record(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let signs_in = request.uri().path() == "/api/login";
    if request.method().is_safe() && !signs_in {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>().cloned();
    let mut entry = describe(&request);
    let response = next.run(request).await;
    if let Some(caller) = caller {
        entry.via = caller.via.to_string();
        entry.user = caller.user;
    }
    if let Some(Actor(user)) = response.extensions().get() {
        entry.user.clone_from(user);
    }
    // A stranger's requests that were refused say nothing of anybody.
    let noise = entry.user.is_empty() && response.status() == StatusCode::UNAUTHORIZED;
    entry.status = response.status().as_u16();
    if !noise && let Err(error) = portal.identity().record_audit(entry) {
        tracing::error!(%error, "audit record not kept");
    }
    response
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
    AuditEntry {
        verb: verb.to_owned(),
        group: GROUP.to_owned(),
        resource: resource.join("/"),
        name,
        ..AuditEntry::default()
    }
}
