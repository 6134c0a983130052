//! One request, from its arrival to the head of its answer.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::body::Body;
use axum::extract::Request;
use http::{Response, StatusCode, header};
use http_body::Body as _;

use crate::admission::{Asked, Target};
use crate::context::Identity;
use crate::forward::{incoming, outgoing};
use crate::gateway::Gateway;
use crate::line::Line;
use crate::live::UnderWay;
use crate::origin;
use crate::refusal::{failed, refuse, refused, taken, unavailable};
use crate::span::{Assigned, Span};
use crate::table::{Backend, Endpoint, Engaged, Rule};
use crate::tee::Tee;
use crate::upgrade::{self, Tunnel};
use crate::upstream::{Failure, Pool};

/// The gateway with connections to endpoints: one for each runtime that serves.
#[derive(Clone)]
pub(crate) struct Way {
    pub gateway: Gateway,
    pub pool: Pool,
}

/// What is known of a request that was let in.
pub(crate) struct Arrival<'a> {
    pub began: Instant,
    pub start: SystemTime,
    pub identity: &'a Identity,
    pub user: &'a Arc<str>,
    /// The caller's connection, where the gateway owns it.
    pub line: Option<&'a Line>,
}

/// An answer, and who gave it or was asked for it last.
pub(crate) struct Forwarded {
    pub response: Response<Body>,
    pub endpoint: Option<Endpoint>,
    /// Whether it is the endpoint's own word.
    pub is_answered: bool,
    /// What the connection becomes.
    pub tunnel: Option<Tunnel>,
    /// Lives as long as the tunnel; else the answer's body has it.
    pub under_way: Option<UnderWay>,
    pub assigned: Option<Assigned>,
}

impl From<Response<Body>> for Forwarded {
    fn from(response: Response<Body>) -> Self {
        Self {
            response,
            endpoint: None,
            is_answered: false,
            tunnel: None,
            under_way: None,
            assigned: None,
        }
    }
}

/// A request of which nothing was sent, and the endpoint that refused it last.
pub(crate) struct Unsent {
    pub request: Request,
    pub tried: Option<Tried>,
}

/// An endpoint that took no request.
pub(crate) struct Tried {
    pub endpoint: Endpoint,
    /// Why not, where it answered but is not who it should be.
    pub stranger: Option<String>,
}

impl Way {
    pub fn new(gateway: &Gateway) -> Self {
        Self { gateway: gateway.clone(), pool: Pool::new(gateway.admission().clone()) }
    }

