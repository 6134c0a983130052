//! When a replica may end: with the last answer that the gateway waits for.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::WebSocketUpgrade;
use axum::routing::any;
use futures::FutureExt;
use futures::channel::mpsc::{self, UnboundedSender};
use http::Method;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::{Served, read, serve};

const PATH: &str = "/serve/a/digits/";

/// Answers one request: its head when told so, its body as it is given.
struct Slow {
    address: SocketAddr,
    asked: Arc<Notify>,
    head: Arc<Notify>,
    body: UnboundedSender<Result<&'static str, Infallible>>,
}

async fn slow() -> Slow {
    let (body, parts) = mpsc::unbounded();
    let (asked, head) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let parts = Arc::new(Mutex::new(Some(parts)));
    let (was_asked, may_answer) = (asked.clone(), head.clone());
    let answer = any(async move || {
        was_asked.notify_one();
        may_answer.notified().await;
        let parts = parts.lock().unwrap().take();
        Body::from_stream(parts.expect("asked once"))
    });
    let address = serve(Router::new().fallback(answer)).await;
    Slow { address, asked, head, body }
}

fn is_drained(served: &Served, namespace: &str, address: IpAddr) -> bool {
    served.gateway.drained(namespace, address).now_or_never().is_some()
}

#[tokio::test]
async fn a_replica_is_drained_once_it_left_the_route_and_its_last_answer_has_ended() {
    let replica = slow().await;
    let ip = replica.address.ip();
    let served = Arc::new(Served::to(&[(1, &[replica.address])]).await);
    assert!(is_drained(&served, "b", ip), "another project's address of that number");
    let caller = served.clone();
    let answer = tokio::spawn(async move {
        caller.request(Method::POST, PATH).body("once").send().await.unwrap()
    });
    replica.asked.notified().await;
    assert!(!is_drained(&served, "a", ip), "it is on the route");

    served.apply(&[(1, &[])], None);
    assert!(!is_drained(&served, "a", ip), "it has not answered");
    replica.head.notify_one();
    let answer = answer.await.unwrap();
    assert!(!is_drained(&served, "a", ip), "its answer has not ended");

    let waits = served.gateway.drained("a", ip);
    replica.body.unbounded_send(Ok("whole")).unwrap();
    drop(replica.body);
    assert_eq!(answer.text().await.unwrap(), "whole");
    waits.await;
    assert!(is_drained(&served, "a", ip));
}

#[tokio::test]
async fn a_replica_that_comes_back_is_busy_again() {
    let replica = slow().await;
    let ip = replica.address.ip();
    let served = Served::to(&[(1, &[replica.address])]).await;
    let waits = served.gateway.drained("a", ip);
    served.apply(&[(1, &[])], None);
    waits.await;
    served.apply(&[(1, &[replica.address])], None);
    assert!(!is_drained(&served, "a", ip));
}

#[tokio::test]
async fn a_tunnel_is_under_way_until_it_closes() {
    let echo = any(async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
    });
    let address = serve(Router::new().fallback(echo)).await;
    let served = Served::to(&[(1, &[address])]).await;
    let mut caller = TcpStream::connect(served.address).await.unwrap();
    let asked = format!(
        "GET {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    caller.write_all(asked.as_bytes()).await.unwrap();
    assert!(read(&mut caller, "\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    served.apply(&[(1, &[])], None);
    assert!(!is_drained(&served, "a", address.ip()));
    let waits = served.gateway.drained("a", address.ip());
    drop(caller);
    waits.await;
}
