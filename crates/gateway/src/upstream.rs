//! Connections to endpoints, kept open between requests.
//!
//! A connection has no task of its own: whoever uses it moves it. That is the task
//! of the request until the head of its answer is there, and the answer's body from
//! then on; with the end of the body the connection goes back to the pool. So nothing
//! is handed from one task to another on a request's way.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An endpoint on the same machine or network answers a connect in far less.
const CONNECT: Duration = Duration::from_secs(2);
/// Idle connections are closed before common servers close them (uvicorn: 5 s),
/// so that a request is not sent into a closing connection.
const IDLE: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub enum Failure {
    /// Nothing of the request was sent, so another endpoint may have it.
    Unreachable(Box<Request<Body>>, io::Error),
    /// Something of the request may have arrived.
    Broken(hyper::Error),
}

/// Connections that wait for the next request. Clones share them.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Idle>>);

#[derive(Default)]
struct Idle {
    links: HashMap<SocketAddr, Vec<Parked>>,
    is_swept: bool,
}

struct Parked {
    link: Box<Link>,
    since: Instant,
}

impl Pool {
    /// Sends a request, in origin form, and returns when the head of its answer is there.
    pub async fn send(
        &self,
        to: SocketAddr,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        while let Some(link) = self.take(to) {
            match self.ask(link, to, request).await {
                Ok(response) => return Ok(response),
                // It had been closed while it waited: nothing was sent.
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Failure::Broken(failed.into_error())),
                },
            }
        }
        let link = match Link::open(to).await {
            Ok(link) => link,
            Err(error) => return Err(Failure::Unreachable(Box::new(request), error)),
        };
        self.ask(link, to, request).await.map_err(|mut failed| match failed.take_message() {
            Some(unsent) => {
                Failure::Unreachable(Box::new(unsent), io::Error::other(failed.into_error()))
            }
            None => Failure::Broken(failed.into_error()),
        })
    }

    async fn ask(
        &self,
        mut link: Box<Link>,
        to: SocketAddr,
        request: Request<Body>,
    ) -> Result<Response<Body>, TrySendError<Request<Body>>> {
        let mut answer = pin!(link.sender.try_send_request(request));
        let (connection, sender) = (&mut link.connection, &link.sender);
        let response = poll_fn(|context| {
            drive(connection, context);
            let response = std::task::ready!(answer.as_mut().poll(context))?;
            if response.body().is_end_stream() {
                // Comes to rest; nobody would move it after this.
                drive(connection, context);
            }
            Poll::Ready(Ok(response))
        })
        .await?;
        let has_ended = response.body().is_end_stream();
        let is_kept = connection.is_some() && (!has_ended || sender.is_ready());
        if has_ended && is_kept {
            self.put(to, link);
            return Ok(response.map(|_| Body::empty()));
        }
        let link = is_kept.then_some(link);
        Ok(response.map(|body| Body::new(Answer { body, link, to, pool: self.clone() })))
    }

    /// The connection that was used last: the least likely to be closed.
    fn take(&self, to: SocketAddr) -> Option<Box<Link>> {
        let mut idle = self.lock();
        let parked = idle.links.get_mut(&to)?.pop()?;
        (parked.since.elapsed() < IDLE).then_some(parked.link)
    }

    fn put(&self, to: SocketAddr, link: Box<Link>) {
        let mut idle = self.lock();
        let parked = Parked { link, since: Instant::now() };
        idle.links.entry(to).or_default().push(parked);
        if !std::mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(self.clone().sweep());
        }
    }

    /// Closes what nobody uses any more; ends when nothing is left.
    async fn sweep(self) {
        loop {
            tokio::time::sleep(IDLE).await;
            let mut idle = self.lock();
            idle.links.retain(|_, parked| {
                parked.retain(|parked| parked.since.elapsed() < IDLE);
                !parked.is_empty()
            });
            if idle.links.is_empty() {
                idle.is_swept = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Moving = Connection<TokioIo<TcpStream>, Body>;

struct Link {
    sender: SendRequest<Body>,
    /// `None` once it has ended.
    connection: Option<Moving>,
}

impl Link {
    async fn open(to: SocketAddr) -> io::Result<Box<Self>> {
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(to)).await??;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        Ok(Box::new(Self { sender, connection: Some(connection) }))
    }
}

/// Moves a connection on. How it ended is told to the request or to its answer's body.
fn drive(connection: &mut Option<Moving>, context: &mut Context<'_>) {
    if let Some(moving) = connection
        && Pin::new(moving).poll(context).is_ready()
    {
        *connection = None;
    }
}

/// The body of an answer, and the connection that it comes from.
struct Answer {
    body: Incoming,
    link: Option<Box<Link>>,
    to: SocketAddr,
    pool: Pool,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending()
            && let Some(link) = &mut self.link
        {
            drive(&mut link.connection, context);
            frame = Pin::new(&mut self.body).poll_frame(context);
        }
        let has_ended = match &frame {
            Poll::Pending => false,
            Poll::Ready(Some(Ok(_))) => self.body.is_end_stream(),
            Poll::Ready(None | Some(Err(_))) => true,
        };
        if has_ended && let Some(mut link) = self.link.take() {
            drive(&mut link.connection, context);
            if link.connection.is_some() && link.sender.is_ready() {
                self.pool.put(self.to, link);
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
