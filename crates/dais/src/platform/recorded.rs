//! Puts writes outside the Kubernetes API on record: before they happen, and how they
//! ended. What cannot be put on record is refused.

mod decision;

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use dais_identity::{AuditEntry, Caller, Identity};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use self::decision::Decision;

/// Bodies up to this size are read for what they change; the others are files.
const READ: usize = 64 * 1024;
const ALIAS: &str = "/registered-models/alias";

/// Whose routes are put on record, and where old values are asked.
#[derive(Clone)]
struct Recorder {
    identity: Identity,
    before: Router,
}

/// Puts the writes of `router` on record. `before` answers what stood there.
pub fn recorded(router: Router, identity: &Identity, before: Router) -> Router {
    let recorder = Recorder { identity: identity.clone(), before };
    router.layer(from_fn_with_state(recorder, record))
}

async fn record(State(recorder): State<Recorder>, request: Request, next: Next) -> Response {
    if !changes_something(&request) {
        return next.run(request).await;
    }
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return next.run(request).await;
    };
    let entry = describe(&request, caller.clone());
    let Recorder { identity, before } = recorder;
    // A run's own bookkeeping, and questions to a model, whose bodies are nobody's
    // business: one record when it is done.
    let path = request.uri().path();
    if path.contains("/mlflow/runs/") || path.starts_with("/api/predict/") {
        let response = next.run(request).await;
        let entry = AuditEntry { status: response.status().as_u16(), ..entry };
        return match identity.record_audit(entry).await {
            Err(error) if response.status().is_success() => unrecorded(&error),
            _ => response,
        };
    }
    let begun = match identity.begin_audit(entry).await {
        Ok(begun) => begun,
        Err(error) => return unrecorded(&error),
    };
    let (request, new) = match read(request).await {
        Ok(read) => read,
        Err(refused) => return *refused,
    };
    let (old, new) = match Decision::of(&caller, &request) {
        Some(decision) => decision.told(before, new).await,
        None => {
            let question = new.as_ref().and_then(|new| alias_of(&caller, &request, new));
            let old = match question {
                Some((question, shown)) => version_of(before, question, shown).await,
                None => None,
            };
            (old, new)
        }
    };
    let response = next.run(request).await;
    let status = response.status();
    let changes = identity.audit_changes(old.as_ref(), new.as_ref());
    begun
        .finish(|entry| {
            entry.status = status.as_u16();
            if let Some(name) = new.as_ref().and_then(|new| new["name"].as_str()) {
                entry.name = name.to_owned();
            }
            entry.changes = changes;
        })
        .await;
    response
}

/// Everything but reads, questions that are POSTed, and telemetry's own stream.
fn changes_something(request: &Request) -> bool {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let asks = path.ends_with("/search") || path.contains("/metrics/get");
    // What a run logs of itself is its own record, thousands of lines of it; and alerts
    // are told by rules, again and again.
    let streams = path.contains("/runs/log-") || path.ends_with("/api/v2/alerts");
    // Of metrics, only their deletion; queries and samples are POSTed, too.
    let streams = streams || path.starts_with("/prometheus/") && !path.contains("/admin/");
    !(reads || asks || streams)
}

fn describe(request: &Request, caller: Caller) -> AuditEntry {
    let path = request.uri().path();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let agent = request.headers().get(header::USER_AGENT);
    AuditEntry {
        user: caller.user,
        via: caller.via.to_string(),
        source: peer.map(|peer| peer.0.ip().to_canonical().to_string()).unwrap_or_default(),
        agent: agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned(),
        verb: request.method().as_str().to_ascii_lowercase(),
        namespace: project_of(path),
        resource: path.to_owned(),
        ..AuditEntry::default()
    }
}

fn is_short_json(request: &Request) -> bool {
    let header = |name| request.headers().get(name)?.to_str().ok();
    let length = header(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let is_json = header(header::CONTENT_TYPE).is_some_and(|kind| kind.contains("json"));
    is_json && length.is_some_and(|length| length <= READ)
}

/// The JSON that a request brings, and the request as it was.
async fn read(request: Request) -> Result<(Request, Option<Value>), Box<Response>> {
    if !is_short_json(&request) {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let bytes: Bytes = match axum::body::to_bytes(body, READ).await {
        Ok(bytes) => bytes,
        Err(_) => {
            let words =
                json!({"error": {"reason": "the body ended early", "hint": "send it again"}});
            return Err(Box::new((StatusCode::BAD_REQUEST, axum::Json(words)).into_response()));
        }
    };
    let value = serde_json::from_slice(&bytes).ok();
    Ok((Request::from_parts(parts, Body::from(bytes)), value))
}

/// The question where an alias points before it is moved, and how its answer is shown.
fn alias_of(caller: &Caller, request: &Request, new: &Value) -> Option<(Request, Value)> {
    let path = request.uri().path().strip_suffix(ALIAS)?;
    let (name, alias) = (new["name"].as_str()?, new["alias"].as_str()?);
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("name", name), ("alias", alias)])
        .finish();
    let mut question = Request::get(format!("{path}{ALIAS}?{query}")).body(Body::empty()).ok()?;
    question.extensions_mut().insert(caller.clone());
    Some((question, json!({"name": name, "alias": alias})))
}

async fn ask(before: Router, question: Request) -> Option<Value> {
    let answer = before.oneshot(question).await.ok()?;
    let bytes = axum::body::to_bytes(answer.into_body(), READ).await.ok()?;
    serde_json::from_slice(&bytes).ok()
}

async fn version_of(before: Router, question: Request, mut shown: Value) -> Option<Value> {
    let answer = ask(before, question).await?;
    shown["version"] = answer["model_version"]["version"].as_str()?.into();
    Some(shown)
}

fn unrecorded(error: &dais_identity::Error) -> Response {
    let (status, reason, hint) = match error.is_full_disk() {
        true => (
            StatusCode::INSUFFICIENT_STORAGE,
            "the disk is full; nothing was stored".to_owned(),
            "free space, or ask the platform's operator to",
        ),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the audit record could not be written: {error}"),
            "the platform's log says why; try again when that is mended",
        ),
    };
    let body = json!({
        "error": {"reason": reason, "hint": hint},
        "error_code": "TEMPORARILY_UNAVAILABLE",
        "message": format!("{reason}; {hint}"),
    });
    (status, axum::Json(body)).into_response()
}

fn project_of(path: &str) -> String {
    let mut words = path.split('/').skip_while(|word| *word != "p" && *word != "predict");
    words.nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_read_from_the_path() {
        assert_eq!(project_of("/mlflow/p/risk/api/2.0/mlflow/runs/create"), "risk");
        assert_eq!(project_of("/api/predict/risk/digits"), "risk");
        assert_eq!(project_of("/mlflow/api/2.0/mlflow/runs/create"), "");
    }

    #[test]
    fn questions_and_streams_are_no_writes() {
        let changes = |path: &str| {
            changes_something(&Request::post(path).body(Body::empty()).expect("a request"))
        };
        assert!(changes("/mlflow/p/a/api/2.0/mlflow/registered-models/alias"));
        assert!(changes("/alertmanager/api/v2/silences"));
        assert!(changes("/prometheus/api/v1/admin/tsdb/delete_series"));
        for path in [
            "/mlflow/p/a/api/2.0/mlflow/runs/search",
            "/mlflow/p/a/api/2.0/mlflow/runs/log-batch",
            "/alertmanager/api/v2/alerts",
            "/prometheus/api/v1/query_range",
            "/prometheus/api/v1/write",
        ] {
            assert!(!changes(path), "{path}");
        }
    }
}
