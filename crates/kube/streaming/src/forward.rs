//! Ports: one connection to the pod for each pair of streams, data and error.

mod channels;
mod pairs;

use std::io;

use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use crate::negotiate::{self, Upgrade};
use crate::{spdy, tunnel};

const SPDY_PROTOCOL: &str = "portforward.k8s.io";
/// SPDY inside a WebSocket, as kubectl speaks it.
const TUNNELLED: &str = "SPDY/3.1+portforward.k8s.io";
/// A channel for each stream, as the other clients speak it.
const CHANNELS: &str = "v4.channel.k8s.io";
/// Bytes read from a pod at once.
const PIECE: usize = 32 * 1024;

/// Answers a request to forward ports, and does so when the connection is upgraded.
///
/// `connect` opens a connection to a port of the pod; what it fails with is told to the
/// client in words. Clients that speak channels name their ports in the query (`ports=80`,
/// repeated or with commas).
///
/// The answer is 101, or 400 with words where the request speaks none of the protocols.
pub async fn port_forward<F, W>(request: Request, connect: F) -> Response
where
    F: Fn(u16) -> W + Clone + Send + 'static,
    W: Future<Output = io::Result<TcpStream>> + Send + 'static,
{
    let (mut parts, _) = request.into_parts();
    match negotiate::upgrade(&mut parts, SPDY_PROTOCOL).await {
        Err(refusal) => refusal,
        Ok(Upgrade::WebSocket(upgrade)) => {
            match negotiate::websocket(upgrade, &[TUNNELLED, CHANNELS]) {
                Err(refusal) => refusal,
                Ok((upgrade, TUNNELLED)) => upgrade.on_upgrade(async move |socket| {
                    let connection = spdy::Connection::serve(tunnel::open(socket));
                    pairs::serve(connection, connect).await;
                }),
                Ok((upgrade, _)) => match channels::ports(parts.uri.query().unwrap_or_default()) {
                    Err(refusal) => *refusal,
                    Ok(ports) => upgrade.on_upgrade(async move |socket| {
                        channels::serve(socket, &ports, connect).await;
                    }),
                },
            }
        }
        Ok(Upgrade::Spdy(upgrade)) => negotiate::spdy(upgrade, SPDY_PROTOCOL, async move |io| {
            pairs::serve(spdy::Connection::serve(io), connect).await;
        }),
    }
}

/// A connection to a pod as pieces of bytes.
struct Pod {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    buffer: BytesMut,
}

impl Pod {
    fn of(connection: TcpStream) -> Pod {
        let (read, write) = connection.into_split();
        Pod { read, write, buffer: BytesMut::new() }
    }
}

/// The next piece; `None` at the end, however it came.
async fn piece(read: &mut OwnedReadHalf, buffer: &mut BytesMut) -> Option<Bytes> {
    buffer.reserve(PIECE);
    match read.read_buf(buffer).await {
        Ok(read) if read > 0 => Some(buffer.split().freeze()),
        _ => None,
    }
}

/// Passes on what the client sends until it closes its side, then closes the pod's.
async fn pass_on(write: &mut OwnedWriteHalf, received: &mut mpsc::Receiver<Bytes>) {
    while let Some(bytes) = received.recv().await {
        if write.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // A pod that has closed already needs no telling.
    let _ = write.shutdown().await;
}

fn words(port: u16, error: &io::Error) -> String {
    format!(
        "error forwarding port {port}: {error} (hint: does the program listen on $PORT, or on \
         this port at the pod's address?)"
    )
}
