//! Services lead to their pods.

use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;
use kube::api::ListParams;
use serde_json::json;

use crate::world::{World, eventually, until};

async fn slice(world: &World, service: &str, addresses: &[&str]) -> EndpointSlice {
    let api = world.api::<EndpointSlice>();
    let of_service = ListParams::default().labels(&format!("kubernetes.io/service-name={service}"));
    eventually("the slice", || async {
        let slices = api.list(&of_service).await?.items;
        Ok::<_, kube::Error>(slices.into_iter().find(|slice| {
            let found = slice.endpoints.iter().flatten().flat_map(|endpoint| &endpoint.addresses);
            found.map(String::as_str).collect::<Vec<_>>() == addresses
        }))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_follow_pods_and_selectors() {
    let world = World::new().await;
    world
        .make::<Service>(
            json!({"metadata": {"name": "w"}, "spec": {"selector": {"app": "w"}, "ports": [
            {"name": "http", "port": 80, "targetPort": "http"}]}}),
        )
        .await;
    slice(&world, "w", &[]).await;
    world
        .make::<Pod>(
            json!({"metadata": {"name": "p", "labels": {"app": "w"}}, "spec": {"containers": [
            {"name": "c", "image": "host", "ports": [{"name": "http", "containerPort": 8080}]}]}}),
        )
        .await;
    let with_pod = slice(&world, "w", &["127.80.0.1"]).await;
    assert_eq!(with_pod.ports.expect("ports")[0].port, Some(8080));
    let endpoints = until::<Endpoints>(&world, "w", "the endpoints", |e| e.subsets.is_some()).await;
    assert_eq!(
        endpoints.subsets.expect("subsets")[0].addresses.as_ref().expect("addresses")[0].ip,
        "127.80.0.1"
    );
    world.patch::<Pod>("p", json!({"metadata": {"labels": {"app": "other"}}})).await;
    slice(&world, "w", &[]).await;
    world.api::<Service>().delete("w", &Default::default()).await.expect("deleted");
    let left = world.api::<Endpoints>();
    eventually("the endpoints to be gone", || async {
        let slices = world.api::<EndpointSlice>().list(&Default::default()).await?.items;
        let gone = left.get_opt("w").await?.is_none()
            && slices.iter().all(|slice| !slice.name_any().starts_with("w-"));
        Ok::<_, kube::Error>(gone.then_some(()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handmade_endpoints_are_mirrored() {
    let world = World::empty().await;
    world
        .make::<Service>(json!({"metadata": {"name": "nosel"}, "spec": {"ports": [{"port": 80}]}}))
        .await;
    world
        .make::<Endpoints>(json!({"metadata": {"name": "nosel"}, "subsets": [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 80}]}]}))
        .await;
    slice(&world, "nosel", &["10.1.1.1"]).await;
}
