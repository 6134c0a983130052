//! The table follows the objects of a cluster.

use axum::Router;
use axum::routing::any;
use dais_api::routing::HTTPRoute;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, PostParams};

use crate::support::{Served, route, serve, service, slice, until};

async fn answers(served: &Served, status: u16) {
    until(async || served.get("/serve/a/digits/").await.status() == status).await;
}

#[tokio::test]
async fn a_route_is_served_from_its_objects_until_they_go() {
    let definitions = dais_api::crds::foreign().into_iter().chain(dais_api::crds::all());
    let cluster = dais_testkit::Cluster::with_definitions(definitions).await;
    let served = Served::start().await;
    tokio::spawn(dais_gateway::watch(cluster.client.clone(), served.gateway.clone()));
    let client = || cluster.client.clone();

    let namespaces = Api::<Namespace>::all(client());
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some("a".to_owned());
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();
    let routes = Api::<HTTPRoute>::namespaced(client(), "a");
    routes.create(&PostParams::default(), &route(&[1])).await.unwrap();
    answers(&served, 503).await;

    let upstream = serve(Router::new().fallback(any(|| async { "here" }))).await;
    let services = Api::<Service>::namespaced(client(), "a");
    services.create(&PostParams::default(), &service("backend-0")).await.unwrap();
    let slices = Api::<EndpointSlice>::namespaced(client(), "a");
    let created =
        slices.create(&PostParams::default(), &slice("backend-0", 0, upstream)).await.unwrap();
    answers(&served, 200).await;

    slices.delete(&created.name_any(), &DeleteParams::default()).await.unwrap();
    answers(&served, 503).await;
    routes.delete("digits", &DeleteParams::default()).await.unwrap();
    answers(&served, 404).await;
}
