//! Over a WebSocket: the first byte of each message names its channel.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::{Bytes, BytesMut};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::sync::mpsc;

use super::{Client, End, Stream, Wanted, Wires, tell_size, wires};
use crate::negotiate::part;

/// The fifth adds that a client may close a channel.
pub(super) const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// Followed by the channel that is closed.
const CLOSE: u8 = 255;
/// A terminal may be silent for long; what stands between must not take it for dead.
const PING: Duration = Duration::from_secs(20);

pub(super) async fn serve<F, W>(socket: WebSocket, wanted: Wanted, run: F)
where
    F: FnOnce(Client) -> W + Send + 'static,
    W: Future<Output = End> + Send + 'static,
{
    let (client, Wires { input, output, size }) = wires(wanted);
    let work = tokio::spawn(run(client));
    let (mut sink, mut stream) = socket.split();
    let listening = async {
        listen(&mut stream, input, |message| tell_size(&size, message)).await;
    };
    // Whichever ends first drops the other, and the command learns that its client is gone.
    let over = tokio::select! {
        () = listening => false,
        over = write(&mut sink, output) => over,
    };
    if over && let Ok(end) = work.await {
        let status = end.status().to_string();
        // The client may have gone meanwhile.
        let _ = sink.send(framed(ERROR, status.as_bytes())).await;
        part(&mut sink, &mut stream).await;
    }
}

async fn listen(
    stream: &mut SplitStream<WebSocket>,
    mut input: Option<mpsc::Sender<Bytes>>,
    resize: impl Fn(&[u8]),
) {
    while let Some(Ok(message)) = stream.next().await {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(text) => Bytes::from(text),
            Message::Close(_) => return,
            Message::Ping(_) | Message::Pong(_) => continue,
        };
        match bytes.split_first() {
            Some((&STDIN, [])) => {}
            Some((&STDIN, _)) => {
                if let Some(open) = &input
                    && open.send(bytes.slice(1..)).await.is_err()
                {
                    input = None;
                }
            }
            Some((&RESIZE, size)) => resize(size),
            Some((&CLOSE, [STDIN])) => input = None,
            _ => {}
        }
    }
}

/// Whether all was written, and the client still there.
async fn write(
    sink: &mut SplitSink<WebSocket, Message>,
    mut output: mpsc::Receiver<(Stream, Bytes)>,
) -> bool {
    let mut ping = tokio::time::interval(PING);
    // Clients take the first message for the sign that the command runs.
    if sink.send(framed(STDOUT, &[])).await.is_err() {
        return false;
    }
    loop {
        let message = tokio::select! {
            piece = output.recv() => match piece {
                Some((Stream::Stdout, bytes)) => framed(STDOUT, &bytes),
                Some((Stream::Stderr, bytes)) => framed(STDERR, &bytes),
                None => return true,
            },
            _ = ping.tick() => Message::Ping(Bytes::new()),
        };
        if sink.send(message).await.is_err() {
            return false;
        }
    }
}

fn framed(channel: u8, bytes: &[u8]) -> Message {
    let mut message = BytesMut::with_capacity(1 + bytes.len());
    message.extend_from_slice(&[channel]);
    message.extend_from_slice(bytes);
    Message::Binary(message.freeze())
}
