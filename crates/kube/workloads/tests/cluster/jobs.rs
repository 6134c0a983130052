//! Jobs run to their end and are counted once.

use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::world::{World, eventually, until};

fn job(name: &str, spec: Value, end: &str) -> Value {
    let mut job = json!({"metadata": {"name": name}, "spec": {"template": {
        "metadata": {"annotations": {"end": end}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "host"}]}}}});
    for (key, value) in spec.as_object().expect("an object") {
        job["spec"][key] = value.clone();
    }
    job
}

fn has(job: &Job, type_: &str) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|c| c.type_ == type_ && c.status == "True"))
}

#[tokio::test(flavor = "multi_thread")]
async fn completes_and_lets_its_pods_go() {
    let world = World::new().await;
    world.make::<Job>(job("one", json!({}), "Succeeded")).await;
    let done = until::<Job>(&world, "one", "the end", |job| has(job, "Complete")).await;
    let status = done.status.expect("status");
    assert_eq!((status.succeeded, status.active), (Some(1), None));
    assert!(status.completion_time.is_some());
    let types: Vec<_> =
        status.conditions.expect("conditions").into_iter().map(|c| c.type_).collect();
    assert_eq!(types, ["SuccessCriteriaMet", "Complete"]);
    let pods = world.pods().await;
    assert!(pods.iter().all(|pod| pod.finalizers().is_empty()));
    assert!(pods.iter().all(|pod| pod.labels()["job-name"] == "one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn indexed_jobs_do_every_index() {
    let world = World::new().await;
    let spec = json!({"completionMode": "Indexed", "completions": 3, "parallelism": 2});
    world.make::<Job>(job("idx", spec, "Succeeded")).await;
    let done = until::<Job>(&world, "idx", "the end", |job| has(job, "Complete")).await;
    let status = done.status.expect("status");
    assert_eq!(status.completed_indexes.as_deref(), Some("0-2"));
    assert_eq!(status.succeeded, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn fails_at_its_limit() {
    let world = World::new().await;
    world.make::<Job>(job("fail", json!({"backoffLimit": 0}), "Failed")).await;
    let failed = until::<Job>(&world, "fail", "the failure", |job| has(job, "Failed")).await;
    assert_eq!(failed.status.expect("status").failed, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn suspends_resumes_and_expires() {
    let world = World::new().await;
    let spec = json!({"suspend": true, "ttlSecondsAfterFinished": 0});
    world.make::<Job>(job("susp", spec, "Succeeded")).await;
    until::<Job>(&world, "susp", "the suspension", |job| has(job, "Suspended")).await;
    assert!(world.pods().await.is_empty());
    world.patch::<Job>("susp", json!({"spec": {"suspend": false}})).await;
    let jobs = world.api::<Job>();
    eventually("the expired job to be gone, and its pods", || async {
        let job = jobs.get_opt("susp").await?;
        Ok::<_, kube::Error>((job.is_none() && world.pods().await.is_empty()).then_some(()))
    })
    .await;
}
