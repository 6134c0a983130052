//! The data protocol over HTTP, to be mounted below `/data/p/{project}`.
//!
//! | | |
//! |---|---|
//! | `POST /uploads` | begin; answers `{upload}` |
//! | `PUT /uploads/{upload}/files/{path…}` | one file, streamed; header `x-checksum-sha256` is verified |
//! | `POST /uploads/{upload}/reuse` | `{files: [{path, digest, size}]}`: take what the project has; answers `{missing: [path]}` |
//! | `GET /uploads/{upload}` | what it has so far |
//! | `DELETE /uploads/{upload}` | give up |
//! | `POST /uploads/{upload}/commit` | `{dataset}`; answers `{dataset, version, digest, files, bytes, created}` |
//! | `GET /datasets` | datasets with their newest version |
//! | `GET /datasets/{dataset}/versions` | all versions |
//! | `GET /datasets/{dataset}/versions/{version}` | one version and its files |
//! | `GET /datasets/{dataset}/versions/{version}/files/{path…}` | a file |
//! | `GET /datasets/{dataset}/diff?from=v1&to=v2` | how two versions differ |
//! | `PUT /code` | a tar stream; answers `{digest, files, bytes}` |
//! | `GET /code/{digest}` | a bundle's files |

use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use futures::Stream;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::scope::{Editor, Scope};
use crate::versions::Version;
use crate::{Data, Error, paths};

const CHECKSUM: &str = "x-checksum-sha256";
/// A list of a million paths.
const LARGEST_JSON: usize = 256 << 20;

pub fn router(data: Data) -> Router {
    Router::new()
        .route("/uploads", post(begin))
        .route("/uploads/{upload}", get(show).delete(abort))
        .route("/uploads/{upload}/files/{*path}", put(put_file).layer(DefaultBodyLimit::disable()))
        .route("/uploads/{upload}/reuse", post(reuse).layer(DefaultBodyLimit::max(LARGEST_JSON)))
        .route("/uploads/{upload}/commit", post(commit))
        .route("/datasets", get(datasets))
        .route("/datasets/{dataset}/versions", get(versions))
        .route("/datasets/{dataset}/versions/{version}", get(version))
        .route("/datasets/{dataset}/versions/{version}/files/{*path}", get(download))
        .route("/datasets/{dataset}/diff", get(diff))
        .route("/code", put(put_code).layer(DefaultBodyLimit::disable()))
        .route("/code/{digest}", get(code))
        .fallback(async || Error::NotFound { what: "address", name: "data".into() })
        .with_state(data)
}

/// An address may carry parts that others own (`{project}`), hence structs.
#[derive(Deserialize)]
struct OfUpload {
    upload: String,
}

#[derive(Deserialize)]
struct OfFile {
    upload: String,
    path: String,
}

#[derive(Deserialize)]
struct OfDataset {
    dataset: String,
}

#[derive(Deserialize)]
struct OfVersion {
    dataset: String,
    version: String,
}

#[derive(Deserialize)]
struct OfVersionFile {
    dataset: String,
    version: String,
    path: String,
}

#[derive(Deserialize)]
struct OfCode {
    digest: String,
}

fn body<T>(json: Result<Json<T>, JsonRejection>) -> Result<T> {
    json.map(|Json(value)| value).map_err(|rejection| Error::invalid("body", rejection.body_text()))
}

async fn begin(
    State(data): State<Data>,
    Editor(scope): Editor,
) -> Result<(StatusCode, Json<Value>)> {
    let upload = data.begin_upload(&scope.project).await?;
    Ok((StatusCode::CREATED, Json(json!({ "upload": upload }))))
}

async fn show(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfUpload>,
) -> Result<Json<Value>> {
    Ok(Json(json!({ "files": data.list_upload(&scope.project, &of.upload).await? })))
}

