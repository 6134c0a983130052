//! Bodies that a client holds back until it is asked for them (`Expect: 100-continue`).
//!
//! hyper asks when the body is first read. A client that gets its answer without having
//! been asked keeps the body, and what it sends next is another request; but hyper learns
//! only a moment later that nobody reads the body, and would take the first bytes of that
//! request for it. So such an answer ends its connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, StatusCode, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// Has `serve` answer `request`, and ends the connection where the client keeps a body
/// that it was not asked for.
pub async fn answer<F>(request: Request, serve: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let held = request.version() == Version::HTTP_11
        && request.headers().contains_key(header::EXPECT)
        && !request.body().is_end_stream();
    if !held {
        return serve(request).await;
    }
    let asked = Arc::new(AtomicBool::new(false));
    let watched = |body| Body::new(Watched { body, asked: asked.clone() });
    let mut response = serve(request.map(watched)).await;
    if !asked.load(Ordering::Relaxed) && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Notes that somebody reads it.
struct Watched {
    body: Body,
    asked: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.asked.store(true, Ordering::Relaxed);
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
