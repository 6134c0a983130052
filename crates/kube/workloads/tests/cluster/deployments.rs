//! Deployments roll from one template to the next.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::world::{World, eventually, until};

fn deployment(name: &str, replicas: i32) -> Value {
    json!({"metadata": {"name": name}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {
            "terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "img:1"}]}}}})
}

fn reasons(deployment: &Deployment) -> Vec<(String, String)> {
    let status = deployment.status.clone().unwrap_or_default();
    let mut reasons: Vec<_> = status
        .conditions
        .unwrap_or_default()
        .into_iter()
        .map(|c| (c.type_, c.reason.unwrap_or_default()))
        .collect();
    reasons.sort();
    reasons
}

fn is_through(deployment: &Deployment) -> bool {
    let status = deployment.status.clone().unwrap_or_default();
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    status.observed_generation == deployment.metadata.generation
        && status.updated_replicas == wanted
        && status.replicas == wanted
        && status.available_replicas == wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn rolls_out_updates_and_goes_back() {
    let world = World::new().await;
    world.make::<Deployment>(deployment("web", 2)).await;
    let first = until::<Deployment>(&world, "web", "the first rollout", is_through).await;
    assert_eq!(
        reasons(&first),
        [
            ("Available".to_owned(), "MinimumReplicasAvailable".to_owned()),
            ("Progressing".to_owned(), "NewReplicaSetAvailable".to_owned())
        ]
    );
    let revision = |deployment: &Deployment| {
        deployment.annotations().get("deployment.kubernetes.io/revision").cloned()
    };
    assert_eq!(revision(&first).as_deref(), Some("1"));
    let image = |image: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}});
    world.patch::<Deployment>("web", image("img:2")).await;
    let second = until::<Deployment>(&world, "web", "the second rollout", |d| {
        is_through(d) && revision(d).as_deref() == Some("2")
    })
    .await;
    eventually("only new pods", || async {
        let pods = world.pods().await;
        let new = pods.iter().all(|pod| {
            pod.spec
                .as_ref()
                .is_some_and(|spec| spec.containers[0].image.as_deref() == Some("img:2"))
        });
        Ok::<_, kube::Error>((pods.len() == 2 && new).then_some(()))
    })
    .await;
    assert!(second.status.expect("status").unavailable_replicas.is_none());
    world.patch::<Deployment>("web", image("img:1")).await;
    until::<Deployment>(&world, "web", "the way back", |d| {
        is_through(d) && revision(d).as_deref() == Some("3")
    })
    .await;
    let sets = world.api::<ReplicaSet>().list(&Default::default()).await.expect("sets").items;
    assert_eq!(sets.len(), 2, "a set is used again");
    let back = sets
        .iter()
        .find(|set| set.annotations()["deployment.kubernetes.io/revision"] == "3")
        .expect("revision 3");
    assert_eq!(back.annotations()["deployment.kubernetes.io/revision-history"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn scales_and_replaces_lost_pods() {
    let world = World::new().await;
    world.make::<Deployment>(deployment("web", 1)).await;
    until::<Deployment>(&world, "web", "the rollout", is_through).await;
    world.patch::<Deployment>("web", json!({"spec": {"replicas": 3}})).await;
    until::<Deployment>(&world, "web", "three replicas", |d| {
        is_through(d) && d.status.as_ref().and_then(|s| s.replicas) == Some(3)
    })
    .await;
    let lost = world.pods().await[0].name_any();
    world.api::<Pod>().delete(&lost, &Default::default()).await.expect("deleted");
    eventually("a replacement", || async {
        let pods = world.pods().await;
        Ok::<_, kube::Error>(
            (pods.len() == 3 && pods.iter().all(|pod| pod.name_any() != lost)).then_some(()),
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recreate_never_runs_two_templates() {
    let world = World::new().await;
    let mut wanted = deployment("rec", 1);
    wanted["spec"]["strategy"] = json!({"type": "Recreate"});
    world.make::<Deployment>(wanted).await;
    until::<Deployment>(&world, "rec", "the rollout", is_through).await;
    world
        .patch::<Deployment>(
            "rec",
            json!({"spec": {"template": {"metadata": {"labels": {"v": "2"}}}}}),
        )
        .await;
    until::<Deployment>(&world, "rec", "the second rollout", |d| {
        is_through(d) && d.metadata.generation == Some(2)
    })
    .await;
    let pods = world.pods().await;
    assert_eq!(pods.len(), 1);
    assert_eq!(pods[0].labels()["v"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn says_when_it_is_stuck() {
    let world = World::new().await;
    let mut wanted = deployment("slow", 1);
    wanted["spec"]["progressDeadlineSeconds"] = json!(1);
    wanted["spec"]["template"]["spec"]["nodeSelector"] = json!({"no": "such"});
    world.make::<Deployment>(wanted).await;
    until::<Deployment>(&world, "slow", "the deadline", |d| {
        reasons(d).contains(&("Progressing".to_owned(), "ProgressDeadlineExceeded".to_owned()))
    })
    .await;
}
