//! Datasets that other projects share: `GET /api/datasets/{project}/shared` lists them, and
//! `/data/p/{project}/datasets/{owner}%2F{name}/…` reads one.
//!
//! Of a dataset that is shared, a project's people see its versions and read their files.
//! Its object and its project stay its own project's.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_api::{Dataset, DatasetVersion};
use dais_controllers::dataset;
use dais_controllers::seams::Datasets;
use dais_data::{Data, Scope};
use dais_identity::Caller;
use http::{StatusCode, Uri};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::Versions;
use crate::platform::access::{Access, Right};

#[derive(Clone)]
struct Shared {
    client: Client,
    access: Access,
    data: Data,
}

pub fn router(client: Client, access: Access, data: Data) -> Router {
    Router::new().route("/api/datasets/{project}/shared", get(list)).with_state(Shared {
        client,
        access,
        data,
    })
}

fn refuse(status: StatusCode, field: &str, reason: &str, hint: &str) -> Response {
    let error = json!({"field": field, "reason": reason, "hint": hint});
    (status, Json(json!({"error": error, "message": format!("{reason}; {hint}")}))).into_response()
}

pub(in crate::platform) fn broken(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "shared datasets not told");
    let hint = "the platform's log says why; try again when that is mended";
    refuse(StatusCode::SERVICE_UNAVAILABLE, "", "the datasets could not be read", hint)
}

async fn list(State(at): State<Shared>, Path(project): Path<String>, request: Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>() else {
        let hint = "sign in, or send an API token as Authorization: Bearer …";
        return refuse(StatusCode::UNAUTHORIZED, "", "nobody is signed in", hint);
    };
    match at.access.allows(caller, &Right::READ_DATA, &project).await {
        Ok(true) => {}
        Ok(false) => {
            let hint = "ask an administrator of the project for the role view";
            let reason = "its datasets are not yours to see";
            return refuse(StatusCode::FORBIDDEN, "project", reason, hint);
        }
        Err(error) => return broken(&format!("{error:#}")),
    }
    match at.shared_with(&project).await {
        Ok(found) => Json(json!({ "datasets": found })).into_response(),
        Err(error) => broken(&format!("{error:#}")),
    }
}

impl Shared {
    async fn shared_with(&self, project: &str) -> anyhow::Result<Vec<Value>> {
        let all = Api::<Dataset>::all(self.client.clone()).list(&ListParams::default()).await?;
        let mut found = Vec::new();
        for dataset in all.items {
            let owner = dataset.namespace().unwrap_or_default();
            if owner == project || !dataset.spec.is_shared_with(project) {
                continue;
            }
            let name = dataset.name_any();
            let versions = Versions(self.data.clone()).versions(&owner, &name).await?;
            found.push(json!({
                "name": format!("{owner}/{name}"),
                "description": dataset.spec.description,
                "tags": dataset.spec.tags,
                "versions": versions.iter().map(about).collect::<Vec<_>>(),
            }));
        }
        found.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
        Ok(found)
    }
}

/// Who made it and out of what is its own project's to know.
fn about(version: &DatasetVersion) -> Value {
    let DatasetVersion { name, digest, files, bytes, created_at, .. } = version;
    json!({"name": name, "digest": digest, "files": files, "bytes": bytes, "createdAt": created_at})
}

/// Turns a request for another project's dataset to that project, as one who may only read;
/// leaves every other as it is.
///
/// # Errors
/// 404 when there is no such dataset or it is not shared, in the same words; 403 for what
/// would change it or tells more than its versions and files.
// The error is the answer itself, made once per refused request.
#[allow(clippy::result_large_err)]
pub async fn enter(
    client: &Client,
    scope: &mut Scope,
    request: &mut Request,
) -> Result<(), Response> {
    let Some((named, rest)) = named(request.uri().path()) else { return Ok(()) };
    let found = match dataset::find(client, &scope.project, &named).await {
        Ok(Ok(found)) => found,
        Ok(Err(words)) => {
            let hint = "`dais data list` lists what there is";
            return Err(refuse(StatusCode::NOT_FOUND, "dataset", &words, hint));
        }
        Err(error) => return Err(broken(&error)),
    };
    if !request.method().is_safe() || !is_content(rest) {
        let reason = format!("{named} is shared to be read: its versions and their files");
        let hint = "the people of its own project change it";
        return Err(refuse(StatusCode::FORBIDDEN, "dataset", &reason, hint));
    }
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let address = format!("/datasets/{}/{rest}{query}", found.name);
    *request.uri_mut() = address.parse::<Uri>().map_err(|error| broken(&error))?;
    (scope.project, scope.write) = (found.project, false);
    Ok(())
}

/// `owner/name` and what follows in `/datasets/{owner}%2F{name}/…`.
fn named(path: &str) -> Option<(String, &str)> {
    let (name, rest) = path.strip_prefix("/datasets/")?.split_once('/')?;
    let slash = name.find("%2F").or_else(|| name.find("%2f"))?;
    Some((format!("{}/{}", &name[..slash], &name[slash + 3..]), rest))
}

/// Versions, their files and how they differ; not the rule by which old ones are removed.
fn is_content(rest: &str) -> bool {
    matches!(rest.split('/').next(), Some("versions" | "diff" | "tags"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_inside_a_name_names_another_project() {
        let of = |path: &'static str| named(path).map(|(name, rest)| (name, rest.to_owned()));
        let found = |name: &str, rest: &str| Some((name.to_owned(), rest.to_owned()));
        assert_eq!(of("/datasets/lab%2Fd/versions/v1"), found("lab/d", "versions/v1"));
        assert_eq!(of("/datasets/lab%2fd/diff"), found("lab/d", "diff"));
        assert_eq!(of("/datasets/d/versions/v1/files/a%2Fb"), None);
        assert_eq!(of("/datasets/lab%2Fd"), None);
        assert_eq!(of("/uploads/a%2Fb/commit"), None);
        assert!(is_content("versions/v1/files/x") && !is_content("retention"));
    }
}
