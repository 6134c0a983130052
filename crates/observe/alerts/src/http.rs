//! Alertmanager's HTTP API, version 2, mounted by the binary under a prefix (`/api/v2/…`
//! here), and beside it, under `/api/v2/dais`, what Alertmanager lacks.
//!
//! A request carries its [`Scope`] and its [`Actor`](crate::Actor) as extensions; without the
//! first it sees nothing, without the second it may only read.

mod acknowledgements;
mod alerts;
mod answer;
mod caller;
mod parameters;
mod receivers;
mod silences;
mod status;
mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use crate::alerts::Alerts;

/// Of a request's body, in bytes: some ten thousand alerts.
const BODY: usize = 8 << 20;

pub fn router(alerts: Alerts) -> Router {
    Router::new()
        .route("/api/v2/status", get(status::status))
        .route("/api/v2/receivers", get(receivers::list))
        .route("/api/v2/alerts", get(alerts::list).post(alerts::receive))
        .route("/api/v2/alerts/groups", get(alerts::groups))
        .route("/api/v2/silences", get(silences::list).post(silences::put))
        .route("/api/v2/silence/{id}", get(silences::get).delete(silences::expire))
        .route(
            "/api/v2/dais/acknowledgements",
            get(acknowledgements::list).post(acknowledgements::acknowledge),
        )
        .route("/api/v2/dais/acknowledgements/{fingerprint}", delete(acknowledgements::withdraw))
        .route("/api/v2/dais/receivers", get(receivers::detailed))
        .route("/api/v2/dais/receivers/{name}/test", post(receivers::test))
        .fallback(answer::no_route)
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(alerts)
}
