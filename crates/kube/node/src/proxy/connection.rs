//! One connection: to the next endpoint in turn that accepts it, and is its project's.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpStream;

use super::table::Behind;
use crate::host::{Host, lock};

/// How long one endpoint may take to accept.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a client waits for the first endpoint to come up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Endpoints behind an address, taken in turn.
pub(super) struct Backends<D = Arc<Host>> {
    door: D,
    all: Mutex<Behind>,
    turn: AtomicUsize,
}

/// The way to a pod of a project.
pub(super) trait Door {
    async fn connect(&self, to: SocketAddr, namespace: &str) -> io::Result<TcpStream>;
}

impl Door for Arc<Host> {
    async fn connect(&self, to: SocketAddr, namespace: &str) -> io::Result<TcpStream> {
        Host::connect(self, to, namespace).await
    }
}

impl<D> Backends<D> {
    pub(super) fn new(door: D) -> Self {
        Self { door, all: Mutex::default(), turn: AtomicUsize::default() }
    }

    pub(super) fn set(&self, backends: Behind) {
        *lock(&self.all) = backends;
    }

    /// All of them, the one whose turn it is first.
    fn in_turn(&self) -> Behind {
        let mut all = lock(&self.all).clone();
        let endpoints = &mut all.endpoints;
        if !endpoints.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % endpoints.len();
            endpoints.rotate_left(turn);
        }
        all
    }
}

/// Passes bytes both ways until both sides are done. Only connecting is tried
/// again, at the next endpoint: once bytes flowed, nobody knows what was done.
pub(super) async fn pass(mut client: TcpStream, backends: Arc<Backends<impl Door>>) {
    let Some(mut server) = connect(&backends).await else { return };
    // Latency counts more than full packets; failing to say so is no failure.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    // An error is one side's way to hang up: dropping both tells the other.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

async fn connect(backends: &Backends<impl Door>) -> Option<TcpStream> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let Behind { namespace, endpoints } = backends.in_turn();
        for address in endpoints {
            let connecting = backends.door.connect(address, &namespace);
            match tokio::time::timeout(CONNECT, connecting).await {
                Ok(Ok(stream)) => return Some(stream),
                Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                    tracing::warn!(%error, %address, namespace, "endpoint passed over");
                }
                _ => {}
            }
        }
        if tokio::time::Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 3];
                stream.read_exact(&mut asked).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    /// Everybody's, but one address that a stranger holds.
    struct Held(Option<SocketAddr>);

    impl Door for Held {
        async fn connect(&self, to: SocketAddr, _: &str) -> io::Result<TcpStream> {
            match self.0 == Some(to) {
                true => Err(io::ErrorKind::PermissionDenied.into()),
                false => TcpStream::connect(to).await,
            }
        }
    }

    async fn ask(backends: &Arc<Backends<Held>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        tokio::spawn(pass(accepted, backends.clone()));
        client.write_all(b"hey").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn endpoints_take_turns_and_the_dead_are_passed_over() {
        let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let held = server("held").await;
        let backends = Arc::new(Backends::new(Held(Some(held))));
        let endpoints = vec![server("a").await, dead, held, server("b").await];
        backends.set(Behind { namespace: "n".to_owned(), endpoints });
        let mut answers = Vec::new();
        for _ in 0..6 {
            answers.push(ask(&backends).await);
        }
        assert!(
            answers.contains(&"a".to_owned()) && answers.contains(&"b".to_owned()),
            "{answers:?}"
        );
        assert!(answers.iter().all(|answer| answer == "a" || answer == "b"), "{answers:?}");
    }
}
