//! A store behind its router, filled with lines of two namespaces.

#![allow(dead_code)]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_logs::{Config, Logs, Scope, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub struct Server {
    pub logs: Logs,
    _directory: tempfile::TempDir,
}

impl Server {
    pub fn new() -> Server {
        Server::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Server {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(directory.path());
        change(&mut config);
        Server { logs: Logs::open(config).unwrap(), _directory: directory }
    }

    pub fn router(&self, scope: Scope) -> Router {
        router(self.logs.clone()).layer(axum::Extension(scope))
    }

    pub async fn call(
        &self,
        scope: &Scope,
        method: &str,
        path: &str,
        body: impl Into<String>,
    ) -> (StatusCode, Value) {
        let request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.body(Body::from(body.into())).unwrap();
        let response = self.router(scope.clone()).oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-elastic-product"], "Elasticsearch");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&body)
                .unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into()),
        )
    }

    pub async fn search(&self, scope: &Scope, body: Value) -> Value {
        let (status, answer) = self.call(scope, "POST", "/_search", body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// Twelve lines: two namespaces, two applications, a minute apart.
    pub async fn fill(&self) {
        let mut body = String::new();
        for number in 0..12 {
            let (namespace, app) =
                if number % 3 == 0 { ("blue", "web") } else { ("red", "digits") };
            let time = format!("2026-11-24T10:{number:02}:00Z");
            body += &json!({"index": {"_index": "logs"}}).to_string();
            body += "\n";
            let mut document = json!({
                "@timestamp": time, "message": format!("line {number}"), "namespace": namespace, "app": app,
                "fields": {"n": number},
            });
            if namespace == "blue" {
                document["fields"]["secret_of_blue"] = json!(1);
            }
            body += &document.to_string();
            body += "\n";
        }
        let (status, answer) = self.call(&Scope::all(), "POST", "/_bulk?refresh=true", body).await;
        assert_eq!((status, &answer["errors"]), (StatusCode::OK, &json!(false)));
    }
}
