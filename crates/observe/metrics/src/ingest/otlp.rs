//! OTLP metrics over HTTP, as protobuf or JSON, and over gRPC. Names and labels are translated as
//! Prometheus does it. What cannot be kept is named in the answer's `partial_success`.

pub mod grpc;
mod names;
mod translate;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use prost::Message;
use serde_json::json;

use super::take::{Taken, take};
use super::{Ingest, RESERVED, admitted, body, scope_of};
use crate::error::{Error, Result};
use crate::scope::Scope;

/// gRPC's numbers for what OTLP answers.
const INVALID_ARGUMENT: i32 = 3;
const PERMISSION_DENIED: i32 = 7;
const UNAVAILABLE: i32 = 14;

pub async fn receive(
    State(ingest): State<Ingest>,
    scope: Option<Extension<Scope>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let starts = |name: header::HeaderName, with: &[u8]| {
        headers.get(name).is_some_and(|value| value.as_bytes().starts_with(with))
    };
    let is_json = starts(header::CONTENT_TYPE, b"application/json");
    let is_zipped = starts(header::CONTENT_ENCODING, b"gzip");
    let scope = scope_of(scope);
    let work = tokio::task::spawn_blocking(move || {
        let content = if is_zipped { body::unzipped(&body)? } else { body.to_vec() };
        write(&ingest, &scope, &content, is_json)
    });
    match work.await.unwrap_or(Err(Error::Closed)) {
        Ok(taken) => answered(&taken, is_json),
        Err(error) => refused(&error),
    }
}

fn write(ingest: &Ingest, scope: &Scope, content: &[u8], is_json: bool) -> Result<Taken> {
    let request = if is_json {
        serde_json::from_slice(content).map_err(|error| error.to_string())
    } else {
        ExportMetricsServiceRequest::decode(content).map_err(|error| error.to_string())
    };
    let request = request.map_err(|reason| {
        Error::BadData(format!("the body is no ExportMetricsServiceRequest: {reason}"))
    })?;
    keep(ingest, scope, request)
}

fn keep(ingest: &Ingest, scope: &Scope, request: ExportMetricsServiceRequest) -> Result<Taken> {
    let mut taken = Taken::default();
    let translated = translate::translate(request, &mut taken);
    let mut all = translated.series;
    for series in &mut all {
        series.labels = admitted(scope, series.labels.clone())?;
    }
    all.retain(|series| {
        let reserved = ingest.is_reserved(scope, &series.labels);
        if reserved {
            taken.refuse(RESERVED, series.samples.len(), Some(&series.labels));
        }
        !reserved
    });
    // What a metric is called is for all who have it to read.
    if scope.namespaces.is_none() {
        ingest.metadata.note(translated.about);
    }
    take(&ingest.store, scope, all, &mut taken)?;
    Ok(taken)
}

fn answered(taken: &Taken, is_json: bool) -> Response {
    let complaint = taken.complaint();
    if is_json {
        let partial = complaint.map(|message| {
            json!({"rejectedDataPoints": taken.refused().to_string(), "errorMessage": message})
        });
        return Json(match partial {
            None => json!({}),
            Some(partial) => json!({"partialSuccess": partial}),
        })
        .into_response();
    }
    let answer = told(taken).encode_to_vec();
    ([(header::CONTENT_TYPE, "application/x-protobuf")], answer).into_response()
}

fn told(taken: &Taken) -> ExportMetricsServiceResponse {
    let partial_success = taken.complaint().map(|error_message| ExportMetricsPartialSuccess {
        rejected_data_points: i64::try_from(taken.refused()).unwrap_or(i64::MAX),
        error_message,
    });
    ExportMetricsServiceResponse { partial_success }
}

fn refused(error: &Error) -> Response {
    let (status, code) = match error {
        Error::BadData(_) => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, PERMISSION_DENIED),
        error => {
            tracing::error!(error = error as &dyn std::error::Error, "metrics are not taken");
            (StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
        }
    };
    (status, Json(json!({"code": code, "message": error.to_string()}))).into_response()
}
