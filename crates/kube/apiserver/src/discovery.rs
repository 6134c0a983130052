//! Everything that is no resource: what is served, which version this is, how it
//! is, and the OpenAPI documents.

pub mod documents;
pub mod groups;
pub mod openapi;

use std::sync::Arc;

use axum::response::Response;
use http::header::ACCEPT;
use http::request::Parts;
use serde_json::json;

use crate::http::negotiate::{self, Accept};
use crate::http::query::Query;
use crate::http::respond;
use crate::registry::Catalog;
use crate::server::Server;
use crate::status::Failure;

/// The Kubernetes release whose behaviour this server shows.
const MAJOR: &str = "1";
const MINOR: &str = "36";

pub(crate) fn serve(
    server: &Arc<Server>,
    catalog: &Arc<Catalog>,
    path: &str,
    parts: &Parts,
    query: &Query,
) -> Result<Response, Failure> {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    let read = parts.method == http::Method::GET || parts.method == http::Method::HEAD;
    let pieces: Vec<&str> = trimmed.split('/').skip(1).collect();
    let always = matches!(pieces.as_slice(), ["apis"] | ["openapi", "v3"])
        || pieces.first().is_some_and(|one| is_health(one));
    match pieces.as_slice() {
        [] => groups::root(catalog, accept(parts)?),
        ["version"] if read => Ok(respond::encode(200, &version(), accept(parts)?)),
        ["metrics"] if read => {
            Ok(respond::text(200, server.metrics.render(server.objects.store().revision())))
        }
        [first, rest @ ..] if is_health(first) => health(first, rest, query),
        ["openapi", "v2"] if read => Ok(documents::v2(&server.documents, catalog)),
        ["openapi", "v3", rest @ ..] if read || always => {
            documents::v3(&server.documents, catalog, rest, parts)
        }
        ["api"] | ["apis"] if (read || always) && wants_aggregated(parts) => {
            Ok(groups::aggregated(catalog, pieces[0], parts))
        }
        ["api"] if read => Ok(respond::encode(200, &groups::versions(), accept(parts)?)),
        ["apis"] => Ok(respond::encode(200, &groups::groups(catalog), accept(parts)?)),
        ["apis", name] if read => match groups::group(catalog, name) {
            Some(group) => Ok(respond::encode(200, &group, accept(parts)?)),
            None => Err(respond::page_not_found()),
        },
        ["api", version] if read => groups::resources(catalog, "", version)
            .map(|list| respond::encode(200, &list, Accept::JSON)),
        ["apis", group, version] if read => {
            let accept = accept(parts)?;
            groups::resources(catalog, group, version)
                .map(|list| respond::encode(200, &list, accept))
        }
        ["version"] | ["api"] | ["api", _] | ["apis", _] | ["apis", _, _] => {
            Err(Failure::method_not_allowed())
        }
        _ => Err(respond::page_not_found()),
    }
}

fn accept(parts: &Parts) -> Result<Accept, Failure> {
    negotiate::accept(&parts.headers, false, false)
}

fn wants_aggregated(parts: &Parts) -> bool {
    let header =
        parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(',').next().is_some_and(|first| {
        first.contains("as=APIGroupDiscoveryList")
            && first.contains("v=v2")
            && !first.contains("v=v2beta1")
            && !first.contains("protobuf")
    }) || header.split(',').any(|one| {
        one.contains("application/json")
            && one.contains("as=APIGroupDiscoveryList")
            && one.contains("v=v2;")
    })
}

fn is_health(piece: &str) -> bool {
    matches!(piece, "healthz" | "livez" | "readyz")
}

fn health(kind: &str, rest: &[&str], query: &Query) -> Result<Response, Failure> {
    match rest {
        [] if query.get("verbose").is_some() => Ok(respond::text(
            200,
            format!("[+]ping ok\n[+]log ok\n[+]store ok\n{kind} check passed\n"),
        )),
        [] | ["ping" | "log" | "store" | "etcd"] => Ok(respond::text(200, "ok".into())),
        _ => Err(respond::page_not_found()),
    }
}

fn version() -> serde_json::Value {
    json!({
        "major": MAJOR,
        "minor": MINOR,
        "emulationMajor": MAJOR,
        "emulationMinor": MINOR,
        "minCompatibilityMajor": MAJOR,
        "minCompatibilityMinor": "35",
        "gitVersion": concat!("v1.36.2+dais.", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, platform())
    })
}

/// The machine's architecture as Go names it.
fn platform() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
