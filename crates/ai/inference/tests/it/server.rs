//! A served model.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use dais_inference::{Choice, Error, Model, ModelConfig, Span, SpanSink, router};
use serde_json::Value;

pub struct Server {
    pub base: String,
    pub http: reqwest::Client,
    pub spans: Arc<Spans>,
}

/// The spans of each request, as they came.
#[derive(Default)]
pub struct Spans(Mutex<Vec<Vec<Span>>>);

impl Spans {
    pub fn all(&self) -> Vec<Vec<Span>> {
        self.0.lock().expect("no test panics here").clone()
    }
}

impl SpanSink for Spans {
    fn record(&self, spans: Vec<Span>) {
        self.0.lock().expect("no test panics here").push(spans);
    }
}

pub fn load(path: &Path, engine: Choice, runtime_library: Option<PathBuf>) -> Result<Model, Error> {
    Model::load(ModelConfig {
        name: "m".into(),
        version: "3".into(),
        path: path.to_owned(),
        threads: 2,
        engine,
        runtime_library,
    })
}

impl Server {
    pub async fn start(model: Model) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let spans = Arc::new(Spans::default());
        let router = router(model, Some(spans.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Server { base, http: reqwest::Client::new(), spans }
    }

    pub async fn weigh() -> Server {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("model.onnx");
        std::fs::write(&path, crate::models::weigh()).expect("writes");
        Server::start(load(directory.path(), Choice::Tract, None).expect("loads")).await
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.expect("answers");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    pub async fn infer(&self, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let answer = self
            .http
            .post(format!("{}/v2/models/m/infer", self.base))
            .body(body)
            .send()
            .await
            .expect("answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("json"))
    }
}
