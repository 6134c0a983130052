//! Connections to what pods serve. The gateway and others are made before the node that
//! tells whose a port is.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::Service;

#[derive(Clone, Default)]
pub struct Peers(Arc<OnceLock<dais_node::Peers>>);

impl Peers {
    /// A second call changes nothing.
    pub fn set(&self, peers: dais_node::Peers) {
        let _ = self.0.set(peers);
    }

    /// Whether the other end is a process of the project. Asked before anything is sent.
    ///
    /// # Errors
    /// `PermissionDenied` when it is not; `NotConnected` before [`Peers::set`].
    pub fn check(&self, connection: &TcpStream, project: &str) -> io::Result<()> {
        let starting = || io::Error::new(io::ErrorKind::NotConnected, "the node is starting");
        self.0.get().ok_or_else(starting)?.check(connection, project)
    }

    /// Connects HTTP clients to pods of a project and to nobody else.
    pub fn connector(&self, project: &str) -> Connector {
        Connector { peers: self.clone(), project: project.into() }
    }
}

#[derive(Clone)]
pub struct Connector {
    peers: Peers,
    project: Arc<str>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Pods are named by their addresses.
    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { peers, project } = self.clone();
        Box::pin(async move {
            let unknown = || io::Error::new(io::ErrorKind::InvalidInput, "no address of a pod");
            let to = uri.authority().and_then(|authority| authority.as_str().parse().ok());
            let to: SocketAddr = to.ok_or_else(unknown)?;
            let connection = TcpStream::connect(to).await?;
            peers.check(&connection, &project)?;
            Ok(TokioIo::new(connection))
        })
    }
}
