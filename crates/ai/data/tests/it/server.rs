//! A served instance with its own database and directory, gone on drop.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use dais_data::{Data, Limits, Scope, router};
use serde_json::{Value, json};
use sqlx::{AnyPool, AssertSqlSafe, Executor};

pub struct Server {
    pub data: Data,
    pub directory: Arc<tempfile::TempDir>,
    base: String,
    http: reqwest::Client,
}

pub const SQLITE: &str = "sqlite:{dir}/data.db";

impl Server {
    pub async fn start(database: &str, limits: Limits) -> Server {
        Server::start_in(database, limits, Arc::new(tempfile::tempdir().expect("a directory")))
            .await
    }

    pub async fn start_in(
        database: &str,
        limits: Limits,
        directory: Arc<tempfile::TempDir>,
    ) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/data", listener.local_addr().expect("bound"));
        let url = database.replace("{dir}", directory.path().to_str().expect("utf-8"));
        let data = Data::open(&url, directory.path().join("data"), limits).await.expect("opens");
        let app =
            Router::new().nest("/data/p/{project}", router(data.clone())).layer(from_fn(scoped));
        tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Server { data, directory, base, http: reqwest::Client::new() }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().expect("a method"), format!("{}/p/{path}", self.base))
    }

    /// Status and JSON of a call to project `team`.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let request = self
            .request(method, &format!("team/{path}"))
            .header("content-type", "application/json");
        let answer = request.body(body).send().await.expect("answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn begin(&self) -> String {
        let (status, answer) = self.call("POST", "uploads", "").await;
        assert_eq!(status, 201, "{answer}");
        answer["upload"].as_str().expect("an id").to_owned()
    }

    /// Uploads and commits these files.
    pub async fn version(&self, dataset: &str, files: &[(&str, &str)]) -> (u16, Value) {
        let upload = self.begin().await;
        for (path, content) in files {
            let (status, answer) = self
                .call("PUT", &format!("uploads/{upload}/files/{path}"), content.to_string())
                .await;
            assert_eq!(status, 200, "{answer}");
        }
        self.call(
            "POST",
            &format!("uploads/{upload}/commit"),
            json!({ "dataset": dataset }).to_string(),
        )
        .await
    }
}

async fn scoped(mut request: Request, next: Next) -> axum::response::Response {
    let project = request.uri().path().split('/').nth(3).unwrap_or_default().to_owned();
    let write = !request.headers().contains_key("x-read-only");
    request.extensions_mut().insert(Scope { project, user: "ada".into(), write });
    next.run(request).await
}

/// Runs a test on SQLite, and on PostgreSQL where `DAIS_TEST_POSTGRES` is the
/// address of a server that lets us make databases. `CI=true` insists on it.
pub async fn on_both<F: Future<Output = ()>>(test: impl Fn(Server) -> F) {
    test(Server::start(SQLITE, Limits::default()).await).await;
    let address = std::env::var("DAIS_TEST_POSTGRES").ok().filter(|address| !address.is_empty());
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(address.is_some() || !ci, "DAIS_TEST_POSTGRES must be set where CI=true");
    let Some(address) = address else {
        eprintln!("skipped a part: DAIS_TEST_POSTGRES is not set");
        return;
    };
    let admin = AnyPool::connect(&address).await.expect("DAIS_TEST_POSTGRES is reachable");
    let name = format!("dais_test_{}", uuid::Uuid::new_v4().simple());
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .expect("creates a database");
    let (before, _) = address.rsplit_once('/').expect("an address with a database");
    test(Server::start(&format!("{before}/{name}"), Limits::default()).await).await;
    admin
        .execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
        .await
        .expect("drops it");
}
