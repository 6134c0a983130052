//! The data protocol over HTTP, to be mounted below `/data/p/{project}`.
//!
//! | | |
//! |---|---|
//! | `POST /uploads` | begin; answers `{upload}` |
//! | `PUT /uploads/{upload}/files/{path…}` | one file, streamed; header `x-checksum-sha256` is verified |
//! | the same with `content-range: bytes FIRST-LAST/SIZE` | a part of it, from where the one before ended; answers 202 and `{path, received, size}` until it is whole |
//! | `PUT /uploads/{upload}/archive?under=` | a tar, tar.gz or zip, whose files are added, all or none; answers `{files, bytes}` |
//! | `POST /uploads/{upload}/reuse` | `{files: [{path, digest, size}]}`: take what the project has; answers `{missing: [path]}` |
//! | `GET /uploads/{upload}` | what it has so far: `files`, and `partial` of what can be gone on with |
//! | `DELETE /uploads/{upload}` | give up |
//! | `POST /uploads/{upload}/commit` | `{dataset}`; answers `{dataset, version, digest, files, bytes, created}` |
//! | `GET /datasets` | datasets with their newest version |
//! | `GET /datasets/{dataset}/versions` | all versions |
//! | `GET /datasets/{dataset}/versions/{version}` | one version and its files |
//! | `GET /datasets/{dataset}/versions/{version}/files/{path…}` | a file |
//! | `GET /datasets/{dataset}/versions/{version}/preview/{path…}` | a page of a file: rows, lines or what a picture is |
//! | `POST`, `GET`, `DELETE …/versions/{version}/profile/{path…}` | have made, see or cancel what the columns of a table hold |
//! | `GET /datasets/{dataset}/diff?from=v1&to=v2` | how two versions differ, a page at a time |
//! | `PATCH /datasets/{dataset}/versions/{version}` | `{description}` |
//! | `GET /datasets/{dataset}/tags`; `PUT`, `DELETE …/tags/{tag}` | names of versions; `{version}` |
//! | `POST /datasets/{dataset}/retention/plan`, `…/apply` | old versions: what a rule would remove, and removing it |
//! | `GET`, `PUT`, `DELETE /datasets/{dataset}/retention` | the rule that is applied again each day |
//! | `GET /search?q=…` | datasets by name, versions by tag and description, files by path |
//! | `GET /usage` | bytes that datasets and code take together, each content once: `{used, limit}` |
//! | `PUT /code` | a tar stream; answers `{digest, files, bytes}` |
//! | `GET /code/{digest}` | a bundle's files |
//! | `GET /code/{digest}/files/{path…}` | one of them |

mod diff;
mod download;
mod preview;
mod profile;
mod retention;
mod search;
mod tags;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::origin::Origin;
use crate::partial::{Outcome, Part};
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
        .route("/uploads/{upload}/archive", put(put_archive).layer(DefaultBodyLimit::disable()))
        .route("/uploads/{upload}/reuse", post(reuse).layer(DefaultBodyLimit::max(LARGEST_JSON)))
        .route("/uploads/{upload}/commit", post(commit))
        .route("/datasets", get(datasets))
        .route("/datasets/{dataset}/versions", get(versions))
        .route("/datasets/{dataset}/versions/{version}", get(version))
        .route("/code", put(put_code).layer(DefaultBodyLimit::disable()))
        .route("/code/{digest}", get(code))
        .route("/usage", get(usage))
        .merge(diff::router())
        .merge(download::router())
        .merge(preview::router())
        .merge(profile::router())
        .merge(retention::router())
        .merge(search::router())
        .merge(tags::router())
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

#[derive(Deserialize)]
struct OfCodeFile {
    digest: String,
    path: String,
}

/// The query, refused in our own words.
struct Asked<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Asked(asked)),
            Err(rejection) => Err(Error::invalid("query", rejection.body_text())),
        }
    }
}

/// How many entries of a list one answer has.
fn page(limit: Option<usize>) -> Result<usize> {
    const MOST: usize = 1000;
    match limit.unwrap_or(100) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(Error::invalid("limit", format!("expected 1 to {MOST}, got {other}"))),
    }
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
    Ok(Json(json!(data.list_upload(&scope.project, &of.upload).await?)))
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
) -> Result<(StatusCode, Json<Value>)> {
    let expected = match headers.get(CHECKSUM) {
        None => None,
        Some(value) => Some(Digest::parse(CHECKSUM, value.to_str().unwrap_or("(not text)"))?),
    };
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let content = content.into_data_stream();
    let file = (of.upload.as_str(), of.path.as_str());
    if let Some(range) = headers.get(CONTENT_RANGE) {
        let part = Part::parse(range.to_str().unwrap_or("(not text)"))?;
        return Ok(match data.put_part(&scope, file, (part, expected), content).await? {
            Outcome::Whole(stored) => (StatusCode::OK, Json(json!(stored))),
            Outcome::More(beginning) => (StatusCode::ACCEPTED, Json(json!(beginning))),
        });
    }
    let stored = data.put_file(&scope, file, (announced, expected), content).await?;
    Ok((StatusCode::OK, Json(json!(stored))))
}

#[derive(Deserialize)]
struct Archive {
    /// The folder to unpack into.
    #[serde(default)]
    under: String,
}

async fn put_archive(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfUpload>,
    Asked(archive): Asked<Archive>,
    content: Body,
) -> Result<Json<Value>> {
    let content = content.into_data_stream();
    Ok(Json(json!(data.import(&scope, &of.upload, &archive.under, content).await?)))
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
    origin: Option<Origin>,
}

async fn commit(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfUpload>,
    asked: Result<Json<Commit>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>)> {
    let Commit { dataset, origin } = body(asked)?;
    let (version, created) = data.commit(&scope, &of.upload, (&dataset, origin)).await?;
    let Version { name, digest, files, bytes, created_at, created_by, origin, .. } = version;
    let answer = json!({
        "dataset": dataset, "version": name, "digest": digest, "files": files, "bytes": bytes,
        "createdAt": created_at, "createdBy": created_by, "created": created, "origin": origin,
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

async fn usage(State(data): State<Data>, scope: Scope) -> Result<Json<Value>> {
    let (used, limit) = data.usage(&scope.project).await?;
    Ok(Json(json!({ "used": used, "limit": limit })))
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
