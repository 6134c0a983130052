//! `GET /datasets/{dataset}/versions/{version}/files/{path…}`
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

use super::OfVersionFile;
use crate::Data;
use crate::error::Result;
use crate::preview::image;
use crate::scope::Scope;

pub(super) fn router() -> Router<Data> {
    Router::new().route("/datasets/{dataset}/versions/{version}/files/{*path}", get(download))
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

async fn download(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfVersionFile>,
    headers: HeaderMap,
) -> Result<Response> {
    let file = data.file(&scope.project, &of.dataset, &of.version, &of.path).await?;
    let tag = format!("\"{}\"", file.digest);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let content = data.content(&scope.project, &file).await?;
    let mut start = Vec::new();
    let opened = data.inner.blobs.open_blob(&scope.project, &file.digest).await?;
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
