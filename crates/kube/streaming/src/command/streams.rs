//! Over SPDY: a stream for each of input, output, size and end.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::{Client, End, Stream, Wanted, Wires, expected, tell_size, wires};
use crate::PATIENCE;
use crate::spdy::{self, Connection, Sender};

type Opened = BTreeMap<String, spdy::Stream>;

pub(super) async fn serve<F, W>(
    io: impl AsyncRead + AsyncWrite + Send + 'static,
    wanted: Wanted,
    run: F,
) where
    F: FnOnce(Client) -> W + Send + 'static,
    W: Future<Output = End> + Send + 'static,
{
    let mut connection = Connection::serve(io);
    let opening = tokio::time::timeout(PATIENCE, open(&mut connection, wanted));
    let Ok(Some(mut opened)) = opening.await else {
        tracing::debug!("a client did not open the streams that it announced");
        return;
    };
    let (client, Wires { input, output, size }) = wires(wanted);
    let work = tokio::spawn(run(client));
    let senders = |name: &str, opened: &Opened| opened.get(name).map(spdy::Stream::sender);
    let (stdout, stderr) = (senders("stdout", &opened), senders("stderr", &opened));
    let error = senders("error", &opened);
    if let (Some(stdin), Some(input)) = (opened.remove("stdin"), input) {
        tokio::spawn(pass(stdin, input));
    }
    if let Some(mut resize) = opened.remove("resize") {
        tokio::spawn(async move {
            while let Some(message) = resize.receive().await {
                tell_size(&size, &message);
            }
        });
    }
    // A client opens no stream afterwards: what comes is the connection's end.
    let hung_up = async { while connection.accept().await.is_some() {} };
    let over = tokio::select! {
        () = hung_up => false,
        over = write(output, stdout.as_ref(), stderr.as_ref()) => over,
    };
    if over
        && let Ok(end) = work.await
        && let Some(error) = error
    {
        for sender in [stdout, stderr].into_iter().flatten() {
            sender.finish().await;
        }
        error.send(Bytes::from(end.status().to_string())).await;
        error.finish().await;
    }
}

/// The streams that the client said it would open.
async fn open(connection: &mut Connection, wanted: Wanted) -> Option<Opened> {
    let expected = expected(wanted);
    let count = expected.values().filter(|wanted| **wanted).count();
    let mut opened = BTreeMap::new();
    while opened.len() < count {
        let stream = connection.accept().await?;
        let kind = stream.header("streamtype").unwrap_or_default().to_owned();
        if expected.get(kind.as_str()) == Some(&true) {
            opened.insert(kind, stream);
        }
    }
    Some(opened)
}

async fn pass(mut stdin: spdy::Stream, input: mpsc::Sender<Bytes>) {
    while let Some(bytes) = stdin.receive().await {
        if input.send(bytes).await.is_err() {
            return;
        }
    }
}

async fn write(
    mut output: mpsc::Receiver<(Stream, Bytes)>,
    stdout: Option<&Sender>,
    stderr: Option<&Sender>,
) -> bool {
    while let Some((stream, bytes)) = output.recv().await {
        let sender = match stream {
            Stream::Stdout => stdout,
            Stream::Stderr => stderr,
        };
        if let Some(sender) = sender
            && !sender.send(bytes).await
        {
            return false;
        }
    }
    true
}
