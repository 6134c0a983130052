//! Connections to endpoints, kept open between requests.
//!
//! A connection has no task of its own: whoever uses it moves it. That is the task
//! of the request until the head of its answer is there, and the answer's body from
//! then on; with the end of the body the connection goes back to the pool. So nothing
//! is handed from one task to another on a request's way.

mod answer;
pub(crate) mod link;
mod replay;

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Request, Response};
use http_body::Body as _;
use hyper::client::conn::TrySendError;

use crate::admission::Admission;
use crate::table::Endpoint;

use answer::Answer;
use link::{Link, drive};
use replay::Replay;

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
#[derive(Clone)]
pub struct Pool {
    idle: Arc<Mutex<Idle>>,
    admission: Arc<dyn Admission>,
}

/// Who is at the other end, and whose endpoint it was found to be: what one project may
/// be sent is not another's.
type Peer = (SocketAddr, Arc<str>);

#[derive(Default)]
struct Idle {
    links: HashMap<Peer, Vec<Parked>>,
    is_swept: bool,
}

struct Parked {
    link: Box<Link>,
    since: Instant,
}

impl Pool {
    pub fn new(admission: Arc<dyn Admission>) -> Self {
        Self { idle: Arc::default(), admission }
    }

    /// Sends a request, in origin form, and returns when the head of its answer is there.
    ///
    /// A connection that was kept may close at the moment of use. A request that was not
    /// sent then, or that may be sent twice, goes over a new one.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        let to = (endpoint.address, endpoint.namespace.clone());
        while let Some(link) = self.take(&to) {
            let replay = Replay::of(&mut request);
            if replay.is_none() && !link.line.is_quiet() {
                continue;
            }
            match self.ask(link, to.clone(), request).await {
                Ok(response) => return Ok(response),
                Err(mut failed) => match failed.take_message() {
                    // It had been closed while it waited: nothing was sent.
                    Some(unsent) => request = unsent,
                    None => {
                        request = replay
                            .and_then(Replay::request)
                            .ok_or_else(|| Failure::Broken(failed.into_error()))?;
                        break;
                    }
                },
            }
        }
        let link = match Link::open(endpoint, &*self.admission).await {
            Ok(link) => Box::new(link),
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
        to: Peer,
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
    fn take(&self, to: &Peer) -> Option<Box<Link>> {
        let mut idle = self.lock();
        let parked = idle.links.get_mut(to)?.pop()?;
        (parked.since.elapsed() < IDLE).then_some(parked.link)
    }

    fn put(&self, to: Peer, link: Box<Link>) {
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
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
