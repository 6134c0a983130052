//! `/api/images`: the node's container images over HTTP, and their collection.
//!
//! Images are the platform's: whoever may change images of the whole cluster loads and
//! deletes them, everybody who is signed in sees them, and any pod may run on one. Who uses
//! one is shown as far as the caller may see pods.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use dais_identity::Caller;
use dais_images::{Error, Image, Images, Removed};
use futures::TryStreamExt;
use http::StatusCode;
use http::request::Parts;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::access::{Access, Right};
use super::refusals::{refuse, unknown_caller};

/// Between looks for images that nobody has used for long.
const LOOK: Duration = Duration::from_secs(30 * 60);

type Shared = (Images, Access);

pub fn router(images: Images, access: Access) -> Router {
    Router::new()
        .route("/api/images", get(list).post(load))
        .route("/api/images/{*name}", delete(remove))
        .with_state((images, access))
}

/// Collects for as long as it is polled.
pub async fn collect(images: Images, unused_for: Duration) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let images = images.clone();
        let looked = spawn_blocking(move || images.collect(unused_for, Timestamp::now())).await;
        match looked.context("looking for unused images").and_then(|done| Ok(done?)) {
            Ok(removed) => removed.iter().for_each(|image| {
                tracing::info!(image = image.id, names = ?image.names, "an unused image is removed");
            }),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "images not collected"),
        }
    }
}

/// Somebody who is signed in.
struct Person(Caller);

impl FromRequestParts<Shared> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Response> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Person).ok_or_else(unknown_caller)
    }
}

/// Somebody who may change the platform's images.
struct Keeper;

impl FromRequestParts<Shared> for Keeper {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Response> {
        let Person(caller) = Person::from_request_parts(parts, shared).await?;
        match shared.1.allows(&caller, &Right::CHANGE_IMAGES, "").await {
            Ok(true) => Ok(Keeper),
            Ok(false) => {
                let reason = format!("{} may not load or delete images", caller.user);
                let hint = "ask an administrator of the platform";
                Err(refuse(StatusCode::FORBIDDEN, "", &reason, hint))
            }
            Err(error) => Err(broken(&error)),
        }
    }
}

async fn list(State((images, access)): State<Shared>, Person(caller): Person) -> Response {
    let visible = access.projects(&caller, &Right::READ_PODS).await;
    let may_change = access.allows(&caller, &Right::CHANGE_IMAGES, "").await;
    match (visible, may_change) {
        (Ok(visible), Ok(may_change)) => {
            let images: Vec<Value> =
                images.list().iter().map(|image| show(image, visible.as_ref())).collect();
            Json(json!({"images": images, "mayChange": may_change})).into_response()
        }
        (Err(error), _) | (_, Err(error)) => broken(&error),
    }
}

#[derive(Deserialize)]
struct Load {
    name: Option<String>,
}

async fn load(
    State((images, _)): State<Shared>,
    _: Keeper,
    Query(Load { name }): Query<Load>,
    body: Body,
) -> Response {
    let content = body.into_data_stream().map_err(std::io::Error::other);
    let content = SyncIoBridge::new(StreamReader::new(content));
    let loaded = spawn_blocking(move || images.load(content, name.as_deref())).await;
    match loaded {
        Ok(Ok(loaded)) => {
            let shown: Vec<Value> = loaded.iter().map(|image| show(image, None)).collect();
            (StatusCode::CREATED, Json(json!({"images": shown}))).into_response()
        }
        Ok(Err(error)) => failed(&error),
        Err(error) => broken(&error.into()),
    }
}

async fn remove(
    State((images, _)): State<Shared>,
    _: Keeper,
    Path(name): Path<String>,
) -> Response {
    match spawn_blocking(move || images.remove(&name)).await {
        Ok(Ok(Removed::Name(name))) => Json(json!({"removedName": name})).into_response(),
        Ok(Ok(Removed::Image(id))) => Json(json!({"removedImage": id})).into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => broken(&error.into()),
    }
}

/// `visible`: projects whose pods may be named; none: all.
fn show(image: &Image, visible: Option<&BTreeSet<String>>) -> Value {
    let is_visible = |pod: &&String| {
        let project = pod.split('/').next().unwrap_or_default();
        visible.is_none_or(|visible| visible.contains(project))
    };
    let used_by: Vec<&String> = image.used_by.iter().filter(is_visible).collect();
    json!({
        "id": image.id, "names": image.names, "manifests": image.manifests,
        "sizeBytes": image.size_bytes, "loadedAt": image.loaded_at.as_millisecond(),
        "usedAt": image.used_at.as_millisecond(), "usedBy": used_by,
    })
}

fn failed(error: &Error) -> Response {
    let reason = error.to_string();
    match error {
        Error::Refused { hint, .. } => refuse(StatusCode::BAD_REQUEST, "archive", &reason, hint),
        Error::TooLarge { .. } => {
            let hint = "make the image smaller";
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "archive", &reason, hint)
        }
        Error::Unknown(_) => {
            let hint = "`dais image list` says what there is";
            refuse(StatusCode::NOT_FOUND, "name", &reason, hint)
        }
        Error::Starting => refuse(StatusCode::SERVICE_UNAVAILABLE, "", &reason, "try again"),
        Error::InUse { by, .. } => {
            let reason = format!("{reason} by {}", by.join(", "));
            refuse(StatusCode::CONFLICT, "name", &reason, "delete those pods first")
        }
        Error::File { .. } if error.is_full() => {
            let hint = "make room on the disk of the data directory";
            refuse(StatusCode::INSUFFICIENT_STORAGE, "", "the disk is full", hint)
        }
        Error::File { source, .. } => {
            tracing::error!(%error, %source, "image not kept");
            let hint = "see the platform's log";
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "", "the image could not be kept", hint)
        }
    }
}

fn broken(error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "images not served");
    let reason = "images cannot be served now";
    refuse(StatusCode::SERVICE_UNAVAILABLE, "", reason, "try again")
}
