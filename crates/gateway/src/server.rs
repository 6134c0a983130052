//! The threads on which requests are served.
//!
//! The gateway has threads of its own, each with a runtime, the connections that it
//! accepted and a pool of connections to endpoints: a request stays on one thread from
//! its first byte to the last of its answer, and what else the platform does at the
//! time does not stand in its way.

use std::convert::Infallible;
use std::io;
use std::thread;
use std::time::Duration;

use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gateway::Gateway;
use crate::line::Wire;
use crate::proxy::Way;
use crate::withheld;

/// How long requests under way may take when the gateway is stopped.
const GRACE: Duration = Duration::from_secs(2);
/// Between two tries to accept when the machine refuses, for want of file descriptors
/// for example: other connections may end meanwhile.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

impl Gateway {
    /// Serves what `listener` accepts until `stop`, and what is under way then for a
    /// moment longer. Uses half of the machine's processors.
    ///
    /// # Errors
    /// When a thread or its runtime cannot be had.
    pub async fn serve(&self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let listener = listener.into_std()?;
        let count = thread::available_parallelism().map_or(1, |all| (all.get() / 2).max(1));
        let mut ends = Vec::with_capacity(count);
        for number in 0..count {
            let (ended, end) = oneshot::channel();
            let (way, listener, stop) = (Way::new(self), listener.try_clone()?, stop.clone());
            thread::Builder::new().name(format!("gateway-{number}")).spawn(move || {
                // Whoever waited may have gone.
                let _ = ended.send(work(way, listener, stop));
            })?;
            ends.push(end);
        }
        for end in ends {
            end.await.unwrap_or_else(|_| Err(io::Error::other("a gateway thread panicked")))?;
        }
        Ok(())
    }
}

fn work(way: Way, listener: std::net::TcpListener, stop: CancellationToken) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let connections = TaskTracker::new();
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(way.clone(), stream, stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
        connections.close();
        // What takes longer is cut off with the runtime.
        let _ = tokio::time::timeout(GRACE, connections.wait()).await;
        Ok(())
    })
}

async fn serve(way: Way, stream: TcpStream, stop: CancellationToken) {
    // Without it a part of a streamed answer waits for the last one's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection gone before it was served");
        return;
    }
    let wire = Wire::new(stream);
    let line = wire.line();
    let service = service_fn(|request: Request<Incoming>| {
        let (way, line) = (way.clone(), line.clone());
        async move {
            let take = async |request| way.take(request, Some(&line)).await;
            Ok::<_, Infallible>(withheld::answer(request.map(Body::new), take).await)
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(wire), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The caller went away or speaks no HTTP: theirs to know.
        tracing::debug!(error, "connection broken");
    }
}
