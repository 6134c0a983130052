//! Copies for a second backend.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use dais_api::traffic::ShadowCount;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{serve, until};
use crate::world::World;

const PATH: &str = "/serve/a/digits/v2/infer";

async fn world(main: SocketAddr, shadow: SocketAddr) -> World {
    let spec = json!({"shadow": {
        "service": "shadow", "percent": 100.0, "tolerance": 0.01, "ignore": ["/id"]
    }});
    let world = World::with(&spec).await;
    world.endpoint("backend-0", main).await;
    world.endpoint("shadow", shadow).await;
    world.route(&[1]).await;
    until(async || world.served.get("/serve/a/digits/").await.status() == 200).await;
    world
}

async fn counts(world: &World) -> ShadowCount {
    world.status().await.shadow.unwrap_or_default()
}

#[tokio::test]
async fn answers_are_compared_and_nobody_gets_the_shadows() {
    // Answers what it is asked to, the shadow a little differently.
    let answer = |is_shadow: bool| {
        any(move |body: String| async move {
            let (status, score) = match (body.as_str(), is_shadow) {
                ("different", true) => (StatusCode::OK, 0.5),
                ("failing", true) => (StatusCode::INTERNAL_SERVER_ERROR, 0.9),
                (_, true) => (StatusCode::OK, 0.901),
                (_, false) => (StatusCode::OK, 0.9),
            };
            let id = if is_shadow { "second" } else { "first" };
            (status, json!({"id": id, "score": score}).to_string())
        })
    };
    let main = serve(Router::new().fallback(answer(false))).await;
    let shadow = serve(Router::new().fallback(answer(true))).await;
    let world = world(main, shadow).await;
    until(async || counts(&world).await.same > 0).await;
    let before = counts(&world).await;
    for body in ["same", "different", "failing", "same"] {
        let answer = world.served.request(Method::POST, PATH).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.text().await.unwrap().contains(r#""id":"first","score":0.9"#));
    }
    until(async || {
        let now = counts(&world).await;
        now.same + now.different + now.failed == before.same + 4
    })
    .await;
    let now = counts(&world).await;
    assert_eq!((now.copied - before.copied, now.same - before.same), (4, 2));
    assert_eq!((now.different, now.failed, now.dropped), (1, 1, 0));
    let backends = world.status().await.backends;
    assert_eq!(backends.len(), 1, "copies are not the route's requests: {backends:?}");
}

#[tokio::test]
async fn a_copy_says_that_it_is_one_and_lets_nobody_in() {
    let (told, mut heard) = mpsc::channel::<Value>(100);
    let listen = any(move |request: Request| async move {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let header = |name: &str| parts.headers.get(name).map(|v| v.to_str().unwrap().to_owned());
        let what = json!({
            "uri": parts.uri.to_string(), "shadow": header("x-dais-shadow"), "mine": header("x-mine"),
            "secrets": [header("authorization"), header("cookie"), header("x-api-key")],
            "length": body.len(),
        });
        told.send(what).await.unwrap();
        ""
    });
    let main = serve(Router::new().fallback(any(|_: bytes::Bytes| async { "" }))).await;
    let shadow = serve(Router::new().fallback(listen)).await;
    let world = world(main, shadow).await;
    let request = world.served.request(Method::POST, "/serve/a/digits/v2/infer?x=1");
    let request = request.header("cookie", "a=1").header("x-api-key", "k").header("x-mine", "m");
    request.body("x".repeat(500_000)).send().await.unwrap();
    let copy = loop {
        let copy = heard.recv().await.unwrap();
        if copy["uri"] == "/v2/infer?x=1" {
            break copy;
        }
    };
    assert_eq!((&copy["shadow"], &copy["mine"]), (&json!("true"), &json!("m")));
    assert_eq!(copy["secrets"], json!([null, null, null]));
    assert_eq!(copy["length"], 500_000);

    let long = world.served.request(Method::POST, PATH).body("x".repeat((1 << 20) + 1));
    assert_eq!(long.send().await.unwrap().status(), 200);
    world.served.request(Method::POST, PATH).body("last").send().await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(5), heard.recv()).await.unwrap().unwrap();
    assert_eq!(next["length"], 4, "what is too long is not copied");
}

#[tokio::test]
async fn a_slow_shadow_delays_nobody_and_is_left_out_in_the_end() {
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = asked.clone();
    let slow = any(move || {
        seen.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<()>()
    });
    let main = serve(Router::new().fallback(any(|| async { "" }))).await;
    let shadow = serve(Router::new().fallback(slow)).await;
    let world = world(main, shadow).await;
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(world.served.get(PATH).await.status(), 200);
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    until(async || counts(&world).await.dropped >= 100 - 64).await;
    until(async || asked.load(Ordering::Relaxed) == 64).await;
    assert_eq!(counts(&world).await.copied, 64);
}
