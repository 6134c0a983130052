//! A receiver's end: an HTTP listener that hears what is sent and answers what a test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::mpsc;

/// Long enough for a slow machine; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Ear {
    /// `http://127.0.0.1:port`.
    pub url: String,
    heard: mpsc::UnboundedReceiver<Heard>,
}

#[derive(Debug)]
pub struct Heard {
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Heard {
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// The names of the alerts of a webhook's body, each with its status.
    pub fn alerts(&self) -> Vec<String> {
        let alerts = self.body["alerts"].as_array().unwrap();
        let name = |alert: &Value| {
            format!(
                "{} {}",
                alert["status"].as_str().unwrap(),
                alert["labels"]["alertname"].as_str().unwrap()
            )
        };
        alerts.iter().map(name).collect()
    }
}

impl Ear {
    /// `answer` gets the number of the request, from 0.
    pub async fn open(answer: impl Fn(usize) -> Response + Send + Sync + 'static) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let (answer, count) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        let hear = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let _ = tell.send(Heard { uri, headers, body });
            let answer = answer(count.fetch_add(1, Ordering::SeqCst));
            async move { answer }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(hear)).await });
        Ear { url, heard }
    }

    pub async fn agreeable() -> Self {
        Ear::open(|_| StatusCode::OK.into_response()).await
    }

    pub async fn next(&mut self) -> Heard {
        tokio::time::timeout(PATIENCE, self.heard.recv()).await.expect("nothing was heard").unwrap()
    }

    /// What was heard already and not taken.
    pub fn rest(&mut self) -> usize {
        std::iter::from_fn(|| self.heard.try_recv().ok()).count()
    }
}
