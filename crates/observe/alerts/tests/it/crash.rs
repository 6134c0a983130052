//! Killed between decision and delivery: the message goes out after the restart, and once.

use std::process::Stdio;

use axum::response::IntoResponse;
use dais_alerts::{Alerts, Options};
use serde_json::Value;

use crate::ear::Ear;
use crate::server::{Server, alert};

/// Set in the process that is to be killed: its directory and its receiver's address.
const DIRECTORY: &str = "DAIS_ALERTS_CRASH_DIRECTORY";
const RECEIVER: &str = "DAIS_ALERTS_CRASH_RECEIVER";

fn config(url: &str) -> String {
    format!(
        "route: {{receiver: hook, group_by: [job], group_wait: 0s, group_interval: 100ms, repeat_interval: 1h}}\n\
         receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]"
    )
}

fn options(directory: &std::path::Path, url: &str) -> Options {
    let directory = directory.to_owned();
    Options { directory, config: config(url), external_url: "https://dais.example.org".into() }
}

/// What the killed process does; nothing where nobody wants to kill it.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let url = std::env::var(RECEIVER).unwrap();
    let alerts = Alerts::open(options(directory.as_ref(), &url)).await.unwrap();
    alerts.receive(vec![alert("alertname=A,job=j")]).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_decision_and_delivery_loses_nothing_and_repeats_nothing() {
    let directory = tempfile::tempdir().unwrap();
    // A receiver that takes the request and is killed before it answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_process_that_is_killed", "--nocapture"])
        .env(DIRECTORY, directory.path())
        .env(RECEIVER, &url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (connection, _) = listener.accept().await.unwrap();
    child.start_kill().unwrap();
    child.wait().await.unwrap();
    drop((connection, listener));

    let mut ear = Ear::open(|_| "ok".into_response()).await;
    let alerts = Alerts::open(options(directory.path(), &ear.url)).await.unwrap();
    assert_eq!(ear.next().await.alerts(), ["firing A"]);
    let server = Server { alerts, directory };
    let is_calm = |value: &Value| value[0]["integrations"][0]["queued"] == 0;
    server.administrator().until("/api/v2/dais/receivers", is_calm).await;
    server.alerts.close().await;
    let directory = server.directory;
    drop(server.alerts);

    // Once more: it was told, so nothing is sent until something else happens.
    let alerts = Alerts::open(options(directory.path(), &ear.url)).await.unwrap();
    alerts.receive(vec![alert("alertname=A,job=j")]).await.unwrap();
    alerts.receive(vec![alert("alertname=B,job=k")]).await.unwrap();
    assert_eq!(ear.next().await.alerts(), ["firing B"]);
    let ended = jiff::Timestamp::now();
    let over = dais_alerts::Alert { ends_at: Some(ended), ..alert("alertname=A,job=j") };
    alerts.receive(vec![over]).await.unwrap();
    assert_eq!(ear.next().await.alerts(), ["resolved A"]);
    assert_eq!(ear.rest(), 0);
}
