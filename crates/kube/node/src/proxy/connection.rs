//! One connection: to the next endpoint in turn that accepts it.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::host::lock;

/// How long one endpoint may take to accept.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a client waits for the first endpoint to come up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Endpoints behind an address, taken in turn.
#[derive(Debug, Default)]
pub(super) struct Backends {
    all: Mutex<Vec<SocketAddr>>,
    turn: AtomicUsize,
}

impl Backends {
    pub(super) fn set(&self, backends: Vec<SocketAddr>) {
        *lock(&self.all) = backends;
    }

    /// All of them, the one whose turn it is first.
    fn in_turn(&self) -> Vec<SocketAddr> {
        let mut all = lock(&self.all).clone();
        if !all.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % all.len();
            all.rotate_left(turn);
        }
        all
    }
}

/// Passes bytes both ways until both sides are done. Only connecting is tried
/// again, at the next endpoint: once bytes flowed, nobody knows what was done.
pub(super) async fn pass(mut client: TcpStream, backends: std::sync::Arc<Backends>) {
    let Some(mut server) = connect(&backends).await else { return };
    // Latency counts more than full packets; failing to say so is no failure.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    // An error is one side's way to hang up: dropping both tells the other.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

async fn connect(backends: &Backends) -> Option<TcpStream> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        for address in backends.in_turn() {
            if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await
            {
                return Some(stream);
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
    use std::sync::Arc;
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

    async fn ask(backends: &Arc<Backends>) -> String {
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
        let backends = Arc::new(Backends::default());
        backends.set(vec![server("a").await, dead, server("b").await]);
        let mut answers = Vec::new();
        for _ in 0..6 {
            answers.push(ask(&backends).await);
        }
        assert!(
            answers.contains(&"a".to_owned()) && answers.contains(&"b".to_owned()),
            "{answers:?}"
        );
        assert!(answers.iter().all(|answer| !answer.is_empty()), "{answers:?}");
    }
}
