//! WebSockets (RFC 6455): once the backend agrees, bytes pass both ways until either
//! side ends.
//!
//! Other protocols are not passed on: without the header `Upgrade` a server answers as
//! if nobody had asked (RFC 9110, section 7.8).

use std::io;
use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::admission::Admission;
use crate::engagement::Engagement;
use crate::table::Engaged;
use crate::upstream::Failure;
use crate::upstream::link::Link;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Both ends of what a connection becomes when the backend agrees.
pub struct Tunnel {
    caller: OnUpgrade,
    backend: OnUpgrade,
    engagement: Arc<Engagement>,
}

/// Whether the caller asks for a WebSocket, over a connection that can become one.
pub fn is_asked(request: &Request<Body>) -> bool {
    is_websocket(request.headers()) && request.extensions().get::<OnUpgrade>().is_some()
}

pub fn is_websocket(headers: &HeaderMap) -> bool {
    let value = headers.get(header::UPGRADE);
    value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes()))
}

/// Says the wish again, or the agreement, after the headers of one hop were taken away.
pub fn say(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}

/// Sends a request that asks for a WebSocket, over a connection of its own.
///
/// # Errors
/// As those of a pool.
pub async fn send(
    to: &Engaged,
    admission: &dyn Admission,
    request: Request<Body>,
) -> Result<(Response<Body>, Option<Tunnel>), Failure> {
    let caller = request.extensions().get::<OnUpgrade>().cloned();
    let unreachable = |request, error: io::Error| Failure::Unreachable(Box::new(request), error);
    let Link { mut sender, connection, .. } = match Link::open(&to.endpoint, admission).await {
        Ok(link) => link,
        Err(error) => return Err(unreachable(request, error)),
    };
    if let Some(connection) = connection {
        let address = to.endpoint.address;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, endpoint = %address, "connection broken");
            }
        });
    }
    let mut response = match sender.try_send_request(request).await {
        Ok(response) => response,
        Err(mut failed) => {
            return Err(match failed.take_message() {
                Some(unsent) => unreachable(unsent, io::Error::other(failed.into_error())),
                None => Failure::Broken(failed.into_error()),
            });
        }
    };
    let agreed = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let backend = hyper::upgrade::on(&mut response);
    let engagement = to.engagement.clone();
    let tunnel = caller.filter(|_| agreed).map(|caller| Tunnel { caller, backend, engagement });
    Ok((response.map(Body::new), tunnel))
}

impl Tunnel {
    /// Carries bytes until an end closes; `until` is dropped then.
    pub async fn carry<T>(self, until: T) {
        let Self { caller, backend, engagement } = self;
        match tokio::try_join!(caller, backend) {
            Ok((caller, backend)) => {
                let (mut caller, mut backend) = (TokioIo::new(caller), TokioIo::new(backend));
                let carried = tokio::io::copy_bidirectional(&mut caller, &mut backend).await;
                if let Err(error) = carried {
                    tracing::debug!(%error, "tunnel broken");
                }
            }
            Err(error) => tracing::debug!(%error, "tunnel not made"),
        }
        drop((until, engagement));
    }
}
