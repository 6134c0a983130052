//! Algorithms beyond a project's own objects: what comes with dais, and what other projects
//! share: `GET /api/algorithms/…`.
//!
//! Of an algorithm that is shared, a project's people see what they need to run it: its
//! versions, parameters and inputs. Its object, its code and its project stay its own
//! project's.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_api::{Algorithm, AlgorithmSpec, Environment};
use dais_controllers::algorithm::{Version, Versions};
use dais_identity::Caller;
use http::{StatusCode, header};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::access::{Access, Right};
use super::refusals::{refuse, unknown_caller};
use crate::library::{self, WORKS};

#[derive(Clone)]
struct Shared {
    client: Client,
    access: Access,
}

pub fn router(client: Client, access: Access) -> Router {
    Router::new()
        .route("/api/algorithms/library", get(library))
        .route("/api/algorithms/library/{name}/code", get(code))
        .route("/api/algorithms/{project}/shared", get(shared))
        .with_state(Shared { client, access })
}

// The error is the answer itself, made once per refused request.
#[allow(clippy::result_large_err)]
fn caller(request: &Request) -> Result<Caller, Response> {
    request.extensions().get::<Caller>().cloned().ok_or_else(unknown_caller)
}

/// What comes with dais is the same for everybody.
async fn library(request: Request) -> Response {
    if let Err(response) = caller(&request) {
        return response;
    }
    let told: anyhow::Result<Vec<Value>> = WORKS.iter().map(told).collect();
    match told {
        Ok(works) => Json(json!({ "algorithms": works })).into_response(),
        Err(error) => broken(&error, "the library could not be read"),
    }
}

fn told(work: &library::Work) -> anyhow::Result<Value> {
    let (environment, algorithm): (Environment, Algorithm) = work.objects()?;
    let files = work.files().into_iter();
    let files: Vec<Value> = files.map(|(path, text)| json!({"path": path, "text": text})).collect();
    Ok(json!({
        "name": work.name, "environment": environment, "algorithm": algorithm, "files": files,
    }))
}

/// The code as it is uploaded: `PUT /data/p/<project>/code`.
async fn code(Path(name): Path<String>, request: Request) -> Response {
    if let Err(response) = caller(&request) {
        return response;
    }
    let Some(work) = library::find(&name) else {
        let names: Vec<&str> = WORKS.iter().map(|work| work.name).collect();
        let hint = format!("there are {}", names.join(", "));
        return refuse(StatusCode::NOT_FOUND, "name", "no such algorithm comes with dais", &hint);
    };
    match work.archive() {
        Ok(archive) => ([(header::CONTENT_TYPE, "application/x-tar")], archive).into_response(),
        Err(error) => broken(&error, "the code could not be packed"),
    }
}

async fn shared(
    State(at): State<Shared>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    let caller = match caller(&request) {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    match at.access.allows(&caller, &Right::READ_ALGORITHMS, &project).await {
        Ok(true) => {}
        Ok(false) => {
            let hint = "ask an administrator of the project for the role view";
            let reason = "its algorithms are not yours to see";
            return refuse(StatusCode::FORBIDDEN, "project", reason, hint);
        }
        Err(error) => return broken(&error, "rights could not be checked"),
    }
    match shared_with(&at.client, &project).await {
        Ok(found) => Json(json!({ "algorithms": found })).into_response(),
        Err(error) => broken(&error, "the algorithms could not be read"),
    }
}

fn broken(error: &anyhow::Error, reason: &str) -> Response {
    tracing::error!(error = format!("{error:#}"), reason, "algorithms not told");
    let hint = "the platform's log says why; try again when that is mended";
    refuse(StatusCode::SERVICE_UNAVAILABLE, "", reason, hint)
}

async fn shared_with(client: &Client, project: &str) -> anyhow::Result<Vec<Value>> {
    let all = Api::<Algorithm>::all(client.clone()).list(&ListParams::default()).await?;
    let mut found = Vec::new();
    for algorithm in all.items {
        let owner = algorithm.namespace().unwrap_or_default();
        if owner == project || !algorithm.spec.is_shared_with(project) {
            continue;
        }
        let versions = Versions::read(&algorithm, client).await?;
        let of = |version: &Version| about(&algorithm.spec, version);
        found.push(json!({
            "name": format!("{owner}/{}", algorithm.name_any()),
            "title": algorithm.spec.title,
            "description": algorithm.spec.description,
            "versions": versions.iter().rev().map(of).collect::<Vec<_>>(),
        }));
    }
    found.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    Ok(found)
}

fn about(algorithm: &AlgorithmSpec, version: &Version) -> Value {
    let AlgorithmSpec { parameters, inputs, outputs, resources, checkpoints, .. } = &version.spec;
    json!({
        "name": version.name(),
        "deprecated": algorithm.deprecation(&version.name()),
        "spec": {
            "parameters": parameters, "inputs": inputs, "outputs": outputs,
            "resources": resources, "checkpoints": checkpoints,
        },
    })
}
