//! The OpenTelemetry SDK for Python against served routers. Runs when
//! `DAIS_TEST_PYTHON` names an interpreter that has `opentelemetry-sdk`,
//! `opentelemetry-exporter-otlp-proto-http` and `opentelemetry-exporter-otlp-proto-grpc`.

#![allow(clippy::unwrap_used)]

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use dais_traces::{Config, Scope, Traces, grpc_router, otlp_router, router};

/// Whoever sends a bearer token has the project of that name, others have none.
async fn scope(mut request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let scope = match token.and_then(|token| token.strip_prefix("Bearer ")) {
        Some(project) => Scope::only([project]),
        None => Scope::nothing(),
    };
    request.extensions_mut().insert(scope);
    next.run(request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdks_spans_are_found() {
    let Some(python) = std::env::var_os("DAIS_TEST_PYTHON") else {
        eprintln!("skipped: DAIS_TEST_PYTHON names no interpreter");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let traces = Traces::open(Config::new(directory.path())).unwrap();
    let app = router(traces.clone())
        .merge(otlp_router(traces.clone()))
        .merge(grpc_router(traces))
        .layer(from_fn(scope));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/opentelemetry_sdk.py");
    let output =
        tokio::process::Command::new(python).arg(script).arg(&address).output().await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("all held"), "{out}\n{err}");
}
