//! A gateway with its objects, and upstream servers of a test's own making.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use dais_api::routing::{GATEWAY, HTTPRoute};
use dais_gateway::{Admission, Denied, Gateway, Span, SpanSink, Table, Target};
use http::{Extensions, HeaderMap};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Lets in whoever says `Bearer good`.
struct OneToken;

#[async_trait]
impl Admission for OneToken {
    async fn admit(
        &self,
        headers: &HeaderMap,
        _: &Extensions,
        _: &Target,
    ) -> Result<Arc<str>, Denied> {
        match headers.get("authorization").map(|value| value.as_bytes()) {
            Some(b"Bearer good") => Ok("somebody".into()),
            Some(_) => Err(Denied::Forbidden("you may not".to_owned())),
            None => Err(Denied::Unauthenticated),
        }
    }
}

#[derive(Clone, Default)]
pub struct Spans(Arc<Mutex<Vec<Span>>>);

impl Spans {
    pub fn all(&self) -> Vec<Span> {
        self.0.lock().unwrap().clone()
    }
}

impl SpanSink for Spans {
    fn record(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }
}

pub struct Served {
    pub gateway: Gateway,
    pub spans: Spans,
    address: SocketAddr,
    client: reqwest::Client,
    _stop: DropGuard,
}

impl Served {
    pub async fn start() -> Self {
        let spans = Spans::default();
        let gateway = Gateway::new(Arc::new(OneToken), Arc::new(spans.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (serving, stopped) = (gateway.clone(), stop.clone());
        tokio::spawn(async move { serving.serve(listener, stopped).await.unwrap() });
        Self { gateway, spans, address, client: reqwest::Client::new(), _stop: stop.drop_guard() }
    }

    /// One with a route `/serve/a/digits` to a service of each set of endpoints.
    pub async fn to(backends: &[(u32, &[SocketAddr])]) -> Self {
        let served = Self::start().await;
        let mut services = Vec::new();
        let mut slices = Vec::new();
        for (at, (_, endpoints)) in backends.iter().enumerate() {
            services.push(Arc::new(service(&format!("backend-{at}"))));
            for (number, endpoint) in endpoints.iter().enumerate() {
                slices.push(Arc::new(slice(&format!("backend-{at}"), number, *endpoint)));
            }
        }
        let weights: Vec<u32> = backends.iter().map(|(weight, _)| *weight).collect();
        served.gateway.set_table(Table::build(&[Arc::new(route(&weights))], &services, &slices));
        served
    }

    pub fn request(&self, method: http::Method, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path).bearer_auth("good")
    }

    pub fn anonymous(&self, method: http::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.request(http::Method::GET, path).send().await.unwrap()
    }
}

/// A server on loopback that goes on until the test ends.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// An address on which nobody listens.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

pub fn route(weights: &[u32]) -> HTTPRoute {
    let backends: Vec<Value> = weights
        .iter()
        .enumerate()
        .map(|(at, weight)| json!({"name": format!("backend-{at}"), "port": 80, "weight": weight}))
        .collect();
    object(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "digits", "namespace": "a"},
        "spec": {"parentRefs": [{"name": GATEWAY}], "rules": [{
            "matches": [{"path": {"type": "PathPrefix", "value": "/serve/a/digits"}}],
            "filters": [{"type": "URLRewrite", "urlRewrite":
                {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}],
            "backendRefs": backends}]}
    }))
}

pub fn service(name: &str) -> Service {
    object(json!({
        "metadata": {"name": name, "namespace": "a"},
        "spec": {"ports": [{"name": "http", "port": 80}]}
    }))
}

pub fn slice(service: &str, number: usize, endpoint: SocketAddr) -> EndpointSlice {
    object(json!({
        "metadata": {"name": format!("{service}-{number}"), "namespace": "a",
                     "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": endpoint.port()}],
        "endpoints": [{"addresses": [endpoint.ip().to_string()], "conditions": {"ready": true}}]
    }))
}

fn object<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}
