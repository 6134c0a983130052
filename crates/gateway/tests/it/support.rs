//! A gateway with its objects, and upstream servers of a test's own making.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use dais_api::TrafficPolicy;
use dais_api::routing::{GATEWAY, HTTPRoute};
use dais_gateway::{
    Admission, Asked, Denied, Exposure, ExposureSink, Gateway, Objects, RecordSink, Recorded,
    Sinks, Span, SpanSink, Target,
};
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Lets in whoever says `Bearer good`.
pub struct OneToken;

#[async_trait]
impl Admission for OneToken {
    async fn admit(&self, asked: Asked<'_>, _: &Target) -> Result<Arc<str>, Denied> {
        match asked.headers.get("authorization").map(|value| value.as_bytes()) {
            Some(b"Bearer good") => Ok("somebody".into()),
            Some(_) => Err(Denied::Forbidden("you may not".to_owned())),
            None => Err(Denied::Unauthenticated),
        }
    }
}

/// What a gateway told, in order.
#[derive(Debug)]
pub struct Told<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Told<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Told<T> {
    pub fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }

    /// All, once there are so many.
    pub async fn wait_for(&self, count: usize) -> Vec<T> {
        until(async || self.all().len() >= count).await;
        self.all()
    }
}

impl SpanSink for Told<Span> {
    fn record(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }
}

impl ExposureSink for Told<Exposure> {
    fn expose(&self, exposure: Exposure) {
        self.0.lock().unwrap().push(exposure);
    }
}

impl RecordSink for Told<Recorded> {
    fn record(&self, recorded: Recorded) {
        self.0.lock().unwrap().push(recorded);
    }
}

/// Returns when it is so; a test that waits twenty seconds has failed.
pub async fn until(is_so: impl AsyncFn() -> bool) {
    let reached = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.expect("it happens in time");
}

pub struct Served {
    pub gateway: Gateway,
    pub spans: Told<Span>,
    pub exposures: Told<Exposure>,
    pub records: Told<Recorded>,
    pub address: SocketAddr,
    client: reqwest::Client,
    _stop: DropGuard,
}

impl Served {
    pub async fn start() -> Self {
        Self::behind(Arc::new(OneToken)).await
    }

    /// One that asks `admission`.
    pub async fn behind(admission: Arc<dyn Admission>) -> Self {
        let (spans, exposures, records) = (Told::default(), Told::default(), Told::default());
        let sinks = Sinks {
            spans: Arc::new(spans.clone()),
            exposures: Arc::new(exposures.clone()),
            records: Arc::new(records.clone()),
        };
        let gateway = Gateway::new(admission, sinks);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (serving, stopped) = (gateway.clone(), stop.clone());
        tokio::spawn(async move { serving.serve(listener, stopped).await.unwrap() });
        Self {
            gateway,
            spans,
            exposures,
            records,
            address,
            client: reqwest::Client::new(),
            _stop: stop.drop_guard(),
        }
    }

    /// One with a route `/serve/a/digits` to a service of each set of endpoints.
    pub async fn to(backends: &[(u32, &[SocketAddr])]) -> Self {
        let served = Self::start().await;
        served.apply(backends, None);
        served
    }

    /// The same under a policy.
    pub async fn under(policy: Value, backends: &[(u32, &[SocketAddr])]) -> Self {
        let served = Self::start().await;
        served.apply(backends, Some(&policy));
        served
    }

    /// What `to` and `under` serve, from now on.
    pub fn apply(&self, backends: &[(u32, &[SocketAddr])], spec: Option<&Value>) {
        let mut services = Vec::new();
        let mut slices = Vec::new();
        for (at, (_, endpoints)) in backends.iter().enumerate() {
            services.push(Arc::new(service(&format!("backend-{at}"))));
            for (number, endpoint) in endpoints.iter().enumerate() {
                slices.push(Arc::new(slice(&format!("backend-{at}"), number, *endpoint)));
            }
        }
        let weights: Vec<u32> = backends.iter().map(|(weight, _)| *weight).collect();
        let policies: Vec<_> = spec.map(|spec| Arc::new(policy(spec))).into_iter().collect();
        self.gateway.apply(&Objects {
            routes: &[Arc::new(route(&weights))],
            services: &services,
            slices: &slices,
            policies: &policies,
            secrets: &[Arc::new(secret())],
        });
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

    pub fn metric(&self, name: &str) -> String {
        let metrics = self.gateway.metrics().text();
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.split(' ').nth(1));
        line.unwrap_or("none").to_owned()
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

/// A policy for the route, with `spec` beside its target.
pub fn policy(spec: &Value) -> TrafficPolicy {
    let mut policy = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "TrafficPolicy",
        "metadata": {"name": "digits", "namespace": "a"},
        "spec": spec
    });
    policy["spec"]["targetRef"] =
        json!({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "digits"});
    object(policy)
}

/// What policies may name as `door`; the gateway may not read `other`.
fn secret() -> Secret {
    object(json!({
        "metadata": {"name": "door", "namespace": "a",
                     "labels": {"dais.io/gateway-credential": "true"}},
        "data": {"token": "b3Blbg==", "torn": "Cg=="}
    }))
}

pub fn object<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

/// What `stream` says, up to and with `until`.
pub async fn read(stream: &mut TcpStream, until: &str) -> String {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(until) {
        let mut some = [0; 1024];
        let count = stream.read(&mut some).await.unwrap();
        assert!(count > 0, "ended after {:?}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&some[..count]);
    }
    String::from_utf8_lossy(&read).into_owned()
}
