//! OTLP logs over HTTP, as protobuf or JSON, and over gRPC: records become entries with
//! the same fields as collected lines.

pub mod grpc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::entry::Entry;
use crate::error::Error;
use crate::line::severity_of_name;
use crate::scope::Scope;
use crate::time;

/// The index name of lines that came this way.
const INDEX: &str = "otlp";

/// Attributes with a field of their own; the first that is there wins.
const FIELDS: [(&str, &str); 8] = [
    ("k8s.namespace.name", "namespace"),
    ("k8s.pod.name", "pod"),
    ("k8s.container.name", "container"),
    ("k8s.node.name", "node"),
    ("dais.app", "app"),
    ("service.name", "app"),
    ("dais.user", "user"),
    ("dais.workspace", "workspace"),
];

pub async fn receive(
    State(logs): State<Engine>,
    scope: Option<Extension<Scope>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let scope = scope.map_or_else(Scope::nothing, |Extension(scope)| scope);
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let request = if is_json {
        serde_json::from_slice::<ExportLogsServiceRequest>(&body).map_err(|error| error.to_string())
    } else {
        ExportLogsServiceRequest::decode(body).map_err(|error| error.to_string())
    };
    let request = match request {
        Ok(request) => request,
        Err(reason) => {
            return (StatusCode::BAD_REQUEST, Json(json!({"code": 3, "message": reason})))
                .into_response();
        }
    };
    if let Err(refused) = take(&logs, &scope, request).await {
        // Exporters send again after either of the latter two.
        let (status, code) = match &refused {
            Refused::Forbidden(_) => (StatusCode::FORBIDDEN, 7),
            Refused::Failed(Error::Full(_)) => (StatusCode::TOO_MANY_REQUESTS, 8),
            Refused::Failed(_) => (StatusCode::SERVICE_UNAVAILABLE, 14),
        };
        let body = json!({"code": code, "message": refused.to_string()});
        return (status, Json(body)).into_response();
    }
    if is_json {
        return Json(json!({})).into_response();
    }
    let accepted = ExportLogsServiceResponse::default().encode_to_vec();
    ([(header::CONTENT_TYPE, "application/x-protobuf")], accepted).into_response()
}

/// Why records are not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("lines of k8s.namespace.name {0} may not be written with these rights")]
    Forbidden(Value),
    #[error(transparent)]
    Failed(#[from] Error),
}

/// All of a request, or nothing of it.
async fn take(
    logs: &Engine,
    scope: &Scope,
    request: ExportLogsServiceRequest,
) -> Result<(), Refused> {
    let entries = entries(request);
    let namespace = |entry: &Entry| entry.source.get("namespace").cloned().unwrap_or_default();
    let foreign = entries.iter().map(namespace).find(|name| !scope.allows(name.as_str()));
    if let Some(name) = foreign {
        return Err(Refused::Forbidden(name));
    }
    logs.ingest(entries).await?;
    Ok(())
}

fn entries(request: ExportLogsServiceRequest) -> Vec<Entry> {
    let mut entries = Vec::new();
    for resource in request.resource_logs {
        let about = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        for scope in resource.scope_logs {
            entries.extend(scope.log_records.into_iter().map(|record| entry(&about, record)));
        }
    }
    entries
}

fn entry(resource: &[KeyValue], record: LogRecord) -> Entry {
    let nanoseconds =
        [record.time_unix_nano, record.observed_time_unix_nano].into_iter().find(|time| *time > 0);
    let timestamp = nanoseconds.and_then(|time| i64::try_from(time).ok()).unwrap_or_else(time::now);
    let mut source = Map::new();
    source.insert("@timestamp".into(), time::format(timestamp).into());
    let message = record.body.map(value).map(|body| crate::entry::word(&body)).unwrap_or_default();
    source.insert("message".into(), message.into());
    let named = severity_of_name(&record.severity_text)
        .or_else(|| severity_of_number(record.severity_number));
    if let Some(severity) = named {
        source.insert("severity".into(), severity.into());
    }
    for (name, id) in [("trace_id", &record.trace_id), ("span_id", &record.span_id)] {
        if !id.is_empty() {
            source.insert(name.into(), hex(id).into());
        }
    }
    let mut fields = Map::new();
    for attribute in resource.iter().chain(&record.attributes) {
        let value = attribute.value.clone().map(value).unwrap_or_default();
        fields.insert(attribute.key.clone(), value);
    }
    for (attribute, field) in FIELDS {
        if let Some(Value::String(value)) = fields.get(attribute) {
            source.entry(field).or_insert_with(|| value.clone().into());
        }
    }
    source.insert("fields".into(), Value::Object(fields));
    Entry { sequence: 0, id: None, index: INDEX.into(), timestamp, source }
}

/// OpenTelemetry's severity numbers come in fours.
fn severity_of_number(number: i32) -> Option<&'static str> {
    const NAMES: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];
    let index = usize::try_from(number - 1).ok()? / 4;
    NAMES.get(index).copied()
}

fn value(any: AnyValue) -> Value {
    match any.value {
        None => Value::Null,
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(truth)) => truth.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        Some(any_value::Value::DoubleValue(number)) => number.into(),
        Some(any_value::Value::BytesValue(bytes)) => hex(&bytes).into(),
        Some(any_value::Value::ArrayValue(members)) => {
            members.values.into_iter().map(value).collect()
        }
        Some(any_value::Value::KvlistValue(members)) => {
            let members = members
                .values
                .into_iter()
                .map(|member| (member.key, member.value.map(value).unwrap_or_default()));
            Value::Object(members.collect())
        }
        // A string by index exists only inside the profiling signal.
        Some(_) => Value::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
