//! A served instance with its own database and directory, gone on drop.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use dais_tracking::{Protection, Scope, Tracking, router};
use serde_json::{Value, json};
use sqlx::{AnyPool, AssertSqlSafe, Executor};

pub struct Server {
    pub base: String,
    pub directory: Arc<tempfile::TempDir>,
    /// Its address.
    pub database: String,
    http: reqwest::Client,
}

impl Server {
    /// Mounted as the binary does: `/mlflow` (project `solo`) and
    /// `/mlflow/p/{project}`; the header `x-read-only` takes the right to write,
    /// `x-user` says who asks, `x-protected` which aliases are protected,
    /// `x-approver` that the caller may approve, `x-unasked` that nobody asked.
    pub async fn start(database: &str) -> Server {
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        Server::start_in(database, directory).await
    }

    pub async fn start_in(database: &str, directory: Arc<tempfile::TempDir>) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let url = database.replace("{dir}", directory.path().to_str().expect("utf-8"));
        let tracking = Tracking::open(&url, directory.path().join("artifacts"), base.clone())
            .await
            .expect("opens");
        let app = Router::new()
            .nest("/mlflow/p/{project}", router(tracking.clone()))
            .nest("/mlflow", router(tracking))
            .layer(from_fn(scoped));
        tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Server { base, directory, database: url, http: reqwest::Client::new() }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().expect("a method"), format!("{}{path}", self.base))
    }

    /// Status and JSON of a call to project `solo`.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.call_in("solo", method, path, body).await
    }

    pub async fn call_in(
        &self,
        project: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let request = self.request(method, &format!("/mlflow/p/{project}/api/2.0/mlflow/{path}"));
        let request = if method == "GET" { request } else { request.body(body.to_string()) };
        let answer = request.send().await.expect("answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A call that must succeed.
    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    pub async fn experiment(&self, name: &str) -> String {
        let made = self.ok("POST", "experiments/create", json!({ "name": name })).await;
        made["experiment_id"].as_str().expect("an id").to_owned()
    }

    pub async fn run(&self, experiment: &str) -> String {
        let made = self
            .ok("POST", "runs/create", json!({ "experiment_id": experiment, "start_time": 1 }))
            .await;
        made["run"]["info"]["run_id"].as_str().expect("an id").to_owned()
    }
}

async fn scoped(mut request: Request, next: Next) -> axum::response::Response {
    let scope = scope_of(&request);
    request.extensions_mut().insert(scope);
    next.run(request).await
}

fn scope_of(request: &Request) -> Scope {
    let path = request.uri().path();
    let project = path.strip_prefix("/mlflow/p/").and_then(|rest| rest.split('/').next());
    let text = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    let protected = text("x-protected").unwrap_or_default();
    let protected = protected.split(',').filter(|alias| !alias.is_empty());
    let protection = Protection {
        protected_aliases: protected.map(str::to_owned).collect(),
        may_approve: text("x-approver").is_some(),
    };
    Scope {
        project: project.unwrap_or("solo").to_owned(),
        user: text("x-user").unwrap_or_else(|| "ada".into()),
        write: text("x-read-only").is_none(),
        protection: text("x-unasked").is_none().then_some(protection),
    }
}

/// Runs a test on SQLite, and on PostgreSQL where `DAIS_TEST_POSTGRES` is the
/// address of a server that lets us make databases. `CI=true` insists on it.
pub async fn on_both<F: Future<Output = ()>>(test: impl Fn(Server) -> F) {
    on_each_empty(async |url| test(Server::start(&url).await).await).await;
}

/// The same, with the address of a database that is still empty.
pub async fn on_each_empty(test: impl AsyncFn(String)) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    test(format!("sqlite:{}/tracking.db?mode=rwc", directory.path().display())).await;
    let Some(server) = required("DAIS_TEST_POSTGRES") else { return };
    sqlx::any::install_default_drivers();
    let admin = AnyPool::connect(&server).await.expect("DAIS_TEST_POSTGRES is reachable");
    let name = format!("dais_test_{}", uuid::Uuid::new_v4().simple());
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .expect("creates a database");
    let (before, _) = server.rsplit_once('/').expect("an address with a database");
    test(format!("{before}/{name}")).await;
    admin
        .execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
        .await
        .expect("drops it");
}

/// An environment variable that a test needs; without it the test is skipped,
/// except where `CI=true` says that nothing may be.
pub fn required(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(value.is_some() || !ci, "{name} must be set where CI=true");
    if value.is_none() {
        eprintln!("skipped a part: {name} is not set");
    }
    value
}
