//! Sticky variants: who gets which, who is told, and who is not counted.

use std::collections::HashSet;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Served, serve};

const PATH: &str = "/serve/a/digits/v2/models/digits/infer";

fn test_by(key: Value) -> Value {
    json!({"assignment": {
        "test": "greeting", "salt": "s", "percent": 100.0, "key": key, "excluded": ["nobody"],
        "variants": [{"name": "control", "service": "backend-0", "weight": 1.0},
                     {"name": "bold", "service": "backend-1", "weight": 1.0}]
    }})
}

/// Says who it is and by which id it was asked, and gives the body back.
async fn variant(name: &'static str) -> std::net::SocketAddr {
    let answer = move |request: Request| async move {
        let id = request.headers().get("x-dais-request-id").cloned();
        let id = id.map(|id| id.to_str().unwrap().to_owned()).unwrap_or_default();
        let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
        format!("{name} {id} {}", body.len())
    };
    serve(Router::new().fallback(any(answer))).await
}

/// Variant of the answer's header, name of who answered.
async fn ask(request: reqwest::RequestBuilder) -> (Option<String>, String) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header =
        |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (variant, id) = (header("x-dais-variant"), header("x-dais-request-id").unwrap());
    let text = answer.text().await.unwrap();
    let mut words = text.split(' ');
    let name = words.next().unwrap().to_owned();
    assert_eq!(words.next(), Some(id.as_str()), "backend and caller know the same id");
    assert_eq!(id.len(), 32);
    (variant, name)
}

#[tokio::test]
async fn the_same_key_gets_the_same_variant_and_the_test_is_told() {
    let (one, two) = (variant("control").await, variant("bold").await);
    let policy = test_by(json!({"header": "x-user"}));
    let served = Served::under(policy, &[(1, &[one]), (0, &[two])]).await;
    let mut seen = HashSet::new();
    for user in 0..20 {
        let request = || served.request(Method::POST, PATH).header("x-user", format!("u{user}"));
        let (variant, name) = ask(request()).await;
        assert_eq!(variant.as_ref(), Some(&name), "the header says who answered");
        for _ in 0..3 {
            let forged = request().header("x-dais-request-id", "mine");
            assert_eq!(ask(forged).await, (variant.clone(), name.clone()));
        }
        seen.insert(name);
    }
    assert_eq!(seen.len(), 2, "the weights of the route say nothing here");

    let exposures = served.exposures.all();
    assert_eq!(exposures.len(), 80);
    let hashes: HashSet<u64> = exposures.iter().map(|exposure| exposure.key_hash).collect();
    let ids: HashSet<&str> = exposures.iter().map(|e| e.request_id.as_str()).collect();
    assert_eq!((hashes.len(), ids.len()), (20, 80));
    assert!(exposures.iter().all(|one| (&*one.test, &*one.namespace) == ("greeting", "a")));
    assert!(!format!("{exposures:?}").contains("u1"), "no key is told");
    let assigned = served.spans.all().into_iter().filter_map(|span| span.assigned);
    assert_eq!(assigned.count(), 80);
}

#[tokio::test]
async fn whoever_takes_no_part_gets_the_first_and_is_not_counted() {
    let (one, two) = (variant("control").await, variant("bold").await);
    let policy = test_by(json!({"cookie": "user"}));
    let served = Served::under(policy, &[(1, &[one]), (1, &[two])]).await;
    let request = || served.request(Method::GET, PATH);
    let alone = (None, "control".to_owned());
    for _ in 0..5 {
        assert_eq!(ask(request()).await, alone, "no key");
        assert_eq!(ask(request().header("cookie", "user=nobody")).await, alone, "excluded");
    }
    assert!(served.exposures.all().is_empty());
    assert!(ask(request().header("cookie", "a=b; user=somebody")).await.0.is_some());
    assert_eq!(served.exposures.all().len(), 1);
}

#[tokio::test]
async fn a_key_in_the_body_leaves_the_body_whole() {
    let (one, two) = (variant("control").await, variant("bold").await);
    let policy = test_by(json!({"body": "/parameters/user"}));
    let served = Served::under(policy, &[(1, &[one]), (1, &[two])]).await;
    let mut seen = HashSet::new();
    for user in 0..20 {
        let body = json!({"parameters": {"user": user}, "inputs": "x".repeat(1000)}).to_string();
        let length = body.len();
        let request = served.request(Method::POST, PATH).body(body);
        let answer = request.send().await.unwrap();
        seen.insert(answer.headers()["x-dais-variant"].to_str().unwrap().to_owned());
        assert!(answer.text().await.unwrap().ends_with(&format!(" {length}")));
    }
    assert_eq!(seen.len(), 2);
    let long = json!({"parameters": {"user": 1}, "inputs": "x".repeat(1 << 20)}).to_string();
    let length = long.len();
    for body in [long, "no json".to_owned()] {
        let answer = served.request(Method::POST, PATH).body(body.clone()).send().await.unwrap();
        assert!(!answer.headers().contains_key("x-dais-variant"));
        let expected = body.len().min(length).to_string();
        assert!(answer.text().await.unwrap().ends_with(&expected), "it arrives all the same");
    }
}

#[tokio::test]
async fn a_variant_without_endpoints_falls_back_uncounted() {
    let one = variant("control").await;
    let policy = test_by(json!({"header": "x-user"}));
    let served = Served::under(policy, &[(1, &[one]), (1, &[])]).await;
    let mut counted = 0;
    for user in 0..40 {
        let request = served.request(Method::GET, PATH).header("x-user", user);
        let (variant, name) = ask(request).await;
        assert_eq!(name, "control");
        counted += usize::from(variant.is_some());
    }
    assert!((5..=35).contains(&counted), "{counted} of 40 were meant for it");
    assert_eq!(served.exposures.all().len(), counted);
}
