//! `POST /feedback`: what came of requests that a test has answered.
//!
//! One outcome, an array of them, or one a line. Each names the request by the id that its
//! answer carried in `x-dais-request-id`, or a test and the key of the person. The right
//! to do so is to create `abtests/feedback`.

mod item;

use std::collections::BTreeMap;
use std::time::SystemTime;

use anyhow::Result;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use dais_api::ABTest;
use dais_identity::Caller;
use dais_outcomes::{Outcome, Taken};
use http::StatusCode;
use kube::api::ListParams;
use kube::{Api, Client};
use serde::Deserialize;
use serde_json::{Value, json};

use self::item::{Known, Refusal};
use super::super::access::{Access, Right};
use super::super::scopes::own_project;
use super::Outcomes;

/// Bytes of a body.
const MOST_BYTES: usize = 8 << 20;
/// Outcomes of a body.
const MOST: usize = 10_000;

#[derive(Clone)]
struct Shared {
    outcomes: Outcomes,
    client: Client,
    access: Access,
}

#[derive(Deserialize)]
struct Asked {
    project: Option<String>,
}

pub fn router(outcomes: &Outcomes, client: Client, access: Access) -> Router {
    let shared = Shared { outcomes: outcomes.clone(), client, access };
    Router::new()
        .route("/feedback", post(take))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(shared)
}

async fn take(
    State(shared): State<Shared>,
    Query(asked): Query<Asked>,
    caller: Option<Extension<Caller>>,
    body: String,
) -> Response {
    let Some(Extension(caller)) = caller else {
        let hint = "send Authorization: Bearer <token>; the portal's account page makes tokens";
        return refuse(StatusCode::UNAUTHORIZED, "nobody is signed in", hint);
    };
    let items = match items(&body) {
        Ok(items) => items,
        Err(response) => return *response,
    };
    let project = asked.project.clone().or_else(|| own_project(&caller));
    match shared.take(&caller, project.as_deref(), &items).await {
        Ok(Done::Taken(taken, refused)) => answer(taken, &refused),
        Ok(Done::Forbidden(project)) => refuse(
            StatusCode::FORBIDDEN,
            &format!("{} may not tell outcomes of project {project:?}", caller.user),
            "ask an administrator of the project for the role edit, or for the right to create abtests/feedback",
        ),
        Ok(Done::Full(words)) => {
            refuse(StatusCode::TOO_MANY_REQUESTS, &words, "send what is known")
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "outcomes not taken");
            let hint = "the platform's log says why; nothing was lost, send it again";
            refuse(StatusCode::SERVICE_UNAVAILABLE, "the outcomes could not be written", hint)
        }
    }
}

fn refuse(status: StatusCode, reason: &str, hint: &str) -> Response {
    (status, Json(json!({"error": {"reason": reason, "hint": hint}}))).into_response()
}

/// 202, unless there was nothing to take at all.
fn answer(taken: Taken, refused: &[Refusal]) -> Response {
    let status = match (taken.new + taken.duplicates, refused.is_empty()) {
        (0, false) => StatusCode::BAD_REQUEST,
        _ => StatusCode::ACCEPTED,
    };
    let body = json!({"taken": taken.new, "duplicates": taken.duplicates, "refused": refused});
    (status, Json(body)).into_response()
}

/// One object, an array, or one object a line.
fn items(body: &str) -> Result<Vec<Value>, Box<Response>> {
    let refuse = |reason: &str| {
        let hint = r#"send {"requestId": "…", "metric": "…", "value": 1}, an array of such, or one a line"#;
        Box::new(refuse(StatusCode::BAD_REQUEST, reason, hint))
    };
    let stream = serde_json::Deserializer::from_str(body).into_iter::<Value>();
    let mut found = Vec::new();
    for value in stream {
        match value.map_err(|error| refuse(&format!("the body is not JSON: {error}")))? {
            Value::Array(values) => found.extend(values),
            value => found.push(value),
        }
        if found.len() > MOST {
            return Err(refuse(&format!("more than {MOST} outcomes at once")));
        }
    }
    if found.is_empty() { Err(refuse("the body has no outcome")) } else { Ok(found) }
}

enum Done {
    Taken(Taken, Vec<Refusal>),
    Forbidden(String),
    Full(String),
}

impl Shared {
    async fn take(&self, caller: &Caller, project: Option<&str>, items: &[Value]) -> Result<Done> {
        let now = super::milliseconds(SystemTime::now());
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let mut outcomes: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
        let mut refused = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let project = match item::project(index, item, project) {
                Ok(project) => project,
                Err(refusal) => {
                    refused.push(refusal);
                    continue;
                }
            };
            if !known.contains_key(project) {
                // The same words whether the project exists or not.
                if !self.access.allows(caller, &Right::FEEDBACK, project).await? {
                    return Ok(Done::Forbidden(project.to_owned()));
                }
                known.insert(project.to_owned(), self.known(project).await?);
            }
            match item::read(index, item, &known[project], now) {
                Ok(outcome) => outcomes.entry(project.to_owned()).or_default().push(outcome),
                Err(refusal) => refused.push(refusal),
            }
        }
        let mut all = Taken::default();
        for (project, outcomes) in outcomes {
            match self.outcomes.store.take(&project, &outcomes, now).await {
                Ok(taken) => {
                    all.new += taken.new;
                    all.duplicates += taken.duplicates;
                }
                Err(full @ dais_outcomes::Error::TooManyWaiting { .. }) => {
                    return Ok(Done::Full(full.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Done::Taken(all, refused))
    }

    async fn known(&self, project: &str) -> Result<Known> {
        let tests = Api::<ABTest>::namespaced(self.client.clone(), project);
        let tests = tests.list(&ListParams::default()).await?;
        Ok(Known::of(project, &tests.items))
    }
}
