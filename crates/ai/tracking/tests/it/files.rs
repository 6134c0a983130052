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