async fn abort(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfUpload>,
) -> Result<StatusCode> {
    data.abort_upload(&scope.project, &of.upload).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn put_file(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfFile>,
    headers: HeaderMap,
    content: Body,
) -> Result<Json<Value>> {
    let expected = match headers.get(CHECKSUM) {
        None => None,
        Some(value) => Some(Digest::parse(CHECKSUM, value.to_str().unwrap_or("(not text)"))?),
    };
    let stored =
        data.put_file(&scope, (&of.upload, &of.path), expected, content.into_data_stream()).await?;
    Ok(Json(json!(stored)))
}

#[derive(Deserialize)]
struct Reuse {
    files: Vec<FileEntry>,
}

async fn reuse(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfUpload>,
    asked: Result<Json<Reuse>, JsonRejection>,
) -> Result<Json<Value>> {
    let mut missing = Vec::new();
    for file in body(asked)?.files {
        if !data.reuse_file(&scope.project, &of.upload, &file).await? {
            missing.push(file.path);
        }
    }
    Ok(Json(json!({ "missing": missing })))
}

#[derive(Deserialize)]
struct Commit {
    dataset: String,
}

async fn commit(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfUpload>,
    asked: Result<Json<Commit>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>)> {
    let dataset = body(asked)?.dataset;
    let (version, created) = data.commit(&scope, &of.upload, &dataset).await?;
    let Version { name, digest, files, bytes, created_at, created_by } = version;
    let answer = json!({
        "dataset": dataset, "version": name, "digest": digest, "files": files, "bytes": bytes,
        "createdAt": created_at, "createdBy": created_by, "created": created,
    });
    Ok((if created { StatusCode::CREATED } else { StatusCode::OK }, Json(answer)))
}

async fn datasets(State(data): State<Data>, scope: Scope) -> Result<Json<Value>> {
    let found = data.datasets(&scope.project).await?;
    let shown: Vec<Value> =
        found.into_iter().map(|(name, latest)| json!({ "name": name, "latest": latest })).collect();
    Ok(Json(json!({ "datasets": shown })))
}

async fn versions(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfDataset>,
) -> Result<Json<Value>> {
    paths::dataset(&of.dataset)?;
    let found = data.versions(&scope.project, &of.dataset).await?;
    if found.is_empty() {
        return Err(Error::NotFound { what: "dataset with versions", name: of.dataset });
    }
    Ok(Json(json!({ "versions": found })))
}

async fn version(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfVersion>,
) -> Result<Json<Value>> {
    let version = data.version(&scope.project, &of.dataset, &of.version).await?;
    let manifest = data.manifest(&scope.project, &version.digest).await?;
    Ok(Json(json!({ "version": version, "files": manifest.files() })))
}

async fn download(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfVersionFile>,
    headers: HeaderMap,
) -> Result<Response> {
    let version = data.version(&scope.project, &of.dataset, &of.version).await?;
    let manifest = data.manifest(&scope.project, &version.digest).await?;
    let file = manifest.files().iter().find(|file| file.path == of.path);
    let file = file.ok_or_else(|| Error::NotFound { what: "file", name: of.path.clone() })?;
    let tag = format!("\"{}\"", file.digest);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let content = data.inner.blobs.open_blob(&scope.project, &file.digest).await?;
    // Files are somebody's, and served from the portal's own origin: a browser
    // must save them, never run them.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, file.size.to_string()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
        (header::ETAG, tag),
    ];
    Ok((headers, Body::from_stream(pieces(content))).into_response())
}

fn pieces(file: File) -> impl Stream<Item = std::io::Result<Bytes>> {
    const PIECE: usize = 256 << 10;
    futures::stream::try_unfold(file, |mut file| async move {
        let mut buffer = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut buffer).await?;
        Ok((read > 0).then(|| (Bytes::from(buffer), file)))
    })
}

#[derive(Deserialize)]
struct Between {
    from: String,
    to: String,
}

async fn diff(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfDataset>,
    between: Result<Query<Between>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>> {
    let Query(Between { from, to }) =
        between.map_err(|rejection| Error::invalid("query", rejection.body_text()))?;
    let from = data.version(&scope.project, &of.dataset, &from).await?;
    let to = data.version(&scope.project, &of.dataset, &to).await?;
    let before = data.manifest(&scope.project, &from.digest).await?;
    let after = data.manifest(&scope.project, &to.digest).await?;
    Ok(Json(json!({ "from": from, "to": to, "difference": before.difference(after) })))
}

async fn put_code(
    State(data): State<Data>,
    Editor(scope): Editor,
    content: Body,
) -> Result<(StatusCode, Json<Value>)> {
    let bundle = data.put_code(&scope, content.into_data_stream()).await?;
    Ok((StatusCode::CREATED, Json(json!(bundle))))
}

async fn code(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfCode>,
) -> Result<Json<Value>> {
    let digest = data.code(&scope.project, &of.digest).await?.to_string();
    let manifest = data.manifest(&scope.project, &digest).await?;
    Ok(Json(json!({ "digest": digest, "files": manifest.files() })))
}
