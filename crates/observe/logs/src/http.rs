//! The Elasticsearch-shaped HTTP surface, mounted by the binary under a prefix.
//! A request carries its [`Scope`](crate::Scope) as an extension; one without sees nothing.
//!
//! What pages need beyond a search is asked in Elasticsearch's own words, so that a
//! real one can answer:
//!
//! - **A page of lines**: `sort` by `@timestamp` (with `"format":
//!   "strict_date_optional_time_nanos"`, since nanoseconds do not survive JavaScript's
//!   numbers) and `_seq_no`, both in one direction; the last line's `sort` is the next
//!   page's `search_after`.
//! - **Context of a line**: its `sort` in that order, as the `search_after` of two
//!   searches over the same namespace, pod and container, one `desc` and one `asc`.
//!   With equal times the order of arrival decides, which is the order of writing.
//! - **Download**: `POST /{index}/_pit?keep_alive=1m`, pages of up to 10,000 lines with
//!   `pit` and `search_after`, `DELETE /_pit`; nothing that arrives meanwhile is in it.
//! - **Histogram**: `date_histogram` with `time_zone`, `extended_bounds` of the range
//!   that is shown, and `terms` of `severity` below it.
//! - **Live tail**: `/_tail`, which is ours alone; another engine is asked again and
//!   again for it.

mod bulk;
mod cat;
mod contexts;
mod document;
mod encoding;
mod errors;
mod incoming;
mod indices;
mod mapping;
mod parameters;
mod query;
mod tail;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, Path, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::scope::Scope;

/// A bulk request's limit; Elasticsearch's is 100 MB, ours fits the memory budget.
const MAX_BODY: usize = 32 << 20;

/// All routes, answered by our own store or by another engine.
pub fn router(logs: impl Into<Engine>) -> Router {
    Router::new()
        .route("/", get(root))
        .route("/_bulk", post(bulk::bulk).put(bulk::bulk))
        .route("/{index}/_bulk", post(bulk::bulk).put(bulk::bulk))
        .route("/_search", get(query::search).post(query::search))
        .route("/{index}/_search", get(query::search).post(query::search))
        .route("/_msearch", get(query::multiple).post(query::multiple))
        .route("/{index}/_msearch", get(query::multiple).post(query::multiple))
        .route("/_count", get(query::count).post(query::count))
        .route("/{index}/_count", get(query::count).post(query::count))
        .route("/_validate/query", get(query::validate).post(query::validate))
        .route("/{index}/_validate/query", get(query::validate).post(query::validate))
        .route("/_refresh", get(query::refresh).post(query::refresh))
        .route("/{index}/_refresh", get(query::refresh).post(query::refresh))
        .route("/{index}/_pit", post(contexts::open_pit))
        .route("/_pit", delete(contexts::close_pit))
        .route(
            "/_search/scroll",
            get(contexts::scroll).post(contexts::scroll).delete(contexts::close_scroll),
        )
        .route(
            "/_search/scroll/{id}",
            get(contexts::scroll).post(contexts::scroll).delete(contexts::close_scroll),
        )
        .route("/_mapping", get(mapping::mapping))
        .route("/{index}/_mapping", get(mapping::mapping))
        .route("/_field_caps", get(mapping::capabilities).post(mapping::capabilities))
        .route("/{index}/_field_caps", get(mapping::capabilities).post(mapping::capabilities))
        .route("/_resolve/index/{index}", get(indices::resolve).post(indices::resolve))
        .route("/{index}", get(indices::get))
        .route("/{index}/_doc", post(document::index))
        .route(
            "/{index}/_doc/{id}",
            put(document::index_as).post(document::index_as).get(document::get),
        )
        .route("/{index}/_create/{id}", put(document::create).post(document::create))
        .route("/_cat/indices", get(cat::indices))
        .route("/_cat/indices/{index}", get(cat::indices))
        .route("/_cat/count", get(cat::count).post(cat::count))
        .route("/_cat/count/{index}", get(cat::count).post(cat::count))
        .route("/_cat/health", get(cat::health))
        .route("/_cluster/health", get(cat::cluster_health))
        .route("/_cluster/health/{index}", get(cat::cluster_health))
        .route("/_tail", get(tail::tail))
        .fallback(errors::no_handler)
        .method_not_allowed_fallback(errors::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(encoding::unpacked))
        .layer(from_fn(as_elasticsearch))
        .with_state(logs.into())
}

/// OTLP logs over HTTP: `/v1/logs`.
pub fn otlp_router(logs: impl Into<Engine>) -> Router {
    Router::new()
        .route("/v1/logs", post(crate::otlp::receive))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(encoding::unpacked))
        .with_state(logs.into())
}

/// What every answer of an Elasticsearch carries, and its clients insist on.
async fn as_elasticsearch(request: Request, next: Next) -> Response {
    let versioned = request.headers().get(header::ACCEPT).and_then(|accept| {
        let accept = accept.to_str().ok()?;
        accept
            .split(',')
            .map(str::trim)
            .find(|kind| kind.starts_with("application/vnd.elasticsearch+json"))
            .map(str::to_owned)
    });
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if is_json
        && let Some(versioned) = versioned
        && let Ok(versioned) = HeaderValue::from_str(&versioned)
    {
        headers.insert(header::CONTENT_TYPE, versioned);
    }
    response
}

async fn root() -> axum::Json<Value> {
    axum::Json(json!({
        "name": "dais",
        "cluster_name": "dais",
        "cluster_uuid": "dais-logs",
        "version": {
            "number": "8.19.0",
            "build_flavor": "default",
            "build_type": "dais",
            "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    }))
}

/// The scope of a request: nothing when the binary inserted none.
fn scope_of(scope: Option<Extension<Scope>>) -> Scope {
    scope.map_or_else(Scope::nothing, |Extension(scope)| scope)
}

/// The index names of an address; none means all.
fn index_or_all(index: Option<Path<String>>) -> String {
    index.map_or_else(|| "_all".to_owned(), |Path(index)| index)
}

fn json_body(body: &Bytes) -> Result<Value> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| Error::Query {
        kind: "x_content_parse_exception",
        clause: "body".into(),
        reason: error.to_string(),
    })
}
