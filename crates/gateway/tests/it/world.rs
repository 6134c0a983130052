//! A gateway beside an API server, with the objects of one route in it.

use std::net::SocketAddr;

use dais_api::routing::HTTPRoute;
use dais_api::{TrafficPolicy, TrafficPolicyStatus};
use dais_testkit::Cluster;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{Api, PostParams};
use serde_json::Value;

use crate::support::{Served, policy, route, service, slice, until};

/// There once the table has the route and its policy.
const REPORTED: &str = r#"dais_gateway_requests_held{namespace="a",service="digits"}"#;

pub struct World {
    pub served: Served,
    pub policies: Api<TrafficPolicy>,
    cluster: Cluster,
}

impl World {
    /// With a policy, and a route to come.
    pub async fn with(spec: &Value) -> Self {
        let definitions = dais_api::crds::foreign().into_iter().chain(dais_api::crds::all());
        let cluster = Cluster::with_definitions(definitions).await;
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some("a".to_owned());
        let namespaces = Api::<Namespace>::all(cluster.client.clone());
        namespaces.create(&PostParams::default(), &namespace).await.unwrap();
        let policies = Api::namespaced(cluster.client.clone(), "a");
        policies.create(&PostParams::default(), &policy(spec)).await.unwrap();
        let served = Served::start().await;
        Self { served, policies, cluster }
    }

    /// Makes the route and starts what follows and reports.
    pub async fn route(&self, weights: &[u32]) {
        let client = || self.cluster.client.clone();
        let routes = Api::<HTTPRoute>::namespaced(client(), "a");
        routes.create(&PostParams::default(), &route(weights)).await.unwrap();
        tokio::spawn(dais_gateway::watch(client(), self.served.gateway.clone()));
        tokio::spawn(dais_gateway::report(client(), self.served.gateway.clone()));
        until(async || self.served.gateway.metrics().text().contains(REPORTED)).await;
    }

    /// A service with one endpoint.
    pub async fn endpoint(&self, name: &str, address: SocketAddr) {
        let client = || self.cluster.client.clone();
        let services = Api::<Service>::namespaced(client(), "a");
        services.create(&PostParams::default(), &service(name)).await.unwrap();
        let slices = Api::<EndpointSlice>::namespaced(client(), "a");
        slices.create(&PostParams::default(), &slice(name, 0, address)).await.unwrap();
    }

    pub async fn policy(&self) -> TrafficPolicy {
        self.policies.get("digits").await.unwrap()
    }

    pub async fn status(&self) -> TrafficPolicyStatus {
        self.policy().await.status.unwrap_or_default()
    }
}
