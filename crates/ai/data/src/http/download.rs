//! `GET /datasets/{dataset}/versions/{version}/files/{path…}`, `GET /code/{digest}/files/{path…}`
//!
//! Files are somebody's, and served from the portal's own origin: a browser
//! must save them, never run them. Pictures made of dots alone get their own
//! media type, so that a page may show them; everything else is bytes.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, StatusCode, header};
use tokio::io::AsyncReadExt;

use super::{OfCodeFile, OfVersionFile};
use crate::Data;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::preview::image;
use crate::scope::Scope;

pub(super) fn router() -> Router<Data> {
    Router::new()
        .route("/datasets/{dataset}/versions/{version}/files/{*path}", get(download))
        .route("/code/{digest}/files/{*path}", get(download_code))
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

async fn download(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfVersionFile>,
    headers: HeaderMap,
) -> Result<Response> {
    data.serve(&scope.project, (&of.dataset, &of.version), &of.path, &headers).await
}

impl Data {
    /// The answer that brings a version's file to a browser, with its tag and what keeps the
    /// browser from running it. Who may have it was decided before.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] for no such version, or no such file in it.
    pub async fn serve(
        &self,
        project: &str,
        (dataset, version): (&str, &str),
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Response> {
        let file = self.file(project, dataset, version, path).await?;
        served(self, project, &file, headers).await
    }
}

async fn download_code(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfCodeFile>,
    headers: HeaderMap,
) -> Result<Response> {
    let digest = data.code(&scope.project, &of.digest).await?.to_string();
    let manifest = data.manifest(&scope.project, &digest).await?;
    let file = manifest.file(&of.path).cloned();
    let file = file.ok_or_else(|| crate::Error::NotFound { what: "file", name: of.path })?;
    served(&data, &scope.project, &file, &headers).await
}

async fn served(
    data: &Data,
    project: &str,
    file: &FileEntry,
    headers: &HeaderMap,
) -> Result<Response> {
    let tag = format!("\"{}\"", file.digest);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let content = data.content(project, file).await?;
    let mut start = Vec::new();
    let opened = data.inner.blobs.open_blob(project, &file.digest).await?;
    opened
        .take(image::START)
        .read_to_end(&mut start)
        .await
        .map_err(crate::Error::file("reading content"))?;
    let headers = [
        (header::CONTENT_TYPE, image::media_type(&start).unwrap_or(BYTES).to_owned()),
        (header::CONTENT_LENGTH, file.size.to_string()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
        (RESOURCE_POLICY, "same-origin".to_owned()),
        (header::ETAG, tag),
    ];
    Ok((headers, Body::from_stream(content)).into_response())
}

const BYTES: &str = "application/octet-stream";
