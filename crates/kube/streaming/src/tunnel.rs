//! A WebSocket as a plain connection: its binary messages are the bytes.

use axum::extract::ws::{Message, WebSocket};
use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::negotiate::goodbye;

/// Bytes on their way in each direction.
const BUFFER: usize = 64 * 1024;

/// Both ends close together.
pub(crate) fn open(socket: WebSocket) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(BUFFER);
    let (mut read, mut write) = tokio::io::split(ours);
    let (mut sink, mut stream) = socket.split();
    tokio::spawn(async move {
        while let Some(Ok(message)) = stream.next().await {
            match message {
                Message::Binary(bytes) if write.write_all(&bytes).await.is_err() => return,
                Message::Close(_) => break,
                _ => {}
            }
        }
        // Whoever reads the other end is told; if there is nobody, all the better.
        let _ = write.shutdown().await;
    });
    tokio::spawn(async move {
        let mut buffer = BytesMut::with_capacity(BUFFER);
        while let Ok(read) = read.read_buf(&mut buffer).await
            && read > 0
        {
            let bytes: Bytes = buffer.split().freeze();
            if sink.send(Message::Binary(bytes)).await.is_err() {
                return;
            }
        }
        let _ = sink.send(goodbye()).await;
    });
    theirs
}
