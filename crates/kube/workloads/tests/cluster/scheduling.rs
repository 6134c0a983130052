//! Pods get nodes, or words why not.

use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::{Value, json};

use crate::world::{World, eventually, until};

fn pod(name: &str, cpu: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {"containers": [
        {"name": "c", "image": "host", "resources": {"requests": {"cpu": cpu}}}]}})
}

fn scheduled(pod: &Pod) -> bool {
    pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_bound_and_people_are_told() {
    let world = World::new().await;
    world.make::<Pod>(pod("p", "1")).await;
    let bound = until::<Pod>(&world, "p", "a bound pod", scheduled).await;
    assert_eq!(bound.spec.expect("spec").node_name.as_deref(), Some("n"));
    let events = world.api::<Event>();
    eventually("the event", || async {
        let all = events.list(&Default::default()).await?;
        let found =
            all.items.into_iter().find(|event| event.reason.as_deref() == Some("Scheduled"));
        Ok::<_, kube::Error>(
            found
                .filter(|event| event.message.as_deref() == Some("Successfully assigned a/p to n")),
        )
    })
    .await;
    until::<Pod>(&world, "p", "a running pod", |pod| {
        pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
    })
    .await;
    let text = world.workloads.state_metrics().text();
    assert!(text.contains(r#"label_app="web""#), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_nowhere_waits_with_a_reason() {
    let world = World::new().await;
    world.make::<Pod>(pod("first", "3")).await;
    until::<Pod>(&world, "first", "a bound pod", scheduled).await;
    world.make::<Pod>(pod("second", "2")).await;
    let waiting = until::<Pod>(&world, "second", "a reason", |pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions
            .is_some_and(|all| all.iter().any(|c| c.reason.as_deref() == Some("Unschedulable")))
    })
    .await;
    let conditions = waiting.status.expect("status").conditions.expect("conditions");
    assert_eq!(
        conditions[0].message.as_deref(),
        Some("0/1 nodes are available: 1 Insufficient cpu.")
    );
    world.api::<Pod>().delete("first", &Default::default()).await.expect("deleted");
    until::<Pod>(&world, "second", "a bound pod", scheduled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_takes_what_waited() {
    let world = World::empty().await;
    world.make::<Pod>(pod("p", "1")).await;
    let message = |pod: &Pod| {
        let conditions = pod.status.clone().and_then(|status| status.conditions);
        conditions.and_then(|all| all.first().and_then(|c| c.message.clone()))
    };
    until::<Pod>(&world, "p", "a reason", |pod| {
        message(pod).as_deref() == Some("no nodes available to schedule pods")
    })
    .await;
    world.add_node("late").await;
    until::<Pod>(&world, "p", "a bound pod", scheduled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_bound_whole_or_not_at_all() {
    let world = World::new().await;
    let member = |name: &str| {
        let mut pod = pod(name, "2");
        pod["metadata"]["labels"] = json!({
            "pod-group.scheduling.sigs.k8s.io/name": "g",
            "pod-group.scheduling.sigs.k8s.io/min-available": "2",
        });
        pod
    };
    world.make::<Pod>(pod("other", "1")).await;
    until::<Pod>(&world, "other", "a bound pod", scheduled).await;
    world.make::<Pod>(member("a")).await;
    world.make::<Pod>(member("b")).await;
    let waits = |pod: &Pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions.is_some_and(|all| {
            all.iter().any(|c| c.message.as_ref().is_some_and(|m| m.contains("all 2 pods or none")))
        })
    };
    for name in ["a", "b"] {
        let waiting = until::<Pod>(&world, name, "a reason", waits).await;
        assert!(!scheduled(&waiting), "{name} must not hold a place that its group cannot use");
    }
    world.api::<Pod>().delete("other", &Default::default()).await.expect("deleted");
    for name in ["a", "b"] {
        until::<Pod>(&world, name, "a bound pod", scheduled).await;
    }
}
