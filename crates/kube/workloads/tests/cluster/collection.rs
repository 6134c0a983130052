//! What belongs to somebody goes with its owner.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::world::{World, eventually, until};

fn map(name: &str, owner: Option<&ConfigMap>, change: Value) -> Value {
    let owners: Vec<Value> = owner
        .iter()
        .map(|owner| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner.name_any(), "uid": owner.uid(),
            "blockOwnerDeletion": true}))
        .collect();
    let mut map = json!({"metadata": {"name": name, "ownerReferences": owners}});
    for (key, value) in change.as_object().expect("an object") {
        map["metadata"][key] = value.clone();
    }
    map
}

async fn gone(world: &World, names: &[&str]) {
    let maps = world.api::<ConfigMap>();
    for name in names {
        eventually(&format!("{name} to be gone"), || async {
            Ok::<_, kube::Error>(maps.get_opt(name).await?.is_none().then_some(()))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn background_takes_children_and_grandchildren() {
    let world = World::empty().await;
    let owner = world.make::<ConfigMap>(map("bg", None, json!({}))).await;
    let child = world.make::<ConfigMap>(map("bg-c", Some(&owner), json!({}))).await;
    world.make::<ConfigMap>(map("bg-cc", Some(&child), json!({}))).await;
    world.api::<ConfigMap>().delete("bg", &DeleteParams::background()).await.expect("deleted");
    gone(&world, &["bg", "bg-c", "bg-cc"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreground_waits_for_those_that_block() {
    let world = World::empty().await;
    let owner = world.make::<ConfigMap>(map("fgb", None, json!({}))).await;
    let held = json!({"finalizers": ["example.com/hold"]});
    world.make::<ConfigMap>(map("fgb-c", Some(&owner), held)).await;
    world.api::<ConfigMap>().delete("fgb", &DeleteParams::foreground()).await.expect("deleted");
    until::<ConfigMap>(&world, "fgb-c", "the child to be going", |map| {
        map.metadata.deletion_timestamp.is_some()
    })
    .await;
    let waiting = world.api::<ConfigMap>().get("fgb").await.expect("the owner waits");
    assert_eq!(waiting.finalizers(), ["foregroundDeletion"]);
    world.patch::<ConfigMap>("fgb-c", json!({"metadata": {"finalizers": null}})).await;
    gone(&world, &["fgb-c", "fgb"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_stay_and_forget() {
    let world = World::empty().await;
    let owner = world.make::<ConfigMap>(map("orphan", None, json!({}))).await;
    world.make::<ConfigMap>(map("orphan-c", Some(&owner), json!({}))).await;
    world.api::<ConfigMap>().delete("orphan", &DeleteParams::orphan()).await.expect("deleted");
    gone(&world, &["orphan"]).await;
    let child = world.api::<ConfigMap>().get("orphan-c").await.expect("it stays");
    assert!(child.owner_references().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_never_was_keeps_nothing() {
    let world = World::empty().await;
    world
        .make::<ConfigMap>(json!({"metadata": {"name": "absent-owner", "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": "00000000-0000-0000-0000-000000000001"}]}}))
        .await;
    gone(&world, &["absent-owner"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_takes_its_sets_and_pods_and_adopts_orphans() {
    let world = World::new().await;
    let wanted = json!({"metadata": {"name": "web"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "host"}]}}}});
    world.make::<Deployment>(wanted.clone()).await;
    let is_available =
        |d: &Deployment| d.status.as_ref().and_then(|s| s.available_replicas) == Some(1);
    until::<Deployment>(&world, "web", "the rollout", is_available).await;
    let sets = world.api::<ReplicaSet>();
    let before = sets.list(&Default::default()).await.expect("sets").items[0].uid();
    world.api::<Deployment>().delete("web", &DeleteParams::orphan()).await.expect("deleted");
    eventually("an orphaned set", || async {
        let all = sets.list(&Default::default()).await?.items;
        Ok::<_, kube::Error>(all[0].owner_references().is_empty().then_some(()))
    })
    .await;
    // Its children are let go of first, then it goes itself.
    eventually("the deployment to be gone", || async {
        let left = world.api::<Deployment>().get_opt("web").await?;
        Ok::<_, kube::Error>(left.is_none().then_some(()))
    })
    .await;
    world.make::<Deployment>(wanted).await;
    until::<Deployment>(&world, "web", "the adoption", is_available).await;
    let after = sets.list(&Default::default()).await.expect("sets").items;
    assert_eq!((after.len(), after[0].uid()), (1, before));
    world.api::<Deployment>().delete("web", &DeleteParams::background()).await.expect("deleted");
    eventually("everything to be gone", || async {
        let sets = sets.list(&Default::default()).await?.items;
        Ok::<_, kube::Error>((sets.is_empty() && world.pods().await.is_empty()).then_some(()))
    })
    .await;
}
