//! `/v1/traces`, as protobuf or JSON, plain or gzip.

use std::io::Read;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use super::{MAX_BODY, receive};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::store::Traces;

/// gRPC's numbers for what OTLP answers.
const INVALID_ARGUMENT: i32 = 3;
const PERMISSION_DENIED: i32 = 7;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;

/// Seconds after which an exporter may try again: the writer empties its queue in less.
const RETRY_AFTER: &str = "1";

pub fn router(traces: Traces) -> Router {
    Router::new()
        .route("/v1/traces", post(export))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(traces)
}

async fn export(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    let scope = scope.map_or_else(Scope::nothing, |Extension(scope)| scope);
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            return failure(rejection.status(), INVALID_ARGUMENT, &rejection.body_text());
        }
    };
    let is_json = starts_with(&headers, header::CONTENT_TYPE, "application/json");
    let received = plain(&headers, body)
        .and_then(|body| decode(&body, is_json))
        .and_then(|request| receive(&traces, &scope, request));
    match received {
        Err(error) => refused(&error),
        Ok(()) if is_json => Json(json!({})).into_response(),
        Ok(()) => {
            let accepted = ExportTraceServiceResponse::default().encode_to_vec();
            ([(header::CONTENT_TYPE, "application/x-protobuf")], accepted).into_response()
        }
    }
}

fn starts_with(headers: &HeaderMap, name: HeaderName, prefix: &str) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes().starts_with(prefix.as_bytes()))
}

/// The body without its compression.
fn plain(headers: &HeaderMap, body: Bytes) -> Result<Bytes> {
    let encoding = headers.get(header::CONTENT_ENCODING).map_or(&b"identity"[..], |v| v.as_bytes());
    match encoding {
        b"" | b"identity" => return Ok(body),
        b"gzip" | b"x-gzip" => {}
        other => {
            return Err(Error::BadRequest(format!(
                "Content-Encoding [{}] is not known here; send gzip or nothing",
                String::from_utf8_lossy(other)
            )));
        }
    }
    let mut plain = Vec::new();
    let mut decoder = MultiGzDecoder::new(&*body).take(MAX_BODY as u64 + 1);
    decoder
        .read_to_end(&mut plain)
        .map_err(|error| Error::BadRequest(format!("the body is no gzip: {error}")))?;
    if plain.len() > MAX_BODY {
        return Err(Error::BadRequest(format!(
            "the body has more than {MAX_BODY} bytes uncompressed; send smaller batches"
        )));
    }
    Ok(plain.into())
}

fn decode(body: &[u8], is_json: bool) -> Result<ExportTraceServiceRequest> {
    if is_json {
        return serde_json::from_slice(body)
            .map_err(|error| Error::BadRequest(format!("the body is no OTLP JSON: {error}")));
    }
    ExportTraceServiceRequest::decode(body)
        .map_err(|error| Error::BadRequest(format!("the body is no OTLP protobuf: {error}")))
}

fn refused(error: &Error) -> Response {
    let (status, code) = match error {
        Error::BadRequest(_) => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, PERMISSION_DENIED),
        Error::Behind | Error::NotWritten | Error::Closed => {
            (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
        }
        Error::NotFound
        | Error::File { .. }
        | Error::Setting(_)
        | Error::Unreachable(_)
        | Error::Damaged { .. }
        | Error::Newer { .. }
        | Error::Legacy { .. } => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
    };
    let mut response = failure(status, code, &error.to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, axum::http::HeaderValue::from_static(RETRY_AFTER));
    }
    response
}

fn failure(status: StatusCode, code: i32, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message}))).into_response()
}
