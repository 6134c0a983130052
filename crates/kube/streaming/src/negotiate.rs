//! From the headers of a request to the protocol that both sides speak.

use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use http::header::{CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

/// Names the protocol inside a SPDY connection; asked for and answered.
const STREAM_PROTOCOL: &str = "x-stream-protocol-version";
const SPDY: &str = "SPDY/3.1";
/// A message of a client; they send at most half of it.
const LONGEST_MESSAGE: usize = 1 << 20;

/// A client has so long to answer that the connection is over.
const FAREWELL: Duration = Duration::from_secs(5);

/// How the client wants to speak.
pub(crate) enum Upgrade {
    WebSocket(WebSocketUpgrade),
    Spdy(OnUpgrade),
}

/// # Errors
/// The answer to a request that is no upgrade, or to none of `protocols`: 400.
// The error is the answer itself, made once per refused request.
#[allow(clippy::result_large_err)]
pub(crate) async fn upgrade(parts: &mut Parts, spdy_protocol: &str) -> Result<Upgrade, Response> {
    let wanted = parts.headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    match wanted {
        Some(wanted) if wanted.eq_ignore_ascii_case("websocket") => {
            let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await;
            let upgrade = upgrade.map_err(IntoResponse::into_response)?;
            Ok(Upgrade::WebSocket(upgrade.max_message_size(LONGEST_MESSAGE)))
        }
        Some(wanted) if wanted.eq_ignore_ascii_case(SPDY) => {
            let asked = stream_protocols(&parts.headers);
            if !asked.iter().any(|one| one == spdy_protocol) {
                return Err(refuse(&format!(
                    "the client speaks {asked:?} over SPDY, this server {spdy_protocol}"
                )));
            }
            let upgrade = parts.extensions.remove::<OnUpgrade>();
            upgrade.map(Upgrade::Spdy).ok_or_else(|| refuse("this connection cannot be upgraded"))
        }
        _ => Err(refuse("an upgrade to WebSocket or SPDY/3.1 is required")),
    }
}

/// Chooses the protocol of a WebSocket: the first of `ours` that the client named.
// The error is the answer itself, made once per refused request.
#[allow(clippy::result_large_err)]
pub(crate) fn websocket(
    upgrade: WebSocketUpgrade,
    ours: &'static [&'static str],
) -> Result<(WebSocketUpgrade, &'static str), Response> {
    let upgrade = upgrade.protocols(ours.iter().copied());
    let chosen = upgrade.selected_protocol().and_then(|value| value.to_str().ok());
    let chosen = chosen.and_then(|name| ours.iter().find(|one| **one == name));
    match chosen {
        Some(chosen) => Ok((upgrade, chosen)),
        None => {
            Err(refuse(&format!("Sec-WebSocket-Protocol must name one of {}", ours.join(", "))))
        }
    }
}

/// Answers 101 and goes on with the connection in a task of its own.
pub(crate) fn spdy<F, W>(upgrade: OnUpgrade, protocol: &str, work: F) -> Response
where
    F: FnOnce(TokioIo<Upgraded>) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => work(TokioIo::new(upgraded)).await,
            Err(error) => tracing::debug!(%error, "not upgraded"),
        }
    });
    let headers =
        [(CONNECTION.as_str(), "Upgrade"), (UPGRADE.as_str(), SPDY), (STREAM_PROTOCOL, protocol)];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// The last message of a WebSocket: clients take an end without it for a failure.
pub(crate) fn goodbye() -> Message {
    Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }))
}

/// Ends a WebSocket as both sides expect it: the client answers, and only then is it closed.
pub(crate) async fn part(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
) {
    if sink.send(goodbye()).await.is_ok() {
        let answered = async { while let Some(Ok(_)) = stream.next().await {} };
        // A client that does not answer is cut off.
        let _ = tokio::time::timeout(FAREWELL, answered).await;
    }
}

fn stream_protocols(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(STREAM_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_owned()).collect()
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, why.to_owned()).into_response()
}
