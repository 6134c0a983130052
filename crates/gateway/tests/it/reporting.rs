//! What stands in a policy's status.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::any;
use dais_api::TrafficPolicyStatus;
use http::{Method, StatusCode};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::support::{serve, until};
use crate::world::World;

const PATH: &str = "/serve/a/digits/";

#[tokio::test]
async fn a_request_that_waits_is_reported_and_what_it_did_is_counted_until_all_is_quiet() {
    let world = World::with(&json!({"hold": {"seconds": 60, "most": 5}})).await;
    world.route(&[1]).await;
    let get = tokio::spawn({
        let request = world.served.request(Method::GET, PATH);
        async move { request.send().await }
    });
    until(async || world.status().await.held == 1).await;
    let status = world.status().await;
    assert_eq!(status.epoch.as_deref(), Some(world.served.gateway.epoch()));
    assert!(status.last_request.is_some());

    // Half a second to the head of its answer, and a whole one to its end.
    let slow = any(|| async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let end = futures::stream::once(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, std::io::Error>("end")
        });
        (StatusCode::INTERNAL_SERVER_ERROR, axum::body::Body::from_stream(end))
    });
    world.endpoint("backend-0", serve(Router::new().fallback(slow)).await).await;
    let answer = get.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.text().await.unwrap(), "end");
    until(async || world.status().await.backends.first().is_some_and(|one| one.requests == 1))
        .await;
    let status = world.status().await;
    let backend = &status.backends[0];
    assert_eq!(backend.service, "backend-0");
    assert_eq!((backend.requests, backend.failures), (1, 1));
    assert!((0.5..2.0).contains(&backend.seconds), "the wait is not the backend's: {backend:?}");
    assert!(status.concurrency < 0.5, "{status:?}");
    assert_eq!(status.held, 0);

    until(async || world.status().await.concurrency == 0.0).await;
    let version = world.policy().await.resource_version();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(world.policy().await.resource_version(), version, "nothing is written when idle");
}

#[tokio::test]
async fn a_busy_route_is_reported_once_a_second() {
    let world = World::with(&json!({"record": {"percent": 0.0}})).await;
    world.route(&[1]).await;
    world.endpoint("backend-0", serve(Router::new().fallback(any(|| async { "" }))).await).await;
    until(async || world.served.get(PATH).await.status() == 200).await;
    let (began, mut requests) = (Instant::now(), 0);
    let mut versions = std::collections::HashSet::new();
    while began.elapsed() < Duration::from_millis(3500) {
        assert_eq!(world.served.get(PATH).await.status(), 200);
        requests += 1;
        versions.insert(world.policy().await.resource_version());
    }
    assert!((3..=5).contains(&versions.len()), "{} statuses in 3.5 s", versions.len());
    until(async || {
        let counted = world.status().await.backends.first().map_or(0, |one| one.requests);
        counted > requests
    })
    .await;
}

#[tokio::test]
async fn what_another_run_left_is_mended_once() {
    let world = World::with(&json!({"hold": {"seconds": 60, "most": 5}})).await;
    let stale = TrafficPolicyStatus {
        epoch: Some("before".to_owned()),
        concurrency: 3.0,
        held: 2,
        ..TrafficPolicyStatus::default()
    };
    let patch = Patch::Merge(json!({"status": stale}));
    world.policies.patch_status("digits", &PatchParams::default(), &patch).await.unwrap();
    world.route(&[1]).await;
    until(async || world.status().await.held == 0).await;
    let status = world.status().await;
    assert_eq!(status.epoch.as_deref(), Some(world.served.gateway.epoch()));
    assert_eq!((status.concurrency, status.last_request), (0.0, None));
}
