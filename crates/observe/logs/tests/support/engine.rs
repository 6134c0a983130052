//! An engine in the part of somebody else's, and ours in front of it.

#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::{Extension, Router};
use dais_logs::{Config, Credentials, Engine, Foreign, ForeignConfig, Logs, Scope, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A store that takes and answers what reaches it, and writes that down.
pub struct Theirs {
    pub logs: Logs,
    pub url: String,
    record: Record,
    _directory: tempfile::TempDir,
}

#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<(String, String, String)>>>);

impl Theirs {
    pub async fn new() -> Theirs {
        let directory = tempfile::tempdir().unwrap();
        let logs = Logs::open(Config::new(directory.path())).unwrap();
        let record = Record::default();
        let served = router(logs.clone())
            .layer(Extension(Scope::all()))
            .layer(from_fn(note))
            .layer(Extension(record.clone()));
        Theirs { logs, url: serve(served).await, record, _directory: directory }
    }

    /// Lines of two namespaces in a day's index, and what is none of our business.
    pub async fn filled() -> Theirs {
        let theirs = Theirs::new().await;
        let mut body = String::new();
        for number in 0..6 {
            let namespace = if number % 2 == 0 { "blue" } else { "red" };
            let id = format!("{namespace}:{}-{number}", &namespace[..1]);
            body += &json!({"index": {"_index": "dais-logs-2026.11.24", "_id": id}}).to_string();
            body += &format!("\n{}\n", json!({
                "@timestamp": format!("2026-11-24T10:0{number}:00Z"), "namespace": namespace,
                "message": format!("line {number} of {namespace}"), "fields": {format!("secret_of_{namespace}"): 1},
            }).to_string().replace("secret_of_red", "n"));
        }
        body += "{\"index\":{\"_index\":\"payroll\",\"_id\":\"1\"}}\n{\"message\":\"salary\",\"namespace\":\"red\"}\n";
        let request = Request::post("/_bulk?refresh=true").body(Body::from(body)).unwrap();
        let app = router(theirs.logs.clone()).layer(Extension(Scope::all()));
        assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::OK);
        theirs
    }

    pub fn forget(&self) {
        self.record.0.lock().unwrap().clear();
    }

    /// Searches and counts that came: method and path, and the body.
    pub fn requests(&self) -> Vec<(String, Value)> {
        let all = self.record.0.lock().unwrap();
        let questions =
            all.iter().filter(|(asked, ..)| asked.contains("_search") || asked.contains("_count"));
        questions
            .map(|(asked, sent, _)| (asked.clone(), serde_json::from_str(sent).unwrap()))
            .collect()
    }

    /// The engine's own id of the scroll that was opened last.
    pub fn last_scroll(&self) -> String {
        let all = self.record.0.lock().unwrap();
        let ids = all.iter().rev().filter_map(|(.., told)| {
            let told: Value = serde_json::from_str(told).ok()?;
            Some(told["_scroll_id"].as_str()?.to_owned())
        });
        ids.into_iter().next().unwrap()
    }
}

async fn note(Extension(record): Extension<Record>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = format!("{} {}", parts.method, parts.uri);
    let body = body.collect().await.unwrap().to_bytes();
    let sent = String::from_utf8_lossy(&body).into_owned();
    let (head, told) = next.run(Request::from_parts(parts, Body::from(body))).await.into_parts();
    let told = told.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&told).into_owned();
    record.0.lock().unwrap().push((asked, sent, text));
    Response::from_parts(head, Body::from(told))
}

/// Ours, in front of an engine.
pub struct Behind {
    pub engine: Engine,
    _directory: Option<tempfile::TempDir>,
}

impl Behind {
    pub async fn of(url: &str) -> Behind {
        let directory = tempfile::tempdir().unwrap();
        let engine = open(url, directory.path().join("sent"));
        Behind { engine, _directory: Some(directory) }
    }

    pub fn with(engine: Engine) -> Behind {
        Behind { engine, _directory: None }
    }

    pub async fn call(
        &self,
        scope: &Scope,
        method: &str,
        path: &str,
        body: &str,
    ) -> (StatusCode, Value) {
        let request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let app = router(self.engine.clone()).layer(Extension(scope.clone()));
        let response = app.oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = || String::from_utf8_lossy(&body).into_owned().into();
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
    }
}

pub fn open(url: &str, directory: std::path::PathBuf) -> Engine {
    let credentials = Credentials::Token("Bearer theirs".into());
    let config =
        ForeignConfig { url: url.to_owned(), credentials, prefix: "dais-".into(), directory };
    Foreign::open(config).unwrap().into()
}
