//! Over SPDY: the client opens two streams for each connection, under one request id.

use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{Pod, pass_on, piece, words};
use crate::PATIENCE;
use crate::spdy::{Connection, Stream};

/// Requests of which one stream is there and the other is waited for.
const MOST_HALVES: usize = 128;

struct Half {
    stream: Stream,
    since: Instant,
}

pub(super) async fn serve<F, W>(mut connection: Connection, connect: F)
where
    F: Fn(u16) -> W + Clone + Send + 'static,
    W: Future<Output = io::Result<TcpStream>> + Send + 'static,
{
    let mut halves: HashMap<String, Half> = HashMap::new();
    while let Some(stream) = connection.accept().await {
        let id = stream.header("requestid").unwrap_or_default().to_owned();
        halves.retain(|_, half| half.since.elapsed() < PATIENCE);
        let Some(other) = halves.remove(&id) else {
            if halves.len() < MOST_HALVES {
                halves.insert(id, Half { stream, since: Instant::now() });
            }
            continue;
        };
        let is_data = |stream: &Stream| stream.header("streamtype") == Some("data");
        let (data, error) = match (is_data(&stream), is_data(&other.stream)) {
            (true, false) => (stream, other.stream),
            (false, true) => (other.stream, stream),
            _ => continue,
        };
        tokio::spawn(forward(data, error, connect.clone()));
    }
}

async fn forward<F, W>(mut data: Stream, error: Stream, connect: F)
where
    F: Fn(u16) -> W,
    W: Future<Output = io::Result<TcpStream>>,
{
    let (client, complaints) = (data.sender(), error.sender());
    let failed = match data.header("port").map(str::parse) {
        Some(Ok(port)) => match connect(port).await {
            Ok(pod) => {
                let Pod { mut read, mut write, mut buffer } = Pod::of(pod);
                let from_pod = async {
                    while let Some(bytes) = piece(&mut read, &mut buffer).await {
                        if !client.send(bytes).await {
                            return;
                        }
                    }
                    client.finish().await;
                };
                let to_pod = pass_on(&mut write, data.received());
                tokio::join!(from_pod, to_pod);
                None
            }
            Err(error) => Some(words(port, &error)),
        },
        _ => Some("a stream without a port from 0 to 65535".to_owned()),
    };
    if let Some(words) = failed {
        complaints.send(Bytes::from(words)).await;
        client.finish().await;
    }
    complaints.finish().await;
}
