//! A command and its client: input, output, the size of a terminal, an end.

mod channels;
mod end;
mod streams;

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};

use crate::negotiate::{self, Upgrade};

pub use end::End;

/// Pieces of input or output that wait for the other side.
const WAITING: usize = 8;
/// What SPDY clients must speak.
const SPDY_PROTOCOL: &str = "v4.channel.k8s.io";

/// Which streams the client will open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    /// A terminal: output has one stream, and a size.
    pub terminal: bool,
}

/// Where output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Of a terminal, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Size {
    pub width: u16,
    pub height: u16,
}

/// The client, as the command sees it.
pub struct Client {
    /// Ends when the client closes its input.
    pub input: Option<mpsc::Receiver<Bytes>>,
    pub output: Output,
    /// Of its terminal, as last told.
    pub sizes: watch::Receiver<Size>,
}

/// Where a command writes. All clones gone: the client is told how it ended.
#[derive(Clone)]
pub struct Output(mpsc::Sender<(Stream, Bytes)>);

/// Room for one piece of output.
pub struct Room<'a>(mpsc::Permit<'a, (Stream, Bytes)>);

impl Output {
    /// Waits until the client takes more; `None` when it is gone.
    pub async fn room(&self) -> Option<Room<'_>> {
        self.0.reserve().await.ok().map(Room)
    }

    /// Waits until the client is gone.
    pub async fn gone(&self) {
        self.0.closed().await;
    }
}

impl Room<'_> {
    pub fn fill(self, stream: Stream, bytes: Bytes) {
        self.0.send((stream, bytes));
    }
}

/// The other side of a [`Client`].
struct Wires {
    input: Option<mpsc::Sender<Bytes>>,
    output: mpsc::Receiver<(Stream, Bytes)>,
    size: watch::Sender<Size>,
}

fn wires(wanted: Wanted) -> (Client, Wires) {
    let (output, written) = mpsc::channel(WAITING);
    let (size, sizes) = watch::channel(Size::default());
    let (input, read) = mpsc::channel(WAITING);
    let (input, read) = if wanted.stdin { (Some(input), Some(read)) } else { (None, None) };
    let client = Client { input: read, output: Output(output), sizes };
    (client, Wires { input, output: written, size })
}

/// Answers a request for a command, and runs it when the connection is upgraded.
///
/// `run` has the client until it returns how the command ended. A client that hangs up
/// closes its output, which [`Output::gone`] tells.
///
/// The answer is 101, or 400 with words where the request speaks none of the protocols.
pub async fn command<F, W>(request: Request, wanted: Wanted, run: F) -> Response
where
    F: FnOnce(Client) -> W + Send + 'static,
    W: Future<Output = End> + Send + 'static,
{
    let (mut parts, _) = request.into_parts();
    match negotiate::upgrade(&mut parts, SPDY_PROTOCOL).await {
        Err(refusal) => refusal,
        Ok(Upgrade::WebSocket(upgrade)) => {
            match negotiate::websocket(upgrade, &channels::PROTOCOLS) {
                Err(refusal) => refusal,
                Ok((upgrade, _)) => {
                    upgrade.on_upgrade(move |socket| channels::serve(socket, wanted, run))
                }
            }
        }
        Ok(Upgrade::Spdy(upgrade)) => {
            negotiate::spdy(upgrade, SPDY_PROTOCOL, move |io| streams::serve(io, wanted, run))
        }
    }
}

/// What a client says of its terminal; anything else is left unheard.
fn tell_size(size: &watch::Sender<Size>, message: &[u8]) {
    if let Ok(new) = serde_json::from_slice::<Size>(message) {
        size.send_replace(new);
    }
}

/// The streams of a client under their names.
fn expected(wanted: Wanted) -> BTreeMap<&'static str, bool> {
    let Wanted { stdin, stdout, stderr, terminal } = wanted;
    BTreeMap::from([
        ("error", true),
        ("stdin", stdin),
        ("stdout", stdout),
        ("stderr", stderr && !terminal),
        ("resize", terminal),
    ])
}
