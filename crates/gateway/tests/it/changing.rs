//! Replicas that come and go under load, and connections that close at the wrong moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::{Served, nobody};

const PATH: &str = "/serve/a/digits/";

/// A replica that ends as a good server does: what it has begun it finishes, and idle
/// connections it closes.
async fn replica() -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let stopped = stop.clone().cancelled_owned();
    let echo = any(|request: Request| async {
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
        body
    });
    let router = Router::new().fallback(echo);
    tokio::spawn(
        async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await },
    );
    (address, stop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_replicas_change() {
    const REPLICAS: usize = 3;
    const TIME: Duration = Duration::from_secs(4);
    let served = Arc::new(Served::start().await);
    let policy = json!({"hold": {"seconds": 10, "most": 100}});
    let apply = |replicas: &[(SocketAddr, CancellationToken)]| {
        let addresses: Vec<SocketAddr> = replicas.iter().map(|(address, _)| *address).collect();
        served.apply(&[(1, &addresses)], Some(&policy));
    };
    let mut replicas = Vec::new();
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> =
        (0..8).map(|at| tokio::spawn(call(served.clone(), over.clone(), at))).collect();
    let began = Instant::now();
    let mut changes = 0;
    while began.elapsed() < TIME {
        replicas.push(replica().await);
        apply(&replicas);
        if replicas.len() > REPLICAS {
            let (_, stop) = replicas.remove(0);
            apply(&replicas);
            tokio::time::sleep(Duration::from_millis(10)).await;
            stop.cancel();
        }
        // From time to time there is none at all, and from time to time a dead one.
        match changes % 10 {
            4 => {
                apply(&[]);
                tokio::time::sleep(Duration::from_millis(10)).await;
                replicas.drain(..).for_each(|(_, stop)| stop.cancel());
            }
            8 => replicas.push((nobody().await, CancellationToken::new())),
            _ => {}
        }
        changes += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    over.store(true, Ordering::Relaxed);
    // The last change may have left none.
    replicas.push(replica().await);
    apply(&replicas);
    let mut requests = 0;
    for caller in callers {
        requests += caller.await.unwrap();
    }
    assert!(changes > 20 && requests > 500, "{requests} requests over {changes} changes");
}

async fn call(served: Arc<Served>, over: Arc<AtomicBool>, caller: usize) -> usize {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    let mut requests = 0;
    while !over.load(Ordering::Relaxed) {
        let method = methods[requests % methods.len()].clone();
        let body =
            if method == Method::GET { String::new() } else { format!("{caller}-{requests}") };
        let request = served.request(method.clone(), PATH).body(body.clone()).send();
        let answer = request.await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!((status, text), (StatusCode::OK, body), "{method} number {requests}");
        requests += 1;
    }
    requests
}

/// Answers one request on each connection, and closes it when the next one has come.
async fn forgetful() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut some = [0; 4096];
                for is_first in [true, false] {
                    // A small request comes in one or two pieces; a body ends in "!".
                    let mut read = 0;
                    while !is_whole(&some[..read]) {
                        match stream.read(&mut some[read..]).await {
                            Ok(count) if count > 0 => read += count,
                            _ => return,
                        }
                    }
                    counter.fetch_add(1, Ordering::Relaxed);
                    if is_first {
                        let body = some[..read].split(|byte| *byte == b'\n').next_back().unwrap();
                        let head =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
                    }
                }
            });
        }
    });
    (address, seen)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    text.ends_with('!') || (text.ends_with("\r\n\r\n") && !text.contains("content-length: 4"))
}

#[tokio::test]
async fn what_may_be_done_twice_is_sent_again_when_a_kept_connection_breaks() {
    let (address, seen) = forgetful().await;
    let served = Served::to(&[(1, &[address])]).await;
    for (number, (method, body)) in [
        (Method::GET, ""),
        (Method::PUT, "one!"),
        (Method::DELETE, ""),
        (Method::OPTIONS, ""),
        (Method::PUT, "two!"),
        (Method::GET, ""),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = served.request(method.clone(), PATH).body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{method} number {number}");
        assert_eq!(answer.text().await.unwrap(), body);
        // The first but one is the second on its connection, and so on.
        assert_eq!(seen.load(Ordering::Relaxed), 2 * number + 1);
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_sent_again() {
    let (address, seen) = forgetful().await;
    let served = Served::to(&[(1, &[address, address])]).await;
    let post = async || served.request(Method::POST, PATH).body("pay!").send().await.unwrap();
    assert_eq!(post().await.status(), StatusCode::OK);
    let broken = post().await;
    assert_eq!(broken.status(), StatusCode::BAD_GATEWAY);
    assert!(broken.text().await.unwrap().contains("broke off"));
    assert_eq!(seen.load(Ordering::Relaxed), 2, "each was asked once");
}
