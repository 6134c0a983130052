//! What is known against the packages of an Environment:
//! `GET /api/environments/{project}/{name}/vulnerabilities`.
//!
//! ```text
//! {data: {state, newest, advisories, skipped, reason, hint},
//!  packages: [{name, version, vulnerabilities: […], isComparable}]}
//! ```
//!
//! `packages` is null where nothing is known: that is no word on what is installed. The
//! advisories are read again when their folder changed, and compared with what is installed
//! on each request, so that an answer is never of yesterday.

mod mirror;

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dais_advisories::{Advisories, Stamp};
use dais_api::{Environment, InstalledPackage};
use dais_identity::Caller;
use http::StatusCode;
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::access::{Access, Right};
use super::datadir::DataDir;
use super::refusals::{refuse, unknown_caller};

const SETTING: &str = "start dais with --advisories and a folder that holds PyPI/all.zip, as osv.dev \
                       publishes it, or the address of a mirror of it";

/// Advisories of a folder, as they were read last.
#[derive(Clone)]
pub struct Vulnerabilities {
    folder: Option<PathBuf>,
    /// Where the folder's contents come from, where that is not an administrator.
    mirror: Option<String>,
    read: Arc<Mutex<Read>>,
}

#[derive(Default)]
struct Read {
    /// Of the folder when it was read, whether that worked or not.
    stamp: Option<Stamp>,
    advisories: Option<Arc<Advisories>>,
    /// Why the folder's present state cannot be read.
    failure: Option<String>,
}

/// What there is to compare with.
struct Now {
    advisories: Option<Arc<Advisories>>,
    failure: Option<String>,
}

impl Vulnerabilities {
    /// Of a folder, or of a mirror's address.
    ///
    /// # Errors
    /// When there is no place for what the mirror has.
    pub fn new(source: Option<&str>, data_dir: &DataDir) -> anyhow::Result<Self> {
        let is_address =
            |source: &&str| ["http://", "https://"].iter().any(|p| source.starts_with(p));
        let mirror = source.filter(is_address).map(str::to_owned);
        let folder = match &mirror {
            Some(_) => Some(data_dir.folder("advisories")?),
            None => source.map(PathBuf::from),
        };
        Ok(Self { folder, mirror, read: Arc::default() })
    }

    /// Reads so that the first who asks need not wait; keeps up with the mirror.
    pub async fn follow(self) {
        let _ = self.now().await;
        if let (Some(mirror), Some(folder)) = (self.mirror, self.folder) {
            mirror::follow(&mirror, &folder).await;
        }
    }

    /// The folder's advisories, read again where it changed.
    async fn now(&self) -> Option<Now> {
        let folder = self.folder.clone()?;
        // One reads, the others wait for it.
        let mut read = self.read.lock().await;
        let of = folder.clone();
        let stamp = spawn_blocking(move || Advisories::stamp(&of)).await.unwrap_or_default();
        if read.stamp.as_ref() != Some(&stamp) {
            let result = spawn_blocking(move || Advisories::read(&folder)).await;
            match result.map_err(anyhow::Error::from).and_then(|read| Ok(read?)) {
                Ok(advisories) => {
                    let Advisories { count, skipped, .. } = advisories;
                    tracing::info!(advisories = count, skipped, "advisories read");
                    *read = Read { advisories: Some(Arc::new(advisories)), ..Read::default() };
                }
                // What was read before still holds.
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "advisories not read");
                    read.failure = Some(words(&error));
                }
            }
            read.stamp = Some(stamp);
        }
        let Read { advisories, failure, .. } = &*read;
        Some(Now { advisories: advisories.clone(), failure: failure.clone() })
    }
}

/// For tenants: where the data lies is nobody's business.
fn words(error: &anyhow::Error) -> String {
    match error.downcast_ref::<dais_advisories::Error>() {
        None | Some(dais_advisories::Error::Io { .. }) => {
            "a file of them cannot be read".to_owned()
        }
        Some(error) => error.to_string(),
    }
}

#[derive(Clone)]
struct Shared {
    client: Client,
    access: Access,
    known: Vulnerabilities,
}

pub fn router(client: Client, access: Access, known: Vulnerabilities) -> Router {
    Router::new()
        .route("/api/environments/{project}/{name}/vulnerabilities", get(vulnerabilities))
        .with_state(Shared { client, access, known })
}

fn broken(error: &anyhow::Error, reason: &str) -> Response {
    tracing::error!(error = format!("{error:#}"), reason, "vulnerabilities not told");
    let hint = "the platform's log says why; try again when that is mended";
    refuse(StatusCode::SERVICE_UNAVAILABLE, "", reason, hint)
}

async fn vulnerabilities(
    State(at): State<Shared>,
    Path((project, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return unknown_caller();
    };
    match at.access.allows(&caller, &Right::READ_ENVIRONMENTS, &project).await {
        Ok(true) => {}
        Ok(false) => {
            let hint = "ask an administrator of the project for the role view";
            let reason = "its environments are not yours to see";
            return refuse(StatusCode::FORBIDDEN, "project", reason, hint);
        }
        Err(error) => return broken(&error, "rights could not be checked"),
    }
    let environments = Api::<Environment>::namespaced(at.client, &project);
    let environment = match environments.get_opt(&name).await {
        Ok(Some(environment)) => environment,
        Ok(None) => {
            let reason = format!("there is no Environment {name:?} in project {project:?}");
            let hint = "`dais get environments` lists them";
            return refuse(StatusCode::NOT_FOUND, "name", &reason, hint);
        }
        Err(error) => return broken(&error.into(), "the environment could not be read"),
    };
    let packages = environment.status.unwrap_or_default().packages;
    Json(told(at.known.now().await, &packages)).into_response()
}

fn told(now: Option<Now>, packages: &[InstalledPackage]) -> Value {
    let Some(Now { advisories, failure }) = now else {
        return json!({"data": {"state": "none", "hint": SETTING}, "packages": null});
    };
    let Some(advisories) = advisories else {
        let data = json!({"state": "unreadable", "reason": failure, "hint": SETTING});
        return json!({"data": data, "packages": null});
    };
    // What could not be read this time is said beside what was read before.
    let state = if failure.is_some() { "outdated" } else { "available" };
    let Advisories { count, skipped, newest, .. } = &*advisories;
    let data = json!({
        "state": state, "advisories": count, "skipped": skipped, "newest": newest,
        "reason": failure,
    });
    let packages: Vec<Value> = packages
        .iter()
        .map(|InstalledPackage { name, version, .. }| {
            let found = advisories.find(name, version);
            json!({
                "name": name, "version": version, "isComparable": found.is_comparable,
                "vulnerabilities": found.vulnerabilities,
            })
        })
        .collect();
    json!({"data": data, "packages": packages})
}
