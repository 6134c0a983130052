//! Over a WebSocket: two channels for each port of the query, data and error. Both begin
//! with the port's number, little end first.

use std::io;

use axum::extract::ws::{Message, WebSocket};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use http::StatusCode;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Pod, pass_on, piece, words};
use crate::negotiate::part;

/// Channels have one byte, and a port takes two.
const MOST_PORTS: usize = 127;
/// Messages that wait for the other side.
const WAITING: usize = 8;

type Messages = mpsc::Sender<(u8, Bytes)>;

/// The ports that a query names.
///
/// # Errors
/// The answer to a query without ports, with too many, or with something else: 400.
pub(super) fn ports(query: &str) -> Result<Vec<u16>, Box<Response>> {
    let refuse = |why: String| Box::new((StatusCode::BAD_REQUEST, why).into_response());
    let query = query.replace("%2C", ",");
    let named = query.split('&').filter_map(|pair| pair.strip_prefix("ports="));
    let ports = named.flat_map(|ports| ports.split(',')).map(|port| {
        let number = port.parse::<u16>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| refuse(format!("ports: {port:?} is not a number from 1 to 65535")))
    });
    let ports = ports.collect::<Result<Vec<_>, _>>()?;
    match ports.len() {
        0 => Err(refuse("ports: the query must name one, as in ports=8080".to_owned())),
        1..=MOST_PORTS => Ok(ports),
        more => Err(refuse(format!("ports: {more} are more than {MOST_PORTS}"))),
    }
}

pub(super) async fn serve<F, W>(socket: WebSocket, ports: &[u16], connect: F)
where
    F: Fn(u16) -> W + Clone + Send + 'static,
    W: Future<Output = io::Result<TcpStream>> + Send + 'static,
{
    let (messages, mut outgoing) = mpsc::channel(WAITING);
    let mut connections = JoinSet::new();
    let mut inputs = Vec::new();
    for (channel, port) in (0..).step_by(2).zip(ports) {
        let (input, received) = mpsc::channel(WAITING);
        inputs.push(input);
        connections.spawn(forward(*port, channel, received, messages.clone(), connect.clone()));
    }
    drop(messages);
    let (mut sink, mut stream) = socket.split();
    let listening = async {
        while let Some(Ok(message)) = stream.next().await {
            let bytes = match message {
                Message::Binary(bytes) => bytes,
                Message::Text(text) => Bytes::from(text),
                Message::Close(_) => return,
                _ => continue,
            };
            let Some(&channel) = bytes.first() else { continue };
            if channel % 2 == 0
                && let Some(input) = inputs.get(usize::from(channel / 2))
            {
                // A connection that is over takes no more.
                let _ = input.send(bytes.slice(1..)).await;
            }
        }
    };
    let writing = async {
        while let Some((channel, bytes)) = outgoing.recv().await {
            let message = BytesMut::from_iter([channel].into_iter().chain(bytes));
            if sink.send(Message::Binary(message.freeze())).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = listening => {}
        () = writing => part(&mut sink, &mut stream).await,
    }
}

async fn forward<F, W>(
    port: u16,
    channel: u8,
    mut received: mpsc::Receiver<Bytes>,
    messages: Messages,
    connect: F,
) where
    F: Fn(u16) -> W,
    W: Future<Output = io::Result<TcpStream>>,
{
    let number = Bytes::copy_from_slice(&port.to_le_bytes());
    for channel in [channel, channel + 1] {
        if messages.send((channel, number.clone())).await.is_err() {
            return;
        }
    }
    let pod = match connect(port).await {
        Ok(pod) => pod,
        Err(error) => {
            // A client that is gone needs no words.
            let _ = messages.send((channel + 1, Bytes::from(words(port, &error)))).await;
            return;
        }
    };
    let Pod { mut read, mut write, mut buffer } = Pod::of(pod);
    let from_pod = async {
        while let Some(bytes) = piece(&mut read, &mut buffer).await {
            if messages.send((channel, bytes)).await.is_err() {
                return;
            }
        }
    };
    // This protocol has no sign for a client that has said all.
    let to_pod = async {
        pass_on(&mut write, &mut received).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = from_pod => {}
        () = to_pod => {}
    }
}
