//! That a test's cluster is a cluster.

use dais_testkit::Cluster;
use futures::TryStreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, ListParams, PostParams, WatchEvent, WatchParams};

fn config_map(name: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = Some(name.to_owned());
    map
}

#[tokio::test]
async fn objects_are_made_listed_and_watched() {
    let cluster = Cluster::start().await;
    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    assert!(namespaces.get_opt("default").await.unwrap().is_some());
    assert!(namespaces.get_opt("nowhere").await.unwrap().is_none());

    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client.clone());
    let before = maps.list(&ListParams::default()).await.unwrap();
    let version = before.metadata.resource_version.unwrap();
    let made = maps.create(&PostParams::default(), &config_map("one")).await.unwrap();
    assert!(made.metadata.uid.is_some());

    let events = maps.watch(&WatchParams::default(), &version).await.unwrap();
    let mut events = Box::pin(events);
    let first = events.try_next().await.unwrap();
    assert!(matches!(first, Some(WatchEvent::Added(map)) if map.metadata.uid == made.metadata.uid));
}

#[tokio::test]
async fn a_person_without_a_role_may_nothing() {
    let cluster = Cluster::start().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client_as("ann", &["vision"]));
    let refused = maps.create(&PostParams::default(), &config_map("one")).await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 403), "{refused:?}");
}

#[tokio::test]
async fn clusters_share_nothing() {
    let [one, other] = [Cluster::start().await, Cluster::start().await];
    let maps = |cluster: &Cluster| Api::<ConfigMap>::default_namespaced(cluster.client.clone());
    maps(&one).create(&PostParams::default(), &config_map("one")).await.unwrap();
    assert!(maps(&other).get_opt("one").await.unwrap().is_none());
}
