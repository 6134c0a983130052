//! The official Python client against a served router. Runs when `DAIS_TEST_PYTHON`
//! names an interpreter that has the `elasticsearch` package.

#![allow(clippy::unwrap_used)]

use dais_logs::{Config, Logs, Scope, router};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_indexes_searches_and_counts() {
    let Some(python) = std::env::var_os("DAIS_TEST_PYTHON") else {
        eprintln!("skipped: DAIS_TEST_PYTHON names no interpreter");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let logs = Logs::open(Config::new(directory.path())).unwrap();
    let app = router(logs).layer(axum::Extension(Scope::all()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/elasticsearch_client.py");
    let output =
        tokio::process::Command::new(python).arg(script).arg(&address).output().await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("all held"), "{out}\n{err}");
}
