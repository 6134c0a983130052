//! The OpenTelemetry SDK for Python against served routers. Runs when
//! `DAIS_TEST_PYTHON` names an interpreter that has `opentelemetry-sdk` and
//! `opentelemetry-exporter-otlp-proto-http`.

#![allow(clippy::unwrap_used)]

use dais_traces::{Config, Scope, Traces, otlp_router, router};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdks_spans_are_found() {
    let Some(python) = std::env::var_os("DAIS_TEST_PYTHON") else {
        eprintln!("skipped: DAIS_TEST_PYTHON names no interpreter");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let traces = Traces::open(Config::new(directory.path())).unwrap();
    let app =
        router(traces.clone()).merge(otlp_router(traces)).layer(axum::Extension(Scope::all()));
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
