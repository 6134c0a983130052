//! `POST`, `GET` and `DELETE /datasets/{dataset}/versions/{version}/profile/{path…}`

use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{Asked, OfVersionFile};
use crate::Data;
use crate::error::Result;
use crate::preview::format::Format;
use crate::scope::{Editor, Scope};

/// The longest that one request waits.
const PATIENCE: u64 = 30;

pub(super) fn router() -> Router<Data> {
    let routes = get(show).post(begin).delete(cancel);
    Router::new().route("/datasets/{dataset}/versions/{version}/profile/{*path}", routes)
}

#[derive(Deserialize)]
struct How {
    #[serde(rename = "as")]
    format: Option<Format>,
    /// Seconds to wait for the end.
    #[serde(default)]
    wait: u64,
}

async fn show(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfVersionFile>,
    Asked(how): Asked<How>,
) -> Result<Json<Value>> {
    let file = data.file(&scope.project, &of.dataset, &of.version, &of.path).await?;
    let key = data.profile_key(&scope.project, &file, how.format).await?;
    let wait = Duration::from_secs(how.wait.min(PATIENCE));
    Ok(Json(data.profile(&key, wait).await?))
}

async fn begin(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfVersionFile>,
    Asked(how): Asked<How>,
) -> Result<(StatusCode, Json<Value>)> {
    let file = data.file(&scope.project, &of.dataset, &of.version, &of.path).await?;
    let key = data.profile_key(&scope.project, &file, how.format).await?;
    let known = data.begin_profile(&key, &file).await?;
    let status = if known["state"] == "ready" { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(known)))
}

async fn cancel(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfVersionFile>,
    Asked(how): Asked<How>,
) -> Result<StatusCode> {
    let file = data.file(&scope.project, &of.dataset, &of.version, &of.path).await?;
    let key = data.profile_key(&scope.project, &file, how.format).await?;
    data.cancel_profile(&key);
    Ok(StatusCode::NO_CONTENT)
}
