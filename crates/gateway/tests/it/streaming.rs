//! Answers that come in parts, and connections that become something else.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::any;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::support::{Served, read, serve};

/// As OpenAI's API streams a completion, with all that a policy adds and without.
#[tokio::test]
async fn server_sent_events_pass_one_by_one() {
    let everything = json!({
        "record": {"percent": 100.0, "bodyBytes": 20},
        "hold": {"seconds": 5, "most": 5},
        "shadow": {"service": "backend-0", "percent": 100.0},
    });
    for policy in [None, Some(&everything)] {
        let (sources, mut source) = mpsc::channel::<mpsc::Sender<Result<Bytes, std::io::Error>>>(2);
        let stream = any(move || async move {
            let (sender, chunks) = mpsc::channel(1);
            sources.send(sender).await.unwrap();
            let chunks = futures::stream::unfold(chunks, |mut chunks| async move {
                chunks.recv().await.map(|chunk| (chunk, chunks))
            });
            Response::builder()
                .header("content-type", "text/event-stream")
                .body(Body::from_stream(chunks))
                .unwrap()
        });
        let upstream = serve(Router::new().fallback(stream)).await;
        let served = Served::start().await;
        served.apply(&[(1, &[upstream])], policy);
        let mut answer = served.get("/serve/a/digits/v1/chat/completions").await;
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let sender = source.recv().await.unwrap();
        // Each is here before the next is sent: nothing waits for more.
        for event in ["data: {\"choices\":[]}\n\n", "data: {}\n\n", "data: [DONE]\n\n"] {
            sender.send(Ok(Bytes::from(event))).await.unwrap();
            let chunk = tokio::time::timeout(Duration::from_secs(5), answer.chunk());
            assert_eq!(chunk.await.unwrap().unwrap().unwrap(), event);
        }
        assert!(served.records.all().is_empty(), "a stream is written down when it ends");
        drop(sender);
        assert!(answer.chunk().await.unwrap().is_none());
        if policy.is_some() {
            let records = served.records.wait_for(1).await;
            assert_eq!(records[0].response.text.as_deref(), Some("data: {\"choices\":[]}"));
            assert_eq!(records[0].response.size, 46);
            assert!(records[0].response.is_whole);
        }
    }
}

/// The handshake and the frames are those of RFC 6455, sections 1.3 and 5.7.
#[tokio::test]
async fn a_web_socket_passes_through() {
    const ASK: &str = "GET /serve/a/digits/live HTTP/1.1\r\nhost: x\r\n\
        authorization: Bearer good\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let echo = any(|upgrade: WebSocketUpgrade| async {
        upgrade.on_upgrade(async |mut socket| {
            while let Some(Ok(Message::Text(text))) = socket.recv().await {
                socket.send(Message::Text(text)).await.unwrap();
            }
        })
    });
    let upstream = serve(Router::new().route("/live", echo)).await;
    let policy = json!({"hold": {"seconds": 5, "most": 5}, "record": {"percent": 100.0}});
    for policy in [None, Some(&policy)] {
        let served = Served::start().await;
        served.apply(&[(1, &[upstream])], policy);
        let mut caller = TcpStream::connect(served.address).await.unwrap();
        caller.write_all(ASK.as_bytes()).await.unwrap();
        let head = read(&mut caller, "\r\n\r\n").await.to_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(head.contains("upgrade: websocket") && head.contains("connection: upgrade"));
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        for _ in 0..3 {
            caller.write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").await.unwrap();
            let mut frame = [0; 7];
            caller.read_exact(&mut frame).await.unwrap();
            assert_eq!(&frame, b"\x81\x05Hello");
        }
        let in_flight = r#"dais_gateway_requests_in_flight{namespace="a",service="digits"}"#;
        assert_eq!(served.metric(in_flight), "1", "for as long as it is open");
        drop(caller);
        crate::support::until(async || served.metric(in_flight) == "0").await;
    }
}

#[tokio::test]
async fn a_web_socket_that_the_backend_does_not_want_is_an_answer() {
    let refuse = any(|| async { (StatusCode::FORBIDDEN, "not here") });
    let upstream = serve(Router::new().fallback(refuse)).await;
    let served = Served::to(&[(1, &[upstream])]).await;
    let answer = served.request(http::Method::GET, "/serve/a/digits/live");
    let answer = answer.header("connection", "upgrade").header("upgrade", "websocket");
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(answer.text().await.unwrap(), "not here");
}
