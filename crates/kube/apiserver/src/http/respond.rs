//! Writing answers: objects, lists, tables, metadata alone, failures; as JSON or YAML.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WARNING};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::handle::Call;
use super::negotiate::{Accept, Encoding, Shape};
use super::yaml;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use crate::storage::Entry;
use crate::table;

/// What a verb answers.
pub(crate) struct Answer {
    pub code: u16,
    pub content: Content,
    pub warnings: Vec<String>,
}

pub(crate) enum Content {
    /// An object of the resource.
    Entry(Arc<Entry>),
    /// Anything else that is one JSON value.
    Value(Value),
    List(List),
    /// A stream of watch events, logs: already in its final form.
    Ready(Response),
}

/// A page of a list.
pub(crate) struct List {
    pub entries: Vec<Arc<Entry>>,
    pub revision: u64,
    pub continuation: Option<String>,
    pub remaining: Option<usize>,
}

impl Answer {
    pub fn entry(code: u16, entry: Arc<Entry>) -> Answer {
        Answer { code, content: Content::Entry(entry), warnings: Vec::new() }
    }

    pub fn value(code: u16, value: Value) -> Answer {
        Answer { code, content: Content::Value(value), warnings: Vec::new() }
    }

    pub fn list(list: List) -> Answer {
        Answer { code: 200, content: Content::List(list), warnings: Vec::new() }
    }

    pub fn ready(response: Response) -> Answer {
        Answer {
            code: response.status().as_u16(),
            content: Content::Ready(response),
            warnings: Vec::new(),
        }
    }

    pub fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Answer {
        self.warnings.extend(warnings);
        self
    }
}

/// The name of the object that is answered, for the audit record of a create.
#[derive(Clone)]
pub(crate) struct Named(pub String);

/// Turns a verb's answer into HTTP.
pub(crate) fn answer(call: &Call, answer: Answer) -> Response {
    let Answer { code, content, mut warnings } = answer;
    if let Some(deprecation) =
        call.resource.custom.as_ref().and_then(|custom| custom.deprecation.clone())
    {
        warnings.push(deprecation);
    }
    let mut response = match content {
        Content::Ready(response) => response,
        Content::Entry(entry) => {
            let mut response = object_answer(call, code, &entry);
            response.extensions_mut().insert(Named(object::name(&entry.object).to_owned()));
            response
        }
        Content::Value(value) => encode(code, &value, call.accept),
        Content::List(list) => list_answer(call, code, &list),
    };
    for warning in warnings {
        let text = format!("299 - {}", Value::from(warning));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(WARNING, value);
        }
    }
    response
}

fn object_answer(call: &Call, code: u16, entry: &Entry) -> Response {
    match call.accept.shape {
        Shape::Object if call.accept.encoding == Encoding::Json && !call.accept.pretty => {
            bytes(code, entry.json())
        }
        Shape::Object => encode(code, &entry.object, call.accept),
        Shape::Table => {
            let include = table::Include::parse(call.query.get("includeObject"));
            let rows = [entry.object.clone()];
            encode(
                code,
                &table::render(&call.resource, &rows, include, metadata_of(entry)),
                call.accept,
            )
        }
        Shape::Metadata | Shape::MetadataList => encode(code, &partial(&entry.object), call.accept),
    }
}

fn metadata_of(entry: &Entry) -> Value {
    json!({"resourceVersion": entry.revision.to_string()})
}

fn list_answer(call: &Call, code: u16, list: &List) -> Response {
    let metadata = list_metadata(list, call.resource.custom.is_some());
    match call.accept.shape {
        Shape::Object if call.accept.encoding == Encoding::Json && !call.accept.pretty => {
            bytes(code, write_list(&call.resource, list, &metadata))
        }
        Shape::Object => {
            let text = write_list(&call.resource, list, &metadata);
            let value: Value = serde_json::from_slice(&text).unwrap_or_default();
            encode(code, &value, call.accept)
        }
        Shape::Table => {
            let include = table::Include::parse(call.query.get("includeObject"));
            let rows: Vec<Value> = list.entries.iter().map(|entry| entry.object.clone()).collect();
            encode(
                code,
                &table::render(&call.resource, &rows, include, Value::Object(metadata)),
                call.accept,
            )
        }
        Shape::Metadata | Shape::MetadataList => {
            let items: Vec<Value> =
                list.entries.iter().map(|entry| partial(&entry.object)).collect();
            let value = json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items
            });
            encode(code, &value, call.accept)
        }
    }
}

