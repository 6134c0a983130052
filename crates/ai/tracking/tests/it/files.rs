use serde_json::json;

use crate::server::Server;

const ROOT: &str = "/mlflow/api/2.0/mlflow-artifacts/artifacts";

async fn status(server: &Server, method: &str, path: &str, body: &'static [u8]) -> u16 {
    let request = server.request(method, &format!("{ROOT}/{path}")).body(body);
    request.send().await.expect("answers").status().as_u16()
}

#[tokio::test]
async fn files_come_back_and_browsers_do_not_run_them() {
    let server = Server::start("sqlite:{dir}/tracking.db").await;
    assert_eq!(status(&server, "PUT", "0/r/artifacts/a/b.html", b"<script>").await, 200);
    assert_eq!(status(&server, "PUT", "0/r/artifacts/a/b.html", b"second").await, 200);
    assert_eq!(status(&server, "PUT", "0/r/artifacts/empty", b"").await, 200);
    let answer = server
        .request("GET", &format!("{ROOT}/0/r/artifacts/a/b.html"))
        .send()
        .await
        .expect("answers");
    assert_eq!(answer.headers()["content-disposition"], "attachment");
    assert_eq!(answer.headers()["content-length"], "6");
    assert_eq!(answer.text().await.expect("text"), "second");
    let list =
        server.request("GET", &format!("{ROOT}?path=0/r/artifacts")).send().await.expect("answers");
    let list: serde_json::Value = list.json().await.expect("json");
    assert_eq!(
        list,
        json!({ "files": [{ "path": "a", "is_dir": true }, { "path": "empty", "is_dir": false, "file_size": 0 }] })
    );
    assert_eq!(
        status(&server, "PUT", "0/r/artifacts/a", b"x").await,
        400,
        "a directory is in the way"
    );
    assert_eq!(
        status(&server, "PUT", "0/r/artifacts/empty/x", b"x").await,
        400,
        "a file is in the way"
    );
    assert_eq!(status(&server, "GET", "0/r/artifacts/a", b"").await, 404);
    assert_eq!(status(&server, "DELETE", "0/r/artifacts/", b"").await, 200);
    assert_eq!(status(&server, "GET", "0/r/artifacts/empty", b"").await, 404);
    assert_eq!(status(&server, "DELETE", "0/r/artifacts", b"").await, 404);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = Server::start("sqlite:{dir}/tracking.db").await;
    let broken = futures::stream::iter([Ok("half"), Err(std::io::Error::other("gone"))]);
    let request =
        server.request("PUT", &format!("{ROOT}/0/r/f")).body(reqwest::Body::wrap_stream(broken));
    assert!(request.send().await.is_err());
    assert_eq!(status(&server, "GET", "0/r/f", b"").await, 404);
    let incoming = server.directory.path().join("artifacts/.incoming");
    // The server notices the end of the connection on its own time.
    for _ in 0..500 {
        if std::fs::read_dir(&incoming).expect("is there").next().is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the unfinished file was not removed");
}

#[tokio::test]
async fn data_is_there_after_a_restart_and_addresses_follow_the_new_base() {
    let first = Server::start("sqlite:{dir}/tracking.db").await;
    let run = first.run("0").await;
    assert_eq!(status(&first, "PUT", &format!("0/{run}/artifacts/f"), b"x").await, 200);
    let second = Server::start_in("sqlite:{dir}/tracking.db", first.directory.clone()).await;
    assert_ne!(first.base, second.base);
    let found = second.ok("GET", &format!("artifacts/list?run_id={run}"), json!(null)).await;
    assert_eq!(found["files"], json!([{ "path": "f", "is_dir": false, "file_size": 1 }]));
    assert!(found["root_uri"].as_str().expect("an address").starts_with(&second.base));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}/t.db", directory.path().display());
    let open =
        || dais_tracking::Tracking::open(&url, directory.path().join("a"), "http://h".into());
    open().await.expect("opens");
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&url).await.expect("opens");
    sqlx::query("INSERT INTO ml_schema (version) VALUES (999)")
        .execute(&pool)
        .await
        .expect("inserts");
    let error = open().await.err().expect("refuses");
    assert!(matches!(error, dais_tracking::Error::NewerVersion { found: 999, .. }), "{error}");
}

/// The first version's table of points was kept by key; a newer program puts what
/// is logged together side by side, and must still answer with all of it.
#[tokio::test]
async fn points_of_the_first_schema_are_carried_over() {
    let directory = std::sync::Arc::new(tempfile::tempdir().expect("a directory"));
    let url = format!("sqlite:{}/tracking.db?mode=rwc", directory.path().display());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&url).await.expect("opens");
    let first = include_str!("../../migrations/0001_tracking.sql");
    let run = "0123456789abcdef0123456789abcdef";
    let before = format!(
        "{first};
         CREATE TABLE ml_schema (version BIGINT NOT NULL PRIMARY KEY);
         INSERT INTO ml_schema VALUES (1);
         INSERT INTO ml_runs VALUES (7, 'solo', '{run}', 0, 'n', 'ada', 'RUNNING', 1, NULL, 'active', 'a');
         INSERT INTO ml_points VALUES (7, 'loss', 2, 20, 0.25, 0), (7, 'loss', 1, 10, 0.5, 0),
             (7, 'loss', 3, 30, 0.0, 1), (7, 'other', 1, 10, 9.0, 0);
         INSERT INTO ml_latest VALUES (7, 'loss', 3, 30, 0.0, 1), (7, 'other', 1, 10, 9.0, 0);"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(before)).execute(&pool).await.expect("the first schema");
    pool.close().await;

    let server = Server::start_in("sqlite:{dir}/tracking.db", directory).await;
    let history = format!("metrics/get-history?run_id={run}&metric_key=loss");
    let found = server.ok("GET", &history, json!(null)).await;
    let points = found["metrics"].as_array().expect("points").iter();
    let points: Vec<_> = points.map(|p| (p["step"].clone(), p["value"].clone())).collect();
    assert_eq!(
        points,
        [(json!(1), json!(0.5)), (json!(2), json!(0.25)), (json!(3), json!("NaN"))]
    );
    let found = server.ok("GET", &format!("runs/get?run_id={run}"), json!(null)).await;
    assert_eq!(found["run"]["data"]["metrics"].as_array().expect("metrics").len(), 2);
    let metric = json!({ "key": "loss", "value": 1.0, "timestamp": 40, "step": 4 });
    server.ok("POST", "runs/log-batch", json!({ "run_id": run, "metrics": [metric] })).await;
    let found = server.ok("GET", &history, json!(null)).await;
    assert_eq!(found["metrics"].as_array().expect("points").len(), 4);
}
