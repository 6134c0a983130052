//! Handlers that store, list, send and delete artifact files.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Row;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::entity::{DONE, Done};
use crate::error::Result;
use crate::files::Entry;
use crate::input::{Input, Required};
use crate::location::Locations;
use crate::scope::{Editor, Scope};
use crate::{Error, Tracking, kept, logged_models, runs};

/// An address may carry parts that others own, hence a struct.
#[derive(Deserialize)]
pub(crate) struct At {
    path: String,
}

pub(crate) async fn upload(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Path(at): Path<At>,
    body: Body,
) -> Result<Json<Done>> {
    // Before the files are here: who may not need not send them.
    kept::free(tracking.database().read(), &scope, &at.path).await?;
    let turn = tracking.turn_to_change(&scope, &at.path);
    tracking.files().write(&scope.project, &at.path, body.into_data_stream(), turn).await?;
    Ok(DONE)
}

pub(crate) async fn download(
    State(tracking): State<Tracking>,
    scope: Scope,
    Path(at): Path<At>,
) -> Result<Response> {
    let (file, size) = tracking.files().read(&scope.project, &at.path).await?;
    // Files are somebody's, and served from the portal's own origin: a browser
    // must save them, never run them.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks(file))).into_response())
}

fn chunks(file: File) -> impl Stream<Item = std::io::Result<Bytes>> {
    const CHUNK: usize = 256 << 10;
    futures::stream::try_unfold(file, |mut file| async move {
        let mut buffer = Vec::with_capacity(CHUNK);
        let read = (&mut file).take(CHUNK as u64).read_to_end(&mut buffer).await?;
        Ok((read > 0).then(|| (Bytes::from(buffer), file)))
    })
}

pub(crate) async fn delete(
    State(tracking): State<Tracking>,
    Editor(scope): Editor,
    Path(at): Path<At>,
) -> Result<Json<Done>> {
    let _turn = tracking.turn_to_change(&scope, &at.path).await?;
    tracking.files().delete(&scope.project, &at.path).await?;
    Ok(DONE)
}

#[derive(Deserialize)]
pub(crate) struct List {
    run_id: Option<String>,
    run_uuid: Option<String>,
    path: Option<String>,
    artifact_directory_path: Option<String>,
}

/// Entries as the protocol shows them, each below `prefix`.
fn shown(entries: Vec<Entry>, prefix: &str) -> Vec<Value> {
    entries
        .into_iter()
        .map(|Entry { name, size }| {
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            match size {
                Some(size) => json!({ "path": path, "is_dir": false, "file_size": size }),
                None => json!({ "path": path, "is_dir": true }),
            }
        })
        .collect()
}

pub(crate) async fn list(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<List>,
) -> Result<Json<Value>> {
    let entries =
        tracking.files().list(&scope.project, request.path.as_deref().unwrap_or("")).await?;
    Ok(Json(json!({ "files": shown(entries, "") })))
}

/// Lists below a root that we hold; paths are relative to that root.
async fn list_below(
    tracking: &Tracking,
    scope: &Scope,
    stored: &str,
    path: Option<String>,
) -> Result<Json<Value>> {
    let root = Locations::local(stored).ok_or_else(|| {
        Error::invalid(format!(
            "The artifacts are at '{stored}', outside this server: list them there"
        ))
    })?;
    let path = path.unwrap_or_default();
    let path = path.trim_end_matches('/');
    let full = if path.is_empty() { root.to_owned() } else { format!("{root}/{path}") };
    let mut entries = tracking.files().list(&scope.project, &full).await?;
    let name = path.rsplit('/').next().unwrap_or_default();
    if !path.is_empty()
        && matches!(entries.as_slice(), [only] if only.size.is_some() && only.name == name)
    {
        // The protocol lists a file as nothing. A directory that holds a lone file of its own name reads the same.
        entries.clear();
    }
    Ok(Json(
        json!({ "root_uri": tracking.locations().public(&scope.project, stored), "files": shown(entries, path) }),
    ))
}

pub(crate) async fn list_of_run(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<List>,
) -> Result<Json<Value>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    let stored: String =
        runs::find(tracking.database().read(), &scope, &run_id).await?.try_get("artifact_uri")?;
    list_below(&tracking, &scope, &stored, request.path).await
}

#[derive(Deserialize)]
pub(crate) struct OfModel {
    model_id: String,
}

pub(crate) async fn list_of_model(
    State(tracking): State<Tracking>,
    scope: Scope,
    Path(of): Path<OfModel>,
    Input(request): Input<List>,
) -> Result<Json<Value>> {
    let row = logged_models::find(tracking.database().read(), &scope, &of.model_id, false).await?;
    list_below(
        &tracking,
        &scope,
        &row.try_get::<String, _>("artifact_uri")?,
        request.artifact_directory_path,
    )
    .await
}

/// The client looks for this beginning and then uploads in one piece.
pub(crate) async fn no_multipart() -> Response {
    let message = "Multipart upload is not supported for the current artifact repository";
    (
        StatusCode::NOT_IMPLEMENTED,
        Json(json!({ "error_code": "NOT_IMPLEMENTED", "message": message })),
    )
        .into_response()
}
