//! What is served on the portal's port, and under which name.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use http::Uri;
use tower::ServiceExt;

use super::datadir::DataDir;
use super::datasets::shared;
use super::parts::Parts;
use super::recorded::recorded;
use super::welcome::Addresses;
use super::{
    algorithms, backup, buckets, drains, engines, gateway, images, labeling, ledger, notebooks,
    outcomes, queues, scopes, vulnerabilities,
};

/// Everything on the portal's port.
pub fn portal(parts: &Parts, data_dir: &DataDir, addresses: &Addresses) -> Router {
    let access = &parts.access;
    let tracking = dais_tracking::router(parts.tracking.clone());
    let data = dais_data::router(parts.data.clone());
    let labeling = labeling::router(&parts.labeling, &parts.data, parts.client("labelling"));
    let notebooks =
        notebooks::router(parts.client("notebooks"), parts.jupyter.clone(), &parts.data);
    let store = &parts.buckets;
    let buckets = buckets::router(store, &parts.data, &parts.identity, &addresses.s3_url);
    let telemetry = &parts.telemetry;
    let tracking = Router::new().nest("/mlflow", scopes::tracking(tracking, access.clone()));
    let alerts = scopes::alerts(dais_alerts::router(telemetry.alerts()), access);
    let samples = scopes::samples(telemetry.samples_router(), access.clone());
    let prometheus = scopes::metrics(telemetry.metrics_router(), access.clone()).merge(samples);
    let logs = scopes::logs(telemetry.logs_router(), access.clone());
    let writes = Router::new()
        .merge(tracking.clone())
        .nest("/data", scopes::data(data, access.clone()))
        .nest("/buckets", scopes::buckets(buckets, access.clone()))
        .nest("/labeling", scopes::labeling(labeling, access.clone()))
        .nest("/notebooks", scopes::notebooks(notebooks, access.clone()))
        .nest("/alertmanager", alerts)
        .nest("/prometheus", prometheus)
        .merge(backup::router(parts, data_dir))
        .merge(images::router(parts.images.clone(), access.clone()))
        .merge(gateway::try_it(&parts.gateway, &parts.client("try-it")));
    let recorded = recorded(writes, &parts.identity, tracking);
    let all = Router::new()
        .merge(recorded)
        .nest("/k8s", scopes::kubernetes(parts.kubernetes.router()))
        .nest("/elasticsearch", logs.clone())
        .route("/elasticsearch/", get(move |request: Request| root(logs, request)))
        .merge(scopes::lines(telemetry.otlp_logs_router(), access.clone()))
        .merge(scopes::samples(telemetry.samples_router(), access.clone()))
        .nest("/jaeger", scopes::traces(telemetry.traces_router(), access.clone()))
        .merge(scopes::spans(telemetry.otlp_router(), access.clone()))
        .merge(ledger::router(parts, parts.prices.subscribe()))
        .merge(algorithms::router(parts.client("algorithms"), access.clone()))
        .merge(vulnerabilities::router(
            parts.client("vulnerabilities"),
            access.clone(),
            parts.vulnerabilities.clone(),
        ))
        .merge(drains::router(parts.gateway.clone(), access.clone()))
        .merge(shared::router(parts.client("datasets"), access.clone(), parts.data.clone()))
        .merge(queues::router(parts.client("queues"), access.clone()))
        .merge(outcomes::feedback_router(&parts.outcomes, parts.client("feedback"), access.clone()))
        .merge(engines::router(telemetry.others().clone(), access.clone()))
        .merge(parts.visits.router())
        .merge(parts.portal.router());
    parts.portal.protect(all)
}

/// What clients ask of the address that they were given and a slash.
async fn root(router: Router, mut request: Request) -> Result<Response, Infallible> {
    *request.uri_mut() = Uri::from_static("/");
    router.oneshot(request).await
}
