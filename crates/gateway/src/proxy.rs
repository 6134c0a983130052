//! One request, from its arrival to the head of its answer.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use http::uri::PathAndQuery;
use http::{HeaderValue, Response, StatusCode, Uri, Version, header};
use prometheus_client::metrics::gauge::Gauge;

use crate::admission::{Admission, Denied, Target};
use crate::context::Identity;
use crate::forward::{strip_credentials, strip_hop_by_hop};
use crate::metrics::Metrics;
use crate::refusal::refuse;
use crate::span::{Span, SpanSink};
use crate::table::{Endpoint, Rule, Table};
use crate::upstream::{Failure, Pool};

#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    table: RwLock<Arc<Table>>,
    admission: Arc<dyn Admission>,
    spans: Arc<dyn SpanSink>,
    metrics: Metrics,
}

impl Gateway {
    pub fn new(admission: Arc<dyn Admission>, spans: Arc<dyn SpanSink>) -> Self {
        let (table, metrics) = (RwLock::default(), Metrics::default());
        Self(Arc::new(Inner { table, admission, spans, metrics }))
    }

    pub fn set_table(&self, table: Table) {
        *self.0.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Serves every path that a route matches, for requests made in process.
    pub fn router(&self) -> Router {
        let take =
            |State(way): State<Way>, request: Request| async move { way.take(request).await };
        Router::new().fallback(take).with_state(Way::new(self))
    }

    fn find(&self, path: &str) -> Option<Arc<Rule>> {
        let table = self.0.table.read().unwrap_or_else(PoisonError::into_inner);
        table.find(path).cloned()
    }
}

/// The gateway with connections to endpoints: one for each runtime that serves.
#[derive(Clone)]
pub(crate) struct Way {
    gateway: Gateway,
    pool: Pool,
}

impl Way {
    pub fn new(gateway: &Gateway) -> Self {
        Self { gateway: gateway.clone(), pool: Pool::default() }
    }

    pub async fn take(&self, request: Request) -> Response<Body> {
        let Some(rule) = self.gateway.find(request.uri().path()) else {
            // Whether a service exists is nobody's business before they are known,
            // so an unknown path answers everybody alike.
            return refuse(
                StatusCode::NOT_FOUND,
                "no service has this path",
                "paths are /serve/<project>/<service>/…; `dais get inferenceservices` lists services",
            );
        };
        let inner = &self.gateway.0;
        let target = &rule.target;
        let (began, start) = (Instant::now(), SystemTime::now());
        let _guard = InFlight(inner.metrics.began(target));
        let admitted = inner.admission.admit(request.headers(), request.extensions(), target);
        let user = match admitted.await {
            Ok(user) => user,
            Err(denied) => {
                let response = refused(&denied);
                inner.metrics.ended(target, response.status(), began.elapsed());
                return response;
            }
        };
        let identity = Identity::of(request.headers(), |id| inner.spans.samples(id));
        let method = request.method().clone();
        let (path, version) = (request.uri().path().to_owned(), request.version());
        let Forwarded { response, endpoint } = self.forward(&rule, &identity, request).await;
        let (status, duration) = (response.status(), began.elapsed());
        inner.metrics.ended(target, status, duration);
        if !identity.is_sampled {
            return response;
        }
        let span = Span {
            identity,
            start,
            duration,
            status,
            target: target.clone(),
            user,
            method,
            path,
            version,
            endpoint,
            route: rule.prefix.clone(),
        };
        inner.spans.record(span);
        response
    }

    async fn forward(&self, rule: &Rule, identity: &Identity, request: Request) -> Forwarded {
        let target = &rule.target;
        let Some(backend) = rule.choose(rand::random()) else {
            return unavailable(target).into();
        };
        let Some(mut request) = outgoing(rule, identity, request) else {
            return refuse(
                StatusCode::BAD_REQUEST,
                "the path cannot be forwarded",
                "check the path",
            )
            .into();
        };
        let mut asked: Option<&Endpoint> = None;
        for endpoint in backend.in_turn() {
            if asked.is_some() {
                self.gateway.0.metrics.retried(target);
            }
            asked = Some(endpoint);
            match self.pool.send(endpoint.address, request).await {
                Ok(mut response) => {
                    // The endpoint's version of HTTP concerns its own connection.
                    *response.version_mut() = Version::HTTP_11;
                    strip_hop_by_hop(response.headers_mut());
                    return Forwarded { response, endpoint: Some(endpoint.clone()) };
                }
                Err(Failure::Unreachable(unsent, error)) => {
                    tracing::debug!(%error, endpoint = %endpoint.address, "endpoint not reached");
                    request = *unsent;
                }
                Err(Failure::Broken(error)) => {
                    let Target { namespace, service } = target;
                    tracing::warn!(%error, %namespace, %service, "upstream failed");
                    let response = failed("the replica broke off before it answered");
                    return Forwarded { response, endpoint: Some(endpoint.clone()) };
                }
            }
        }
        let response = match asked {
            Some(_) => failed("no replica could be reached"),
            None => unavailable(target),
        };
        Forwarded { response, endpoint: asked.cloned() }
    }
}

/// An answer, and who gave it or was asked for it last.
struct Forwarded {
    response: Response<Body>,
    endpoint: Option<Endpoint>,
}

impl From<Response<Body>> for Forwarded {
    fn from(response: Response<Body>) -> Self {
        Self { response, endpoint: None }
    }
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

/// The request as the endpoint gets it; `None` when its path cannot be sent on.
fn outgoing(rule: &Rule, identity: &Identity, mut request: Request) -> Option<Request> {
    let uri = request.uri();
    let mut path = rule.rewrite(uri.path());
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let path = PathAndQuery::try_from(path).ok()?;
    let authority = uri.authority().cloned();
    *request.uri_mut() = Uri::from(path);
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    strip_hop_by_hop(headers);
    strip_credentials(headers);
    identity.pass_on(headers);
    // HTTP/2 says it in the address.
    if let Some(authority) = authority
        && !headers.contains_key(header::HOST)
    {
        headers.insert(header::HOST, HeaderValue::from_str(authority.as_str()).ok()?);
    }
    Some(request)
}

fn unavailable(target: &Target) -> Response<Body> {
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        &format!("{}/{} has no ready replica", target.namespace, target.service),
        "the service's page and `dais get inferenceservices` say why",
    )
}

fn failed(reason: &str) -> Response<Body> {
    refuse(StatusCode::BAD_GATEWAY, reason, "the service's Logs show what happened")
}
