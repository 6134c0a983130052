//! OTLP traces over HTTP in: `/v1/traces`, as protobuf or JSON.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{
    Span as OtlpSpan, span::SpanKind, status::StatusCode as SpanStatus,
};
use prost::Message;
use serde_json::json;

use crate::attributes::{Attributes, Value};
use crate::scope::Scope;
use crate::span::{Event, Kind, Span, hex};
use crate::store::Traces;

/// An exporter's batch is some hundred kilobytes.
const MAX_BODY: usize = 16 << 20;

/// gRPC's numbers for what OTLP answers.
const INVALID_ARGUMENT: i32 = 3;
const PERMISSION_DENIED: i32 = 7;

pub fn router(traces: Traces) -> Router {
    Router::new()
        .route("/v1/traces", post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(traces)
}

async fn receive(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let scope = scope.map_or_else(Scope::nothing, |Extension(scope)| scope);
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let request = if is_json {
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    } else {
        ExportTraceServiceRequest::decode(body).map_err(|error| error.to_string())
    };
    let spans = request.and_then(spans);
    let mut spans = match spans {
        Ok(spans) => spans,
        Err(reason) => return refused(StatusCode::BAD_REQUEST, INVALID_ARGUMENT, &reason),
    };
    if let Err(error) = scope.admit(&mut spans) {
        return refused(StatusCode::FORBIDDEN, PERMISSION_DENIED, &error.to_string());
    }
    traces.ingest(spans);
    if is_json {
        return Json(json!({})).into_response();
    }
    let accepted = ExportTraceServiceResponse::default().encode_to_vec();
    ([(header::CONTENT_TYPE, "application/x-protobuf")], accepted).into_response()
}

fn refused(status: StatusCode, code: i32, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message}))).into_response()
}

fn spans(request: ExportTraceServiceRequest) -> Result<Vec<Span>, String> {
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let about = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let about = Arc::new(attributes(about));
        for scope in resource.scope_spans {
            let library = scope.scope.map(|scope| scope.name).unwrap_or_default();
            for span in scope.spans {
                spans.push(convert(span, &about, &library)?);
            }
        }
    }
    Ok(spans)
}

fn convert(span: OtlpSpan, resource: &Arc<Attributes>, library: &str) -> Result<Span, String> {
    let id = |what: &str, bytes: &[u8]| {
        format!("{what} of {} bytes in span {:?}", bytes.len(), span.name)
    };
    let trace_id =
        span.trace_id.as_slice().try_into().map_err(|_| id("trace_id", &span.trace_id))?;
    let span_id = span.span_id.as_slice().try_into().map_err(|_| id("span_id", &span.span_id))?;
    // No parent is written as no bytes; some exporters write zeros.
    let parent = span.parent_span_id.as_slice().try_into().ok().filter(|parent| *parent != [0; 8]);
    let kind = match SpanKind::try_from(span.kind) {
        Ok(SpanKind::Server) => Kind::Server,
        Ok(SpanKind::Client) => Kind::Client,
        Ok(SpanKind::Producer) => Kind::Producer,
        Ok(SpanKind::Consumer) => Kind::Consumer,
        _ => Kind::Internal,
    };
    let error = span
        .status
        .filter(|status| status.code == SpanStatus::Error as i32)
        .map(|status| status.message);
    let mut own = attributes(span.attributes);
    if !library.is_empty() {
        own.push("otel.scope.name", library);
    }
    let event = |event: opentelemetry_proto::tonic::trace::v1::span::Event| Event {
        time: nanoseconds(event.time_unix_nano),
        name: event.name,
        attributes: attributes(event.attributes),
    };
    Ok(Span {
        trace_id,
        span_id,
        parent,
        name: span.name.into(),
        kind,
        start: nanoseconds(span.start_time_unix_nano),
        duration: nanoseconds(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano)),
        error,
        attributes: own,
        resource: resource.clone(),
        events: span.events.into_iter().map(event).collect(),
    })
}

fn nanoseconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    pairs.into_iter().map(|pair| (pair.key, value(pair.value))).collect()
}

fn value(any: Option<AnyValue>) -> Value {
    match any.and_then(|any| any.value) {
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        other => json_value(other).into(),
    }
}

fn json_value(value: Option<any_value::Value>) -> serde_json::Value {
    let member = |any: Option<AnyValue>| json_value(any.and_then(|any| any.value));
    match value {
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(truth)) => truth.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        Some(any_value::Value::DoubleValue(number)) => number.into(),
        Some(any_value::Value::BytesValue(bytes)) => hex(&bytes).into(),
        Some(any_value::Value::ArrayValue(members)) => {
            members.values.into_iter().map(|any| member(Some(any))).collect()
        }
        Some(any_value::Value::KvlistValue(members)) => {
            members.values.into_iter().map(|pair| (pair.key, member(pair.value))).collect()
        }
        // A string by index exists only inside the profiling signal.
        Some(_) | None => serde_json::Value::Null,
    }
}
