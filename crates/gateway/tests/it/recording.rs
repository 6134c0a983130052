//! Requests and answers that are written down.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{Served, serve};

/// Answers JSON with the length of what it read; says no where the path does.
async fn answer(request: Request) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let fails = request.uri().path().ends_with("fail");
    let status = if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    (status, [("content-type", "application/json")], format!(r#"{{"read": {}}}"#, body.len()))
}

#[tokio::test]
async fn what_was_asked_and_answered_is_written_without_secrets() {
    let upstream = serve(Router::new().fallback(any(answer))).await;
    let policy = json!({"record": {"percent": 100.0, "bodyBytes": 16}});
    let served = Served::under(policy, &[(1, &[upstream])]).await;
    let request = |kind: &'static str, body: Vec<u8>| {
        let request = served.request(Method::POST, "/serve/a/digits/v2/x/infer?key=secret");
        request.header("content-type", kind).header("cookie", "mine=secret").body(body).send()
    };
    for (kind, body) in [
        ("application/json; charset=utf-8", br#"{"inputs": "a longer text"}"#.to_vec()),
        ("image/png", vec![1; 100_000]),
    ] {
        let answer = request(kind, body).await.unwrap();
        assert!(!answer.headers().contains_key("x-dais-request-id"), "that is for tests");
        answer.text().await.unwrap();
    }
    let records = served.records.wait_for(2).await;
    let [json, image] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&json.method, json.path.as_str()), (&Method::POST, "/v2/x/infer"));
    assert_eq!((json.status, &*json.user), (StatusCode::OK, "somebody"));
    assert_eq!((json.backend.as_deref(), json.variant.as_deref()), (Some("backend-0"), None));
    assert_eq!(json.request_id, format!("{:032x}", u128::from_be_bytes(json.identity.trace_id)));
    assert_eq!(json.request.text.as_deref(), Some(r#"{"inputs": "a lo"#));
    assert_eq!((json.request.size, json.request.is_whole), (27, true));
    assert_eq!(json.response.text.as_deref(), Some(r#"{"read": 27}"#));
    assert_eq!(image.request.text, None, "no text");
    assert_eq!(
        (image.request.content_type.as_deref(), image.request.size),
        (Some("image/png"), 100_000)
    );
    assert!(!format!("{records:?}").contains("secret"));
}

#[tokio::test]
async fn failures_are_written_though_chance_does_not_want_them() {
    let upstream = serve(Router::new().fallback(any(answer))).await;
    let policy = json!({"record": {"percent": 0.0, "failures": true}});
    let served = Served::under(policy.clone(), &[(1, &[upstream])]).await;
    served.get("/serve/a/digits/fine").await.text().await.unwrap();
    let body = r#"{"a": 1}"#;
    let failing = served.request(Method::POST, "/serve/a/digits/fail").body(body);
    failing.header("content-type", "application/json").send().await.unwrap().text().await.unwrap();
    let records = served.records.wait_for(1).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].path, "/fail");
    assert_eq!(records[0].request.text.as_deref(), Some(body));

    served.apply(&[(1, &[])], Some(&policy));
    served.get("/serve/a/digits/").await.text().await.unwrap();
    let records = served.records.wait_for(2).await;
    assert_eq!(
        (records[1].status, records[1].backend.as_deref()),
        (StatusCode::SERVICE_UNAVAILABLE, None)
    );
}

/// An answer that nobody reads to its end is written as far as it went.
#[tokio::test]
async fn whoever_hangs_up_ends_the_record() {
    let source: Arc<tokio::sync::Mutex<Option<axum::body::Body>>> = Arc::default();
    let (sender, chunks) = tokio::sync::mpsc::channel::<Result<&str, std::io::Error>>(1);
    let chunks = futures::stream::unfold(chunks, |mut chunks| async move {
        chunks.recv().await.map(|chunk| (chunk, chunks))
    });
    *source.lock().await = Some(axum::body::Body::from_stream(chunks));
    let endless = any(move || {
        let source = source.clone();
        async move { ([("content-type", "text/plain")], source.lock().await.take().unwrap()) }
    });
    let upstream = serve(Router::new().fallback(endless)).await;
    let policy = json!({"record": {"percent": 100.0}});
    let served = Served::under(policy, &[(1, &[upstream])]).await;
    let mut answer = served.get("/serve/a/digits/").await;
    sender.send(Ok("begun")).await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "begun");
    drop(answer);
    let records = served.records.wait_for(1).await;
    assert_eq!(records[0].response.text.as_deref(), Some("begun"));
    assert!(!records[0].response.is_whole);
}
