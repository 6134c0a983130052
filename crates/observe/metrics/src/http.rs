//! Prometheus's HTTP API, mounted by the binary under a prefix (`/api/v1/…` here).
//! A request carries its [`Scope`](crate::Scope) as an extension; one without sees nothing.

mod admin;
mod answer;
mod exemplars;
pub(crate) mod federate;
mod language;
mod parameters;
mod query;
pub(crate) mod rules;
mod runtime;
mod series;
mod status;
mod turns;

use axum::Router;
use axum::extract::{Extension, FromRef};
use axum::routing::{get, post};

use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::promql::Limits;
use crate::rules::RulesView;
use crate::scope::Scope;
use crate::scrape::Targets;
use crate::store::Store;

pub use parameters::parse_duration;

pub use admin::Admin;
pub(crate) use answer::no_route;
pub(crate) use parameters::Parameters;
pub(crate) use turns::Turns;

/// What the routes answer from.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub metadata: Metadata,
    pub targets: Targets,
    pub rules: RulesView,
    pub limits: Limits,
}

/// What a handler may ask for.
#[derive(Clone)]
struct Served {
    api: Api,
    turns: Turns,
}

impl FromRef<Served> for Api {
    fn from_ref(served: &Served) -> Self {
        served.api.clone()
    }
}

impl FromRef<Served> for Turns {
    fn from_ref(served: &Served) -> Self {
        served.turns.clone()
    }
}

pub fn router(api: Api) -> Router {
    let turns = Turns::new(api.limits);
    Router::new()
        .route("/api/v1/query", get(query::instant).post(query::instant))
        .route("/api/v1/query_range", get(query::range).post(query::range))
        .route("/api/v1/query_exemplars", get(exemplars::query).post(exemplars::query))
        .route("/api/v1/format_query", get(language::format).post(language::format))
        .route("/api/v1/series", get(series::series).post(series::series))
        .route("/api/v1/labels", get(series::labels).post(series::labels))
        .route("/api/v1/label/{name}/values", get(series::values))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/alerts", get(rules::alerts))
        .route("/api/v1/metadata", get(status::metadata))
        .route("/api/v1/targets", get(status::targets))
        .route("/api/v1/status/buildinfo", get(status::build))
        .route("/api/v1/status/config", get(runtime::config))
        .route("/api/v1/status/flags", get(runtime::flags))
        .route("/api/v1/status/runtimeinfo", get(runtime::info))
        .route("/api/v1/status/tsdb", get(runtime::store))
        .route("/api/v1/status/walreplay", get(runtime::replay))
        .route(
            "/api/v1/admin/tsdb/delete_series",
            post(admin::delete_series).put(admin::delete_series),
        )
        .route(
            "/api/v1/admin/tsdb/clean_tombstones",
            post(admin::clean_tombstones).put(admin::clean_tombstones),
        )
        .route("/federate", get(federate::federate).post(federate::federate))
        .route("/-/healthy", get(runtime::healthy))
        .route("/-/ready", get(runtime::ready))
        .fallback(answer::no_route)
        .with_state(Served { api, turns })
}

/// The scope of a request: nothing when the binary inserted none.
pub(crate) fn scope_of(scope: Option<Extension<Scope>>) -> Scope {
    scope.map_or_else(Scope::nothing, |Extension(scope)| scope)
}

/// Queries compute and read files, so they run where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?
}
