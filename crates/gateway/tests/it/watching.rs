//! The table follows the objects of a cluster.

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use dais_api::routing::HTTPRoute;
use http::{Request, StatusCode};
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, PostParams};
use tower::ServiceExt;

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
    let series = |served: &Served| served.gateway.metrics().text().matches("digits").count();
    assert!(series(&served) > 0);
    routes.delete("digits", &DeleteParams::default()).await.unwrap();
    answers(&served, 404).await;
    // The last answer may have been on its way when the route went.
    until(async || series(&served) == 0).await;
}

#[tokio::test]
async fn a_route_is_told_what_became_of_it() {
    let definitions = dais_api::crds::foreign().into_iter().chain(dais_api::crds::all());
    let cluster = dais_testkit::Cluster::with_definitions(definitions).await;
    let client = || cluster.client.clone();
    for name in ["a", "b"] {
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.to_owned());
        Api::all(client()).create(&PostParams::default(), &namespace).await.unwrap();
    }
    let served = Served::start().await;
    tokio::spawn(dais_gateway::watch(client(), served.gateway.clone()));
    let mut foreign = route(&[1]);
    foreign.metadata.namespace = Some("b".to_owned());
    let own = Api::<HTTPRoute>::namespaced(client(), "a");
    let other = Api::<HTTPRoute>::namespaced(client(), "b");
    other.create(&PostParams::default(), &foreign).await.unwrap();
    own.create(&PostParams::default(), &route(&[1])).await.unwrap();
    let says = async |routes: &Api<HTTPRoute>, status: &str| {
        let route = routes.get("digits").await.unwrap();
        let parents = route.status.map(|status| status.parents).unwrap_or_default();
        let said = parents.iter().flat_map(|parent| &parent.conditions);
        said.filter(|c| c.type_ == "Accepted" && c.status == status).count() == 1
    };
    until(async || says(&own, "True").await && says(&other, "False").await).await;
    assert_eq!(served.get("/serve/a/digits/").await.status(), 503, "it is a's, without replicas");
}

/// As after a restart: what comes before the routes were read is not told that they are
/// not there.
#[tokio::test]
async fn a_request_that_comes_before_the_routes_are_read_waits_for_them() {
    let definitions = dais_api::crds::foreign().into_iter().chain(dais_api::crds::all());
    let cluster = dais_testkit::Cluster::with_definitions(definitions).await;
    let client = || cluster.client.clone();
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some("a".to_owned());
    Api::all(client()).create(&PostParams::default(), &namespace).await.unwrap();
    let upstream = serve(Router::new().fallback(any(|| async { "here" }))).await;
    let (routes, services) = (Api::namespaced(client(), "a"), Api::namespaced(client(), "a"));
    routes.create(&PostParams::default(), &route(&[1])).await.unwrap();
    services.create(&PostParams::default(), &service("backend-0")).await.unwrap();
    let slices = Api::namespaced(client(), "a");
    slices.create(&PostParams::default(), &slice("backend-0", 0, upstream)).await.unwrap();

    let served = Served::start().await;
    let early = Request::get("/serve/a/digits/").header("authorization", "Bearer good");
    let mut early = Box::pin(served.gateway.router().oneshot(early.body(Body::empty()).unwrap()));
    assert!(futures::poll!(&mut early).is_pending());
    tokio::spawn(dais_gateway::watch(client(), served.gateway.clone()));
    assert_eq!(early.await.unwrap().status(), StatusCode::OK);
}
