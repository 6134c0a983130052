//! What reaches the upstream, what comes back, and what happens when it does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{Served, nobody, serve};

/// Answers with what it got: method, path, headers of interest, body.
async fn echo(request: Request) -> String {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let header = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or("-").to_owned()
    };
    format!(
        "{} {} authorization={} cookie={} user={} traceparent={} body={}",
        parts.method,
        parts.uri,
        header("authorization"),
        header("cookie"),
        header("x-forwarded-user"),
        header("traceparent"),
        String::from_utf8_lossy(&body),
    )
}

#[tokio::test]
async fn a_request_arrives_rewritten_without_credentials_and_with_its_trace() {
    let upstream = serve(Router::new().fallback(any(echo))).await;
    let served = Served::to(&[(1, &[upstream])]).await;
    let response = served
        .request(Method::POST, "/serve/a/digits/v2/models/digits/infer?x=1")
        .header("cookie", "dais_session=secret; mine=1")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert!(
        text.starts_with("POST /v2/models/digits/infer?x=1 authorization=- cookie=mine=1"),
        "{text}"
    );
    assert!(text.contains("traceparent=00-0af7651916cd43dd8448eb211c80319c-"), "{text}");
    assert!(!text.contains("b7ad6b7169203331"), "the span is the gateway's own: {text}");
    assert!(text.ends_with("body={}"), "{text}");

    let spans = served.spans.all();
    assert_eq!(spans.len(), 1);
    assert_eq!((spans[0].status, &*spans[0].user), (StatusCode::OK, "somebody"));
    assert_eq!(spans[0].endpoint.as_ref().unwrap().address, upstream);
    assert_eq!(spans[0].identity.parent, Some([0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]));
    let metrics = served.gateway.metrics().text();
    let counted = r#"dais_gateway_requests_total{namespace="a",service="digits",code="200"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn the_backend_is_told_who_calls_and_that_the_gateway_does() {
    let upstream = serve(Router::new().fallback(any(echo))).await;
    let named =
        |key: &str| json!({"credential": {"scheme": "token", "secret": "door", "key": key}});
    let served = Served::under(named("token"), &[(1, &[upstream])]).await;
    let request = served.request(Method::GET, "/serve/a/digits/");
    let response = request.header("x-forwarded-user", "an administrator").send().await.unwrap();
    let text = response.text().await.unwrap();
    assert!(text.contains("authorization=token open"), "{text}");
    assert!(text.contains("user=somebody"), "{text}");

    for unknown in ["torn", "none"] {
        served.apply(&[(1, &[upstream])], Some(&named(unknown)));
        let refused = served.get("/serve/a/digits/").await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "{unknown}");
    }
    let other = json!({"credential": {"scheme": "token", "secret": "other", "key": "token"}});
    served.apply(&[(1, &[upstream])], Some(&other));
    assert_eq!(served.get("/serve/a/digits/").await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_a_caller_says_of_its_trace_is_honoured_and_nonsense_breaks_nothing() {
    let upstream = serve(Router::new().fallback(any(echo))).await;
    let served = Served::to(&[(1, &[upstream])]).await;
    let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let ask = |parent: &'static [u8]| {
        let value = http::HeaderValue::from_bytes(parent).unwrap();
        served.request(Method::GET, "/serve/a/digits/").header("traceparent", value).send()
    };
    let text = ask(unsampled.as_bytes()).await.unwrap().text().await.unwrap();
    assert!(text.contains("traceparent=00-0af7651916cd43dd8448eb211c80319c-"), "{text}");
    assert!(text.contains("-00 body="), "the decision goes on: {text}");
    assert!(served.spans.all().is_empty(), "nobody wants this trace");
    for broken in [&b"00-0-0-0"[..], b"\xff\xfe", b""] {
        let response = ask(broken).await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.text().await.unwrap().contains("-01 body="), "{broken:?}");
    }
    assert!(served.spans.all().iter().all(|span| span.identity.parent.is_none()));
    assert_eq!(served.spans.all().len(), 3);
}

