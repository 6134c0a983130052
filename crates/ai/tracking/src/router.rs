//! The addresses of the protocol.
//!
//! The current client speaks `/api/2.0`, some of its calls `/api/3.0`, and
//! MLflow's pages the same below `/ajax-api`; all are the same service.

use axum::extract::{DefaultBodyLimit, OriginalUri};
use axum::routing::{delete, get, patch, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::{
    Error, Tracking, aliases, approvals, artifacts, decisions, experiment_search, experiments,
    history, inputs, logged_model_pairs, logged_model_search, logged_models, logging,
    registered_models, run_search, runs, stages, version_search, versions,
};

/// The release of the client and protocol that this was tried against.
const PROTOCOL: &str = "3.17.2";

/// The whole service, to be mounted below `/mlflow` and `/mlflow/p/{project}`
/// by whoever inserts a [`Scope`](crate::Scope) into each request.
pub fn router(tracking: Tracking) -> Router {
    let mut router = Router::new()
        .route("/health", get(async || "OK"))
        .route("/version", get(async || PROTOCOL));
    for prefix in ["/api/2.0", "/api/3.0", "/ajax-api/2.0", "/ajax-api/3.0"] {
        router = router.nest(prefix, service());
    }
    router
        .fallback(async |OriginalUri(uri): OriginalUri| Error::Endpoint(uri.path().to_owned()))
        .method_not_allowed_fallback(async || Error::Method)
        .with_state(tracking)
}

fn service() -> Router<Tracking> {
    Router::new()
        .nest("/mlflow/experiments", experiment_routes())
        .nest("/mlflow/runs", run_routes())
        .nest("/mlflow/logged-models", logged_model_routes())
        .nest("/mlflow/registered-models", registered_model_routes())
        .nest("/mlflow/model-versions", version_routes())
        .nest("/dais/model-approvals", approval_routes())
        .route("/mlflow/metrics/get-history", get(history::one))
        .route("/mlflow/metrics/get-history-bulk", get(history::bulk))
        .route("/mlflow/metrics/get-history-bulk-interval", get(history::interval))
        .route("/mlflow/artifacts/list", get(artifacts::list_of_run))
        .route("/mlflow/server-info", get(server_info))
        .route("/mlflow-artifacts/artifacts", get(artifacts::list))
        .route(
            "/mlflow-artifacts/artifacts/{*path}",
            put(artifacts::upload)
                .get(artifacts::download)
                .delete(artifacts::delete)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/mlflow-artifacts/mpu/{step}/{*path}", post(artifacts::no_multipart))
}

async fn server_info() -> Json<Value> {
    Json(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "features_enabled": {},
    }))
}

fn experiment_routes() -> Router<Tracking> {
    Router::new()
        .route("/create", post(experiments::create))
        .route("/get", get(experiments::get))
        .route("/get-by-name", get(experiments::get_by_name))
        .route("/search", get(experiment_search::search).post(experiment_search::search))
        .route("/update", post(experiments::update))
        .route("/delete", post(experiments::delete))
        .route("/restore", post(experiments::restore))
        .route("/set-experiment-tag", post(experiments::set_tag))
        .route("/delete-experiment-tag", post(experiments::delete_tag))
}

fn run_routes() -> Router<Tracking> {
    Router::new()
        .route("/create", post(runs::create))
        .route("/get", get(runs::get))
        .route("/update", post(runs::update))
        .route("/delete", post(runs::delete))
        .route("/restore", post(runs::restore))
        .route("/search", post(run_search::search))
        .route("/log-batch", post(logging::log_batch))
        .route("/log-metric", post(logging::log_metric))
        .route("/log-parameter", post(logging::log_param))
        .route("/set-tag", post(logging::set_tag))
        .route("/delete-tag", post(logging::delete_tag))
        .route("/log-model", post(logging::log_model))
        .route("/log-inputs", post(inputs::log_inputs))
        .route("/outputs", post(inputs::log_outputs))
}

fn logged_model_routes() -> Router<Tracking> {
    Router::new()
        .route("/", post(logged_models::create))
        .route("/search", post(logged_model_search::search))
        .route(
            "/{model_id}",
            get(logged_models::get).patch(logged_models::finalize).delete(logged_models::delete),
        )
        .route("/{model_id}/tags", patch(logged_model_pairs::set_tags))
        .route("/{model_id}/tags/{tag_key}", delete(logged_model_pairs::delete_tag))
        .route("/{model_id}/params", post(logged_model_pairs::log_params))
        .route("/{model_id}/artifacts/directories", get(artifacts::list_of_model))
}

fn registered_model_routes() -> Router<Tracking> {
    Router::new()
        .route("/create", post(registered_models::create))
        .route("/get", get(registered_models::get))
        .route("/rename", post(registered_models::rename))
        .route("/update", patch(registered_models::update))
        .route("/delete", delete(registered_models::delete))
        .route("/search", get(registered_models::search))
        .route("/set-tag", post(registered_models::set_tag))
        .route("/delete-tag", delete(registered_models::delete_tag))
        .route("/get-latest-versions", get(stages::get_latest).post(stages::get_latest))
        .route("/alias", get(aliases::by_alias).post(aliases::set).delete(aliases::delete))
}

/// Not MLflow's: how protected aliases move.
fn approval_routes() -> Router<Tracking> {
    Router::new()
        .route("/", get(approvals::list).post(approvals::create))
        .route("/{id}", get(approvals::get))
        .route("/{id}/approve", post(decisions::approve))
        .route("/{id}/reject", post(decisions::reject))
        .route("/{id}/withdraw", post(decisions::withdraw))
}

fn version_routes() -> Router<Tracking> {
    Router::new()
        .route("/create", post(versions::create))
        .route("/get", get(versions::get))
        .route("/update", patch(versions::update))
        .route("/delete", delete(versions::delete))
        .route("/search", get(version_search::search))
        .route("/get-download-uri", get(versions::download_uri))
        .route("/transition-stage", post(stages::transition))
        .route("/set-tag", post(versions::set_tag))
        .route("/delete-tag", delete(versions::delete_tag))
}
