//! Requests that wait for their service.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::any;
use bytes::Bytes;
use futures::StreamExt;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Served, nobody, serve, until};

const HELD: &str = r#"dais_gateway_requests_held{namespace="a",service="digits"}"#;
const PATH: &str = "/serve/a/digits/";

fn hold(seconds: i32, most: i32) -> Value {
    json!({"hold": {"seconds": seconds, "most": most}})
}

fn echo() -> Router {
    Router::new().fallback(any(|body: Bytes| async move { body.len().to_string() }))
}

#[tokio::test]
async fn requests_wait_unread_and_go_on_with_the_first_endpoint() {
    const CHUNK: usize = 64 * 1024;
    const CHUNKS: usize = 1000;
    let spec = hold(60, 2);
    let served = Served::under(spec.clone(), &[(1, &[])]).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let seen = sent.clone();
    let chunks = futures::stream::iter(0..CHUNKS).map(move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![0; CHUNK])
    });
    let post = served.request(Method::POST, PATH).body(reqwest::Body::wrap_stream(chunks));
    let post = tokio::spawn(post.send());
    let get = tokio::spawn(served.request(Method::GET, PATH).send());
    until(async || served.metric(HELD) == "2").await;

    let third = served.get(PATH).await;
    assert_eq!(third.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(third.headers()["retry-after"], "5");
    assert!(third.text().await.unwrap().contains("as many requests as may wait"));

    // What is on its way in the buffers of sockets is not read.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < CHUNKS / 2, "{sent} of {CHUNKS} chunks were read while the request waited");

    let upstream = serve(echo().layer(axum::extract::DefaultBodyLimit::disable())).await;
    let began = Instant::now();
    served.apply(&[(1, &[upstream])], Some(&spec));
    assert_eq!(get.await.unwrap().unwrap().status(), StatusCode::OK);
    assert!(began.elapsed() < Duration::from_secs(5), "the table woke it");
    let length = post.await.unwrap().unwrap().text().await.unwrap();
    assert_eq!(length, (CHUNK * CHUNKS).to_string());
    assert_eq!(served.metric(HELD), "0");
}

#[tokio::test]
async fn where_only_visits_wait_an_open_page_wakes_nothing() {
    let spec = json!({"hold": {"seconds": 60, "most": 2, "visits": true}});
    let served = Served::under(spec.clone(), &[(1, &[])]).await;
    let page = |mode: &'static str, accept: &'static str| {
        let request = served.request(Method::GET, PATH);
        request.header("sec-fetch-mode", mode).header("accept", accept).send()
    };
    for (mode, accept) in [("cors", "text/html"), ("navigate", "*/*"), ("websocket", "*/*")] {
        let refused = page(mode, accept).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "{mode} {accept}");
    }
    assert_eq!(served.metric(HELD), "0");
    let visit = tokio::spawn(page("navigate", "text/html,*/*"));
    until(async || served.metric(HELD) == "1").await;
    let upstream = serve(echo()).await;
    served.apply(&[(1, &[upstream])], Some(&spec));
    assert_eq!(visit.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_service_that_does_not_come_up_is_said_so() {
    let served = Served::under(hold(1, 10), &[(1, &[])]).await;
    let began = Instant::now();
    let late = served.get(PATH).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(late.status(), StatusCode::GATEWAY_TIMEOUT);
    let text = late.text().await.unwrap();
    assert!(text.contains("a/digits did not come up in time"), "{text}");
    assert_eq!(served.metric(HELD), "0");
}

#[tokio::test]
async fn whoever_hangs_up_stops_waiting() {
    let served = Served::under(hold(60, 10), &[(1, &[])]).await;
    for request in [
        "GET /serve/a/digits/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\n\r\n",
        // Its body is there and unread.
        "POST /serve/a/digits/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\n\
         content-length: 5\r\n\r\nhello",
        // Its body is not even all there.
        "POST /serve/a/digits/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\n\
         content-length: 5000\r\n\r\nhello",
    ] {
        let mut caller = TcpStream::connect(served.address).await.unwrap();
        caller.write_all(request.as_bytes()).await.unwrap();
        until(async || served.metric(HELD) == "1").await;
        drop(caller);
        until(async || served.metric(HELD) == "0").await;
    }
}

/// As one that has just started: in the table, and not listening yet.
#[tokio::test]
async fn endpoints_that_refuse_are_waited_for() {
    let address = nobody().await;
    let served = Served::under(hold(20, 10), &[(1, &[address])]).await;
    let post = tokio::spawn(served.request(Method::POST, PATH).body("hello").send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, echo()).await });
    let answer = post.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.text().await.unwrap(), "5", "its body is whole");

    let refusing = Served::under(hold(1, 10), &[(1, &[nobody().await])]).await;
    assert_eq!(refusing.get(PATH).await.status(), StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn nobody_waits_while_another_backend_could_answer() {
    let upstream = serve(echo()).await;
    let served = Served::under(hold(60, 10), &[(1, &[]), (1, &[upstream])]).await;
    for _ in 0..20 {
        assert_eq!(served.get(PATH).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_route_that_goes_lets_go_of_who_waits() {
    let served = Served::under(hold(60, 10), &[(1, &[])]).await;
    let get = tokio::spawn(served.request(Method::GET, PATH).send());
    until(async || served.metric(HELD) == "1").await;
    served.apply(&[(1, &[])], None);
    assert_eq!(get.await.unwrap().unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}