    /// `line` is the caller's connection, where it is known.
    pub async fn take(&self, request: Request, line: Option<&Line>) -> Response<Body> {
        if let Err(shut) = self.gateway.door().enter().await {
            return shut;
        }
        let Some(rule) = self.gateway.find(request.uri().path()) else {
            // Whether a service exists is nobody's business before they are known,
            // so an unknown path answers everybody alike.
            return refuse(
                StatusCode::NOT_FOUND,
                "no service has this path",
                "paths are /serve/<project>/<service>/…; `dais get inferenceservices` lists services",
            );
        };
        let (meter, sinks) = (&rule.meter, self.gateway.sinks());
        let target = &rule.target;
        let (began, start) = (Instant::now(), SystemTime::now());
        let guard = meter.began();
        let admission = self.gateway.admission();
        let asked = Asked {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
            route: &rule.prefix,
        };
        let user = match admission.admit(asked, target).await {
            Ok(user) => user,
            Err(denied) => {
                let response = refused(&denied);
                meter.ended(response.status(), began.elapsed());
                return response;
            }
        };
        let identity = Identity::of(request.headers(), |id| sinks.spans.samples(id));
        let method = request.method().clone();
        let (path, version) = (request.uri().path().to_owned(), request.version());
        let arrival = Arrival { began, start, identity: &identity, user: &user, line };
        let forwarded = match &rule.policy {
            None => self.forward(&rule, (&identity, &user), request).await,
            // Apart, so that others do not carry what only this one needs.
            Some(policy) => Box::pin(self.govern(&rule, policy, &arrival, request)).await,
        };
        let Forwarded { mut response, endpoint, tunnel, under_way, assigned, is_answered } =
            forwarded;
        if is_answered {
            origin::keep(&rule, response.headers_mut());
        }
        if let Some(tunnel) = tunnel {
            tokio::spawn(tunnel.carry((guard, under_way)));
        }
        let (status, duration) = (response.status(), began.elapsed());
        meter.ended(status, duration);
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
            assigned,
            route: rule.prefix.clone(),
        };
        sinks.spans.record(span);
        response
    }

    /// Where no policy says otherwise: one backend by chance, and at once.
    async fn forward(&self, rule: &Rule, caller: (&Identity, &str), request: Request) -> Forwarded {
        let target = &rule.target;
        let Some(backend) = rule.choose(rand::random()) else {
            return unavailable(target).into();
        };
        let Some(request) = outgoing(rule, caller, request) else {
            return unforwardable().into();
        };
        match self.ask(rule, backend, request).await {
            Ok(forwarded) => forwarded,
            Err(unsent) => give_up(target, Some(backend), unsent.tried),
        }
    }

    /// Asks the endpoints of a backend in turn, until one has got something of the request.
    pub async fn ask(
        &self,
        rule: &Rule,
        backend: &Backend,
        mut request: Request,
    ) -> Result<Forwarded, Unsent> {
        let sent = Instant::now();
        let mut tried: Option<Tried> = None;
        for engaged in backend.in_turn() {
            let Engaged { endpoint, engagement } = engaged;
            if tried.is_some() {
                rule.meter.retried();
            }
            let sending = self.send(engaged, request).await;
            let is_answered = sending.is_ok();
            let (response, tunnel) = match sending {
                Ok((response, tunnel)) => (incoming(response, tunnel.is_some()), tunnel),
                Err(Failure::Unreachable(unsent, error)) => {
                    tracing::debug!(%error, endpoint = %endpoint.address, "endpoint not reached");
                    let is_stranger = error.kind() == ErrorKind::PermissionDenied;
                    let stranger = is_stranger.then(|| error.to_string());
                    tried = Some(Tried { endpoint: endpoint.clone(), stranger });
                    request = *unsent;
                    continue;
                }
                Err(Failure::Broken(error)) => {
                    let Target { namespace, service } = &rule.target;
                    tracing::warn!(%error, %namespace, %service, "upstream failed");
                    (failed("the replica broke off before it answered"), None)
                }
            };
            backend.tally.answered(response.status(), sent.elapsed());
            let response = response.map(|body| match body.is_end_stream() {
                true => body,
                false => Tee::body(body, None, engagement.clone()),
            });
            let endpoint = Some(endpoint.clone());
            return Ok(Forwarded { is_answered, endpoint, tunnel, ..response.into() });
        }
        Err(Unsent { request, tried })
    }

    async fn send(
        &self,
        to: &Engaged,
        request: Request,
    ) -> Result<(Response<Body>, Option<Tunnel>), Failure> {
        if request.headers().contains_key(header::UPGRADE) {
            return upgrade::send(to, &**self.gateway.admission(), request).await;
        }
        let response = self.pool.send(&to.endpoint, request).await?;
        Ok((response, None))
    }
}

/// The answer to a request that no endpoint took; `backend` failed.
pub(crate) fn give_up(
    target: &Target,
    backend: Option<&Backend>,
    tried: Option<Tried>,
) -> Forwarded {
    if let Some(backend) = backend {
        backend.tally.unanswered();
    }
    let Some(Tried { endpoint, stranger }) = tried else { return unavailable(target).into() };
    let response = match stranger {
        Some(reason) => taken(&reason),
        None => failed("no replica could be reached"),
    };
    Forwarded { endpoint: Some(endpoint), ..response.into() }
}

pub(crate) fn unforwardable() -> Response<Body> {
    refuse(StatusCode::BAD_REQUEST, "the path cannot be forwarded", "check the path")
}
