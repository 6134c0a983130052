//! StatefulSets make pods in order and change them from the last.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt;
use serde_json::json;

use crate::world::{World, until};

#[tokio::test(flavor = "multi_thread")]
async fn comes_up_in_order_and_changes_from_the_last() {
    let world = World::new().await;
    world
        .make::<StatefulSet>(json!({"metadata": {"name": "db"}, "spec": {
            "serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {
                "terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "img:1"}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}}))
        .await;
    let is_through = |set: &StatefulSet, generation| {
        let status = set.status.clone().unwrap_or_default();
        status.observed_generation == Some(generation)
            && status.ready_replicas == Some(2)
            && status.updated_replicas == Some(2)
            && status.current_revision == status.update_revision
    };
    let first = until::<StatefulSet>(&world, "db", "two pods", |set| is_through(set, 1)).await;
    let mut names: Vec<_> = world.pods().await.iter().map(ResourceExt::name_any).collect();
    names.sort();
    assert_eq!(names, ["db-0", "db-1"]);
    until::<PersistentVolumeClaim>(&world, "data-db-1", "the claim", |_| true).await;
    let change =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "img:2"}]}}}});
    world.patch::<StatefulSet>("db", change).await;
    let second = until::<StatefulSet>(&world, "db", "the update", |set| is_through(set, 2)).await;
    let revision = |set: StatefulSet| set.status.and_then(|status| status.update_revision);
    assert_ne!(revision(first), revision(second));
    let pods = world.pods().await;
    let images = pods.iter().filter_map(|pod| pod.spec.as_ref()?.containers[0].image.as_deref());
    assert!(images.eq(["img:2", "img:2"]));
}
