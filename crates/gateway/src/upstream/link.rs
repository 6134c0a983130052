//! One connection to an endpoint. It has no task of its own: whoever uses it moves it.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use axum::body::Body;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::admission::Admission;
use crate::line::{Line, Wire};
use crate::table::Endpoint;

/// An endpoint on the same machine or network answers a connect in far less.
const CONNECT: Duration = Duration::from_secs(2);

pub type Moving = Connection<TokioIo<Wire>, Body>;

pub struct Link {
    pub sender: SendRequest<Body>,
    /// `None` once it has ended.
    pub connection: Option<Moving>,
    pub line: Line,
}

impl Link {
    pub async fn open(to: &Endpoint, admission: &dyn Admission) -> io::Result<Self> {
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(to.address)).await??;
        admission.answers(&stream, &to.namespace)?;
        stream.set_nodelay(true)?;
        let wire = Wire::new(stream);
        let line = wire.line();
        let (sender, connection) = handshake(TokioIo::new(wire)).await.map_err(io::Error::other)?;
        Ok(Self { sender, connection: Some(connection), line })
    }
}

/// Moves a connection on. How it ended is told to the request or to its answer's body.
pub fn drive(connection: &mut Option<Moving>, context: &mut Context<'_>) {
    if let Some(moving) = connection
        && Pin::new(moving).poll(context).is_ready()
    {
        *connection = None;
    }
}
