//! What is served on the portal's port, and under which name.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use dais_identity::{AuditEntry, Caller, Identity};
use http::{Method, Uri};
use tower::ServiceExt;

use super::datadir::DataDir;
use super::parts::Parts;
use super::{accounts, backup, engines, gateway, ledger, scopes};

/// Everything on the portal's port.
pub fn portal(parts: &Parts, data_dir: &DataDir) -> Router {
    let access = &parts.access;
    let tracking = dais_tracking::router(parts.tracking.clone());
    let data = dais_data::router(parts.data.clone());
    let telemetry = &parts.telemetry;
    let recorded = Router::new()
        .nest("/mlflow", scopes::tracking(tracking, access.clone()))
        .nest("/data", scopes::data(data, access.clone()))
        .merge(backup::router(parts, data_dir))
        .merge(gateway::try_it(&parts.gateway, &parts.client("try-it")))
        .layer(from_fn_with_state(parts.identity.clone(), record_write));
    let samples = scopes::samples(telemetry.samples_router(), access.clone());
    let prometheus = scopes::metrics(telemetry.metrics_router(), access.clone()).merge(samples);
    let logs = scopes::logs(telemetry.logs_router(), access.clone());
    let all = Router::new()
        .merge(recorded)
        .nest("/k8s", scopes::kubernetes(parts.kubernetes.router()))
        .nest("/elasticsearch", logs.clone())
        .route("/elasticsearch/", get(move |request: Request| root(logs, request)))
        .merge(scopes::lines(telemetry.otlp_logs_router(), access.clone()))
        .nest("/prometheus", prometheus)
        .merge(scopes::samples(telemetry.samples_router(), access.clone()))
        .nest("/alertmanager", scopes::alerts(dais_alerts::router(telemetry.alerts()), access))
        .nest("/jaeger", scopes::traces(telemetry.traces_router(), access.clone()))
        .merge(scopes::spans(telemetry.otlp_router(), access.clone()))
        .merge(ledger::router(parts, parts.prices.subscribe()))
        .merge(engines::router(telemetry.others().clone(), access.clone()))
        .merge(parts.portal.router());
    parts.portal.protect(all)
}

/// What clients ask of the address that they were given and a slash.
async fn root(router: Router, mut request: Request) -> Result<Response, Infallible> {
    *request.uri_mut() = Uri::from_static("/");
    router.oneshot(request).await
}

/// Every write is recorded; the Kubernetes API and the portal record their own.
async fn record_write(
    axum::extract::State(identity): axum::extract::State<Identity>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let reads = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
    // What a run logs of itself is its own record, thousands of lines of it.
    if reads || request.uri().path().contains("/runs/log-") {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>().cloned();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if let Some(caller) = caller {
        let entry = AuditEntry {
            user: caller.user,
            via: caller.via.to_string(),
            verb: method.as_str().to_ascii_lowercase(),
            namespace: project_of(&path),
            resource: path,
            status: response.status().as_u16(),
            ..AuditEntry::default()
        };
        accounts::record(&identity, entry);
    }
    response
}

fn project_of(path: &str) -> String {
    let mut words = path.split('/').skip_while(|word| *word != "p" && *word != "predict");
    words.nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_read_from_the_path() {
        assert_eq!(project_of("/mlflow/p/risk/api/2.0/mlflow/runs/create"), "risk");
        assert_eq!(project_of("/api/predict/risk/digits"), "risk");
        assert_eq!(project_of("/mlflow/api/2.0/mlflow/runs/create"), "");
    }
}
