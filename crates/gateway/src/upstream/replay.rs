//! A request that may be sent once more.
//!
//! A server may close a connection at the very moment when a request comes over it.
//! Whether the request was taken then nobody knows, so only one whose method is
//! idempotent goes again (RFC 9110, section 9.2.2).

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// Bytes of a body that are kept for a second time; with a longer one the request is
/// sent once. Most bodies of idempotent requests are empty.
const MOST: usize = 64 * 1024;

pub struct Replay {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Option<Shared>,
}

impl Replay {
    /// What is needed to send `request` again; `None` when it must not be.
    pub fn of(request: &mut Request<Body>) -> Option<Self> {
        if !is_idempotent(request.method()) {
            return None;
        }
        let body = (!request.body().is_end_stream()).then(|| {
            let shared = Shared::new(std::mem::take(request.body_mut()));
            *request.body_mut() = Body::new(Passing(shared.clone()));
            shared
        });
        Some(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            body,
        })
    }

    /// The request as it was, with what of its body was already read.
    pub fn request(self) -> Option<Request<Body>> {
        let body = match self.body {
            None => Body::empty(),
            Some(shared) => shared.again()?,
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        Some(request)
    }
}

fn is_idempotent(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS].contains(method)
}

/// A body that its connection reads and that is taken back when the connection broke.
#[derive(Clone)]
struct Shared(Arc<Mutex<State>>);

struct State {
    rest: Body,
    /// What was read; `None` when that was too much.
    read: Option<VecDeque<Bytes>>,
    size: usize,
}

impl Shared {
    fn new(rest: Body) -> Self {
        Self(Arc::new(Mutex::new(State { rest, read: Some(VecDeque::new()), size: 0 })))
    }

    fn again(&self) -> Option<Body> {
        let mut state = self.lock();
        let (read, rest) = (state.read.take()?, std::mem::take(&mut state.rest));
        Some(Body::new(Again { read, rest }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, axum::Error>>>;

/// The body on its first way.
struct Passing(Shared);

impl HttpBody for Passing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        let mut state = self.0.lock();
        let frame = std::task::ready!(Pin::new(&mut state.rest).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => state.keep(frame),
            Some(Err(_)) => state.read = None,
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().rest.size_hint()
    }
}

impl State {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        // Trailers end a body, and those who send them stream.
        let Some(chunk) = frame.data_ref() else { return self.read = None };
        self.size += chunk.len();
        match &mut self.read {
            Some(read) if self.size <= MOST => read.push_back(chunk.clone()),
            read => *read = None,
        }
    }
}

/// What was read before, and then the rest.
struct Again {
    read: VecDeque<Bytes>,
    rest: Body,
}

impl HttpBody for Again {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        match self.read.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let read: usize = self.read.iter().map(Bytes::len).sum();
        let (mut hint, rest) = (SizeHint::new(), self.rest.size_hint());
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + read as u64);
        }
        hint.set_lower(rest.lower() + read as u64);
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(body: Body) -> Request<Body> {
        Request::put("/x").header("a", "1").body(body).unwrap()
    }

    async fn text(body: Body) -> String {
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        String::from_utf8(bytes.into()).unwrap()
    }

    #[tokio::test]
    async fn a_body_is_sent_again_from_its_beginning() {
        let chunks = ["one", "two", "three"].map(Ok::<_, std::io::Error>);
        let mut request = put(Body::from_stream(futures::stream::iter(chunks)));
        let replay = Replay::of(&mut request).unwrap();
        let frame =
            std::future::poll_fn(|context| Pin::new(request.body_mut()).poll_frame(context));
        assert_eq!(frame.await.unwrap().unwrap().into_data().unwrap(), "one");
        drop(request);
        let again = replay.request().unwrap();
        assert_eq!((again.method(), &again.headers()["a"]), (&Method::PUT, &"1".parse().unwrap()));
        assert_eq!(text(again.into_body()).await, "onetwothree");
    }

    #[tokio::test]
    async fn what_may_have_been_done_or_is_too_long_goes_once() {
        let mut post = Request::post("/x").body(Body::empty()).unwrap();
        assert!(Replay::of(&mut post).is_none());
        let mut long = put(Body::from("x".repeat(MOST + 1)));
        let replay = Replay::of(&mut long).unwrap();
        text(long.into_body()).await;
        assert!(replay.request().is_none());
        let mut empty = put(Body::empty());
        assert!(Replay::of(&mut empty).unwrap().request().unwrap().body().is_end_stream());
    }
}
