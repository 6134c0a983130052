//! Alerts with a directory of their own, asked in process or over TCP.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::{Extension, Router};
use dais_alerts::{Actor, Alert, Alerts, Options, Scope, router};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub struct Server {
    pub alerts: Alerts,
    pub directory: tempfile::TempDir,
}

pub fn options(directory: &tempfile::TempDir, config: &str) -> Options {
    Options {
        directory: directory.path().to_owned(),
        config: config.to_owned(),
        external_url: "https://dais.example.org/alerts".into(),
    }
}

impl Server {
    pub async fn start(config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let alerts = Alerts::open(options(&directory, config)).await.unwrap();
        Server { alerts, directory }
    }

    pub fn administrator(&self) -> Caller {
        self.caller(Some(Scope::all()), Some(Actor { user: "root".into(), write: true }))
    }

    pub fn tenant(&self, user: &str, namespaces: &[&str]) -> Caller {
        let scope = Scope::only(namespaces.iter().copied());
        self.caller(Some(scope), Some(Actor { user: user.into(), write: true }))
    }

    pub fn caller(&self, scope: Option<Scope>, actor: Option<Actor>) -> Caller {
        let mut app = router(self.alerts.clone());
        if let Some(scope) = scope {
            app = app.layer(Extension(scope));
        }
        if let Some(actor) = actor {
            app = app.layer(Extension(actor));
        }
        Caller { app }
    }

    pub async fn fire(&self, alerts: &[&str]) {
        self.alerts.receive(alerts.iter().map(|labels| alert(labels)).collect()).await.unwrap();
    }

    pub async fn resolve(&self, labels: &str) {
        let ended = jiff::Timestamp::now();
        self.alerts.receive(vec![Alert { ends_at: Some(ended), ..alert(labels) }]).await.unwrap();
    }
}

/// `name=value,…`.
pub fn alert(labels: &str) -> Alert {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    let labels = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Alert { labels, ..Alert::default() }
}

pub struct Caller {
    app: Router,
}

impl Caller {
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path);
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The answer to a GET, which succeeds.
    pub async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// The `alertname`s of `/api/v2/alerts`, sorted.
    pub async fn names(&self, query: &str) -> Vec<String> {
        names(&self.get(&format!("/api/v2/alerts{query}")).await)
    }

    /// Asks again until the answer is as wanted.
    pub async fn until(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let ask = async {
            loop {
                let value = self.get(path).await;
                if is_wanted(&value) {
                    return value;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ask).await.expect("it never came to that")
    }

    /// Served on a port of its own, for programs.
    pub async fn serve(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, self.app).await });
        url
    }
}

pub fn names(alerts: &Value) -> Vec<String> {
    let name = |alert: &Value| alert["labels"]["alertname"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = alerts.as_array().unwrap().iter().map(name).collect();
    names.sort();
    names
}

/// A variable that names what a test stands beside; without it the test is skipped, except
/// where `CI=true` says that nothing may be.
pub fn required(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(value.is_some() || !is_ci, "{name} must be set where CI=true");
    if value.is_none() {
        eprintln!("skipped: {name} is not set");
    }
    value
}