#[tokio::test]
async fn whoever_may_not_call_never_reaches_the_upstream() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let upstream = serve(Router::new().fallback(any(move || {
        seen.fetch_add(1, Ordering::Relaxed);
        async { "" }
    })))
    .await;
    let served = Served::to(&[(1, &[upstream])]).await;
    let path = "/serve/a/digits/";
    let nobody = served.anonymous(Method::GET, path).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let other = served.anonymous(Method::GET, path).bearer_auth("bad").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::FORBIDDEN);
    assert!(other.text().await.unwrap().contains("you may not"));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_costs_no_request() {
    let upstream = serve(Router::new().fallback(any(echo))).await;
    let dead = nobody().await;
    let served = Served::to(&[(1, &[dead, upstream])]).await;
    for number in 0..20 {
        let body = format!("number {number}");
        let response = served.request(Method::POST, "/serve/a/digits/").body(body.clone());
        let response = response.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.text().await.unwrap().ends_with(&body));
    }
    let metrics = served.gateway.metrics().text();
    let retries = r#"dais_gateway_retries_total{namespace="a",service="digits"} 10"#;
    assert!(metrics.contains(retries), "every second request meets the dead one first: {metrics}");
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_never_sent_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let breaks = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let seen = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            seen.fetch_add(1, Ordering::Relaxed);
            let mut some = [0; 1024];
            let _ = stream.read(&mut some).await;
        }
    });
    let served = Served::to(&[(1, &[breaks, breaks])]).await;
    let response = served.request(Method::POST, "/serve/a/digits/").body("pay").send();
    let response = response.await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(response.text().await.unwrap().contains("broke off"));
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn no_endpoint_and_no_route_are_said_apart() {
    let served = Served::to(&[(1, &[])]).await;
    assert_eq!(served.get("/serve/a/digits/v2").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(served.get("/serve/a/digitsx/v2").await.status(), StatusCode::NOT_FOUND);
    let dead = Served::to(&[(1, &[nobody().await])]).await;
    let response = dead.get("/serve/a/digits/").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(response.text().await.unwrap().contains("no replica could be reached"));
}

#[tokio::test]
async fn weights_decide_and_zero_gets_nothing() {
    let one = serve(Router::new().fallback(any(|| async { "one" }))).await;
    let two = serve(Router::new().fallback(any(|| async { "two" }))).await;
    let all = Served::to(&[(1, &[one]), (0, &[two])]).await;
    for _ in 0..20 {
        assert_eq!(all.get("/serve/a/digits/").await.text().await.unwrap(), "one");
    }
    let split = Served::to(&[(3, &[one]), (1, &[two])]).await;
    let mut ones = 0;
    for _ in 0..400 {
        ones += usize::from(split.get("/serve/a/digits/").await.text().await.unwrap() == "one");
    }
    // 300 expected, standard deviation 8.7: six of them to either side.
    assert!((248..=352).contains(&ones), "{ones} of 400");
}

#[tokio::test]
async fn bodies_stream_in_both_directions() {
    let echo =
        any(|request: Request| async { Body::from_stream(request.into_body().into_data_stream()) });
    let upstream = serve(Router::new().fallback(echo)).await;
    let served = Served::to(&[(1, &[upstream])]).await;
    let (to_upstream, chunks) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let chunks = futures::stream::unfold(chunks, |mut chunks| async move {
        chunks.recv().await.map(|chunk| (chunk, chunks))
    });
    let request = served.request(Method::POST, "/serve/a/digits/stream");
    let mut response = request.body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    // Each chunk is back before the next is sent: nothing waits for an end.
    for word in ["first", "second", "third"] {
        to_upstream.send(Ok(Bytes::from(word))).await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), word);
    }
    drop(to_upstream);
    assert!(response.chunk().await.unwrap().is_none());
}
