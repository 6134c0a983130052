//! One request, from its arrival to the head of its answer.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use http::{HeaderValue, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;

use crate::admission::{Admission, Denied, Target};
use crate::forward::{self, Failure, Outgoing, Unsent, Upstream};
use crate::metrics::Metrics;
use crate::refusal::refuse;
use crate::span::{Identity, Span, SpanSink, TRACEPARENT};
use crate::table::{Rule, Table};

/// An endpoint on the same machine or network answers a connect in far less.
const CONNECT: Duration = Duration::from_secs(2);
/// Idle connections are closed before common servers close them (uvicorn: 5 s),
/// so that a request is not sent into a closing connection.
const IDLE: Duration = Duration::from_secs(4);

#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    table: RwLock<Arc<Table>>,
    upstream: Upstream,
    admission: Arc<dyn Admission>,
    spans: Arc<dyn SpanSink>,
    metrics: Metrics,
}

impl Gateway {
    pub fn new(admission: Arc<dyn Admission>, spans: Arc<dyn SpanSink>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let upstream = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        let (table, metrics) = (RwLock::default(), Metrics::default());
        Self(Arc::new(Inner { table, upstream, admission, spans, metrics }))
    }

    pub fn set_table(&self, table: Table) {
        *self.0.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Serves every path that a route matches.
    pub fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }

    fn find(&self, path: &str) -> Option<Arc<Rule>> {
        let table = self.0.table.read().unwrap_or_else(PoisonError::into_inner).clone();
        table.find(path).cloned()
    }
}

async fn serve(State(gateway): State<Gateway>, request: Request) -> Response<Body> {
    let Some(rule) = gateway.find(request.uri().path()) else {
        // Whether a service exists is nobody's business before they are known,
        // so an unknown path answers everybody alike.
        return refuse(
            StatusCode::NOT_FOUND,
            "no service has this path",
            "paths are /serve/<project>/<service>/…; `dais get inferenceservices` lists services",
        );
    };
    let target = Target { namespace: rule.namespace.clone(), service: rule.route.clone() };
    let began = (Instant::now(), SystemTime::now());
    let _guard = InFlight(gateway.0.metrics.began(&target));
    let admission = &gateway.0.admission;
    let user = match admission.admit(request.headers(), request.extensions(), &target).await {
        Ok(user) => user,
        Err(denied) => {
            let response = refused(&denied);
            let status = response.status().as_u16();
            gateway.0.metrics.ended(&target, status, began.0.elapsed().as_secs_f64());
            return response;
        }
    };
    let identity = Identity::of(request.headers());
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let response = forward(&gateway, &rule, &target, &identity, request).await;
    let status = response.status().as_u16();
    gateway.0.metrics.ended(&target, status, began.0.elapsed().as_secs_f64());
    gateway.0.spans.record(Span {
        trace_id: identity.trace_id,
        span_id: identity.span_id,
        parent: identity.parent,
        name: format!("{method} {}", rule.prefix),
        start: began.1,
        end: SystemTime::now(),
        status,
        namespace: target.namespace,
        service: target.service,
        user,
        method,
        path,
    });
    response
}

struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn refused(denied: &Denied) -> Response<Body> {
    match denied {
        Denied::Unauthenticated => refuse(
            StatusCode::UNAUTHORIZED,
            "this service asks who you are",
            "send Authorization: Bearer <token>; the portal's account page makes tokens",
        ),
        Denied::Forbidden(reason) => refuse(
            StatusCode::FORBIDDEN,
            reason,
            "ask an administrator of the project for the role `edit` or `view`",
        ),
    }
}

async fn forward(
    gateway: &Gateway,
    rule: &Rule,
    target: &Target,
    identity: &Identity,
    request: Request,
) -> Response<Body> {
    let Some(backend) = rule.choose(rand::random()) else {
        return unavailable(target);
    };
    let outgoing = outgoing(rule, identity, request);
    let mut failure = None;
    for endpoint in backend.in_turn() {
        if failure.is_some() {
            gateway.0.metrics.retried(target);
        }
        match outgoing.send(&gateway.0.upstream, endpoint).await {
            Ok(response) => {
                let mut response = response.map(Body::new);
                forward::strip_hop_by_hop(response.headers_mut());
                return response;
            }
            Err(error) if outgoing.may_retry(&error) => failure = Some(error),
            Err(error) => return broken(target, &error),
        }
    }
    failure.map_or_else(|| unavailable(target), |failure| broken(target, &failure))
}

fn outgoing(rule: &Rule, identity: &Identity, request: Request) -> Outgoing {
    let (parts, body) = request.into_parts();
    let path = rule.rewrite(parts.uri.path());
    let path_and_query = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut headers = parts.headers;
    forward::strip_hop_by_hop(&mut headers);
    forward::strip_credentials(&mut headers);
    if let Ok(traceparent) = HeaderValue::from_str(&identity.traceparent()) {
        headers.insert(TRACEPARENT, traceparent);
    }
    Outgoing { method: parts.method, path_and_query, headers, body: Unsent::new(body) }
}

fn unavailable(target: &Target) -> Response<Body> {
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        &format!("{}/{} has no ready replica", target.namespace, target.service),
        "the service's page and `dais get inferenceservices` say why",
    )
}

fn broken(target: &Target, failure: &Failure) -> Response<Body> {
    if let Failure::Upstream(error) = failure {
        let service = &target.service;
        tracing::warn!(%error, namespace = target.namespace, service, "upstream failed");
    }
    let (status, reason) = match failure {
        Failure::Address => (StatusCode::BAD_REQUEST, "the path cannot be forwarded"),
        Failure::Upstream(error) if error.is_connect() => {
            (StatusCode::BAD_GATEWAY, "no replica could be reached")
        }
        Failure::Upstream(_) => {
            (StatusCode::BAD_GATEWAY, "the replica broke off before it answered")
        }
    };
    refuse(status, reason, "the service's Logs show what happened")
}
