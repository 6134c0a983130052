//! MLflow's own Python package, unmodified, against the served instance.

use std::process::Stdio;

use crate::server::{Server, required};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/client.py");

/// `DAIS_TEST_PYTHON` is a Python with `mlflow` and `scikit-learn`.
#[tokio::test]
async fn mlflow_client_works_below_both_addresses() {
    let Some(python) = required("DAIS_TEST_PYTHON") else { return };
    let server = Server::start("sqlite:{dir}/tracking.db").await;
    for address in ["/mlflow", "/mlflow/p/apart"] {
        let ran = tokio::process::Command::new(&python)
            .arg(SCRIPT)
            .env("MLFLOW_TRACKING_URI", format!("{}{address}", server.base))
            .env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
            .env("MLFLOW_ENABLE_ASYNC_LOGGING", "false")
            .current_dir(server.directory.path())
            .stdin(Stdio::null())
            .output()
            .await
            .expect("DAIS_TEST_PYTHON runs");
        let words = String::from_utf8_lossy(&ran.stdout);
        assert!(
            ran.status.success() && words.contains("all steps passed"),
            "{address}:\n{words}\n{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}
