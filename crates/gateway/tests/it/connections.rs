//! Connections to endpoints: kept, replaced, and let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::support::{Served, read, serve};

#[tokio::test]
async fn one_connection_serves_one_request_after_another() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let seen = connections.clone();
    let listener = listener.tap_io(move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    let router = Router::new()
        .route("/empty", any(|| async { StatusCode::NO_CONTENT }))
        .route("/chunked", any(|| async { streamed(["a", "b"]) }))
        .fallback(any(|body: Bytes| async { body }));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let served = Served::to(&[(1, &[address])]).await;
    for _ in 0..5 {
        assert_eq!(served.get("/serve/a/digits/empty").await.status(), StatusCode::NO_CONTENT);
        let chunked = served.get("/serve/a/digits/chunked").await;
        assert_eq!(chunked.text().await.unwrap(), "ab");
        let echoed = served.request(Method::POST, "/serve/a/digits/").body("long ".repeat(100_000));
        assert_eq!(echoed.send().await.unwrap().text().await.unwrap().len(), 500_000);
        let head = served.request(Method::HEAD, "/serve/a/digits/").send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

fn streamed<const N: usize>(chunks: [&'static str; N]) -> Body {
    Body::from_stream(futures::stream::iter(chunks.map(Ok::<_, std::io::Error>)))
}

#[tokio::test]
async fn a_connection_that_closed_while_it_waited_costs_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (close, mut closing) = mpsc::channel::<oneshot::Sender<()>>(1);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut some = [0; 1024];
            let _ = stream.read(&mut some).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            let done = closing.recv().await.unwrap();
            drop(stream);
            done.send(()).unwrap();
        }
    });
    let served = Served::to(&[(1, &[address])]).await;
    for _ in 0..10 {
        let answer = served.request(Method::POST, "/serve/a/digits/").body("once").send().await;
        assert_eq!(answer.unwrap().text().await.unwrap(), "ok");
        let (done, closed) = oneshot::channel();
        close.send(done).await.unwrap();
        closed.await.unwrap();
    }
}

#[tokio::test]
async fn whoever_hangs_up_ends_the_answer_at_its_source() {
    let (sources, mut source) = mpsc::channel::<mpsc::Sender<Result<Bytes, std::io::Error>>>(1);
    let endless = any(move || async move {
        let (sender, chunks) = mpsc::channel(1);
        sources.send(sender).await.unwrap();
        Body::from_stream(futures::stream::unfold(chunks, |mut chunks| async move {
            chunks.recv().await.map(|chunk| (chunk, chunks))
        }))
    });
    let upstream = serve(Router::new().fallback(endless)).await;
    let served = Served::to(&[(1, &[upstream])]).await;
    let mut response = served.get("/serve/a/digits/").await;
    let sender = source.recv().await.unwrap();
    sender.send(Ok(Bytes::from("first"))).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "first");
    drop(response);
    let closed = tokio::time::timeout(Duration::from_secs(20), sender.closed()).await;
    closed.expect("the source is told");
}

/// A client that is refused keeps its body: what follows is another request, and must not
/// be read as the body of the first.
#[tokio::test]
async fn a_body_that_nobody_asked_for_ends_its_connection() {
    let upstream = serve(Router::new().fallback(any(|body: Bytes| async { body }))).await;
    let served = Served::to(&[(1, &[upstream])]).await;
    let ask = |token| {
        format!(
            "POST /serve/a/digits/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             expect: 100-continue\r\ncontent-length: 5\r\n\r\n"
        )
    };
    let mut caller = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..2 {
        caller.write_all(ask("good").as_bytes()).await.unwrap();
        assert!(read(&mut caller, "\r\n\r\n").await.starts_with("HTTP/1.1 100"));
        caller.write_all(b"hello").await.unwrap();
        let answer = read(&mut caller, "hello").await;
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    caller.write_all(ask("bad").as_bytes()).await.unwrap();
    let mut rest = String::new();
    caller.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 403") && rest.contains("connection: close"), "{rest}");
}
