//! A Jaeger (or Tempo) that is not ours behind the same routes. Its search takes one
//! value for a tag, so a question is asked once for each namespace of the caller, and
//! what comes back is cut down to the spans that may be seen ([`visible`]): a trace that
//! goes through several projects shows each its own part.
//!
//! What Jaeger tells of everybody together (services, operations, dependencies) is told
//! to those who may see everything; for others it is read out of traces that they see.

mod client;
mod search;
mod summary;
mod visible;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Query as Parameters, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::http::{answer, no_method, no_route, parameters, scope_of, text};
use crate::scope::Scope;
use crate::span::hex;
use client::Client;
pub(crate) use client::{address, http, words};
use search::Search;
use summary::Summaries;

/// Where it is, and with what one comes in.
#[derive(Clone)]
pub struct External {
    client: Client,
    summaries: Arc<Summaries>,
}

impl External {
    /// `url` is what stands before `/api/services`.
    ///
    /// # Errors
    /// [`Error::Setting`] when the address is none.
    pub fn new(url: &str, token: Option<&str>) -> Result<External> {
        Ok(External { client: Client::new(url, token)?, summaries: Arc::default() })
    }

    /// What it knows, in words, when it answers.
    pub async fn check(&self) -> Result<String> {
        let found = self.client.get(&["services"], &[]).await?;
        Ok(format!("Jaeger, {} services", found.as_array().map_or(0, Vec::len)))
    }
}

/// The routes of [`router`](crate::router()) that Jaeger has, answered by another one.
pub fn external_router(external: External) -> Router {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operations))
        .route("/api/operations", get(operations_by_kind))
        .route("/api/traces", get(traces))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(dependencies))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .with_state(external)
}

type Scoped = Option<Extension<Scope>>;
type Pairs = Vec<(String, String)>;

async fn services(State(external): State<External>, scope: Scoped) -> Result<Json<Value>> {
    let found = match scope_of(scope).namespaces {
        None => list(external.client.get(&["services"], &[]).await?),
        Some(namespaces) => {
            let found = external.summaries.services(&external.client, &namespaces).await?;
            found.into_iter().map(Value::from).collect()
        }
    };
    Ok(answer(found))
}

async fn operations(
    State(external): State<External>,
    service: std::result::Result<Path<String>, PathRejection>,
    scope: Scoped,
) -> Result<Json<Value>> {
    let service = text(service)?;
    let found = match scope_of(scope).namespaces {
        None => list(external.client.get(&["services", &service, "operations"], &[]).await?),
        Some(namespaces) => {
            let found = summary::operations(&external.client, &service, &namespaces).await?;
            let mut names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
            names.dedup();
            names.into_iter().map(Value::from).collect()
        }
    };
    Ok(answer(found))
}

async fn operations_by_kind(
    State(external): State<External>,
    scope: Scoped,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Json<Value>> {
    let given = |wanted: &str| {
        pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let missing = || Error::BadRequest("parameter 'service' is required".into());
    let service = given("service").ok_or_else(missing)?;
    let kind = given("spanKind");
    let Some(namespaces) = scope_of(scope).namespaces else {
        let mut asked = vec![("service".to_owned(), service.to_owned())];
        asked.extend(kind.map(|kind| ("spanKind".to_owned(), kind.to_owned())));
        return Ok(answer(list(external.client.get(&["operations"], &asked).await?)));
    };
    let found = summary::operations(&external.client, service, &namespaces).await?;
    let wanted = found.into_iter().filter(|(_, own)| kind.is_none_or(|kind| kind == own));
    Ok(answer(wanted.map(|(name, kind)| json!({"name": name, "spanKind": kind})).collect()))
}

async fn traces(
    State(external): State<External>,
    scope: Scoped,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let ids = parameters::ids(&pairs)?;
    if ids.is_empty() {
        return Ok(answer(Search::read(pairs)?.run(&external.client, &scope).await?));
    }
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        match one(&external, id, &scope).await {
            Ok(trace) => data.push(trace),
            Err(Error::NotFound) => {
                errors.push(json!({"code": 404, "msg": "trace not found", "traceID": hex(&id)}));
            }
            Err(error) => return Err(error),
        }
    }
    let mut answer = answer(data);
    if !errors.is_empty() {
        answer["errors"] = errors.into();
    }
    Ok(answer)
}

async fn trace(
    State(external): State<External>,
    id: std::result::Result<Path<String>, PathRejection>,
    scope: Scoped,
) -> Result<Json<Value>> {
    let id = parameters::trace_id(&text(id)?)?;
    Ok(answer(vec![one(&external, id, &scope_of(scope)).await?]))
}

/// The visible part of a trace; one of which nothing is visible is not there.
async fn one(external: &External, id: [u8; 16], scope: &Scope) -> Result<Value> {
    let found = list(external.client.get(&["traces", &hex(&id)], &[]).await?);
    let trace = found.into_iter().next().ok_or(Error::NotFound)?;
    visible::part(trace, scope).ok_or(Error::NotFound)
}

async fn dependencies(
    State(external): State<External>,
    scope: Scoped,
    Parameters(pairs): Parameters<Pairs>,
) -> Result<Json<Value>> {
    let (from, to) = parameters::dependency_span(&pairs, crate::head::now())?;
    let Some(namespaces) = scope_of(scope).namespaces else {
        let milliseconds = |nanoseconds: i64| (nanoseconds / 1_000_000).to_string();
        let asked = vec![
            ("endTs".to_owned(), milliseconds(to)),
            ("lookback".to_owned(), milliseconds(to.saturating_sub(from))),
        ];
        return Ok(answer(list(external.client.get(&["dependencies"], &asked).await?)));
    };
    let services = external.summaries.services(&external.client, &namespaces).await?;
    let calls = summary::dependencies(&external.client, &services, &namespaces, (from, to)).await?;
    let row =
        |((parent, child), count)| json!({"parent": parent, "child": child, "callCount": count});
    Ok(answer(calls.into_iter().map(row).collect()))
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        _ => vec![],
    }
}