fn list_metadata(list: &List, custom: bool) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".into(), list.revision.to_string().into());
    match &list.continuation {
        Some(token) => {
            metadata.insert("continue".into(), token.as_str().into());
        }
        None if custom => {
            metadata.insert("continue".into(), "".into());
        }
        None => {}
    }
    if let Some(remaining) = list.remaining.filter(|count| *count > 0) {
        metadata.insert("remainingItemCount".into(), remaining.into());
    }
    metadata
}

/// The items of built-in lists carry no `kind` and `apiVersion`. An entry's text
/// begins with exactly these two, so they are cut off, not parsed again.
fn write_list(resource: &Resource, list: &List, metadata: &Map<String, Value>) -> Bytes {
    let head = json!({"kind": resource.list_kind, "apiVersion": resource.api_version(), "metadata": metadata});
    let mut text = head.to_string();
    text.pop();
    text.push_str(",\"items\":[");
    let mut out = text.into_bytes();
    for (position, entry) in list.entries.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        let json = entry.json();
        match (resource.custom.is_none()).then(|| metadata_start(&json)).flatten() {
            Some(at) => {
                out.push(b'{');
                out.extend_from_slice(&json[at..]);
            }
            None => out.extend_from_slice(&json),
        }
    }
    out.extend_from_slice(b"]}");
    Bytes::from(out)
}

/// Where `"metadata"` begins, if only `kind` and `apiVersion` stand before it.
fn metadata_start(json: &[u8]) -> Option<usize> {
    const KEY: &[u8] = b",\"metadata\":";
    let window = &json[..json.len().min(400)];
    if !window.starts_with(b"{\"kind\":") {
        return None;
    }
    window.windows(KEY.len()).position(|part| part == KEY).map(|at| at + 1)
}

/// An object without anything but its metadata.
pub(crate) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get("metadata").cloned().unwrap_or_default()
    })
}

/// A failure as a `Status`, or, for an unknown group, as plain text.
pub(crate) fn failure(failure: &Failure, accept: Accept) -> Response {
    if failure.reason == PAGE_NOT_FOUND {
        return text(404, "404 page not found\n".into());
    }
    let mut response = encode(failure.code, &failure.to_value(), accept);
    if let Some(seconds) = failure.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

const PAGE_NOT_FOUND: &str = "PageNotFound";

/// What a client has already is still right. Says nothing of the content: a cache
/// puts these headers over those that it keeps, the content's type included.
pub(crate) fn not_modified() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

/// What an address that nothing is behind answers.
pub(crate) fn page_not_found() -> Failure {
    Failure::new(404, PAGE_NOT_FOUND, "404 page not found")
}

/// A value in the encoding that was asked for.
pub(crate) fn encode(code: u16, value: &Value, accept: Accept) -> Response {
    let older = accept.beta
        && accept.shape != Shape::Object
        && object::text(value, "/apiVersion") == "meta.k8s.io/v1";
    let older = older.then(|| as_beta(value.clone()));
    let value = older.as_ref().unwrap_or(value);
    match accept.encoding {
        Encoding::Json if accept.pretty => {
            let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
            text.push('\n');
            bytes(code, Bytes::from(text))
        }
        Encoding::Json => {
            let mut text = value.to_string();
            text.push('\n');
            bytes(code, Bytes::from(text))
        }
        Encoding::Yaml => typed(code, "application/yaml", Bytes::from(yaml::write(value))),
    }
}

/// The same under the name of `v1beta1`.
fn as_beta(mut value: Value) -> Value {
    const BETA: &str = "meta.k8s.io/v1beta1";
    object::set_api_version(&mut value, BETA);
    for list in ["rows", "items"] {
        for item in value.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let inner = if list == "rows" { &mut item["object"] } else { item };
            if object::text(inner, "/apiVersion") == "meta.k8s.io/v1" {
                object::set_api_version(inner, BETA);
            }
        }
    }
    value
}

fn bytes(code: u16, body: Bytes) -> Response {
    typed(code, "application/json", body)
}

pub(crate) fn text(code: u16, body: String) -> Response {
    typed(code, "text/plain; charset=utf-8", Bytes::from(body))
}

pub(crate) fn typed(code: u16, media_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}
