use super::*;
use crate::job::TRACKING;
use k8s_openapi::api::batch::v1::UncountedTerminatedPods;
use serde_json::{Value, json};

const START: &str = "2026-01-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn job(spec: Value) -> Job {
    let mut all = json!({"parallelism": 1, "completions": 1, "backoffLimit": 6, "template": {}});
    for (key, value) in spec.as_object().expect("an object") {
        all[key] = value.clone();
    }
    serde_json::from_value(json!({"metadata": {"name": "j", "namespace": "a"}, "spec": all}))
        .expect("a job")
}

fn pod(uid: &str, phase: &str) -> Arc<Pod> {
    indexed(uid, phase, None)
}

fn indexed(uid: &str, phase: &str, index: Option<&str>) -> Arc<Pod> {
    let annotations = index.map(|index| json!({job_pods::INDEX: index}));
    Arc::new(
        serde_json::from_value(json!({
            "metadata": {"name": uid, "uid": uid, "finalizers": [TRACKING], "annotations": annotations},
            "status": {"phase": phase},
        }))
        .expect("a pod"),
    )
}

fn released(pod: &Arc<Pod>) -> Arc<Pod> {
    let mut pod = (**pod).clone();
    pod.metadata.finalizers = None;
    Arc::new(pod)
}

fn status(job: &mut Job, own: &[Arc<Pod>], time: &str) -> Value {
    let plan = plan(job, own, at(time));
    job.status = Some(plan.status.clone());
    serde_json::to_value(plan.status).expect("JSON")
}

fn types(status: &Value) -> Vec<String> {
    let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
    conditions
        .iter()
        .filter(|c| c["status"] == "True")
        .map(|c| c["type"].as_str().expect("a type").to_owned())
        .collect()
}

/// The statuses that kube-controller-manager wrote for the Job "one".
#[test]
fn a_success_is_listed_then_counted() {
    let mut job = job(json!({}));
    assert_eq!(plan(&job, &[], at(START)).create, [None]);
    let running = [pod("p", "Running")];
    assert_eq!(
        status(&mut job, &running, START),
        json!({"startTime": START, "active": 1, "terminating": 0, "uncountedTerminatedPods": {}, "ready": 0})
    );
    let done = pod("p", "Succeeded");
    let listed = status(&mut job, std::slice::from_ref(&done), START);
    assert_eq!(listed["uncountedTerminatedPods"], json!({"succeeded": ["p"]}));
    assert_eq!(types(&listed), ["SuccessCriteriaMet"]);
    assert_eq!(plan(&job, std::slice::from_ref(&done), at(START)).release.len(), 1);
    let counted = status(&mut job, &[released(&done)], "2026-01-01T00:00:02Z");
    assert_eq!(counted["succeeded"], 1);
    assert_eq!(counted["completionTime"], "2026-01-01T00:00:02Z");
    assert_eq!(types(&counted), ["SuccessCriteriaMet", "Complete"]);
}

#[test]
fn a_deleted_pod_is_counted_once() {
    let mut job = job(json!({"completions": 2, "parallelism": 2}));
    job.status = Some(JobStatus {
        uncounted_terminated_pods: Some(UncountedTerminatedPods {
            succeeded: Some(vec!["gone".into()]),
            failed: None,
        }),
        ..JobStatus::default()
    });
    let status = status(&mut job, &[], START);
    assert_eq!(status["succeeded"], 1);
    assert_eq!(status["uncountedTerminatedPods"], json!({}));
    assert_eq!(plan(&job, &[], at(START)).create, [None]);
}

#[test]
fn too_many_failures_end_it() {
    let mut job = job(json!({"backoffLimit": 0}));
    let failed = pod("p", "Failed");
    let listed = status(&mut job, std::slice::from_ref(&failed), START);
    assert_eq!(types(&listed), ["FailureTarget"]);
    let counted = status(&mut job, &[released(&failed)], START);
    assert_eq!(types(&counted), ["FailureTarget", "Failed"]);
    assert_eq!(counted["failed"], 1);
    assert_eq!(counted["conditions"][1]["reason"], "BackoffLimitExceeded");
    assert!(counted.get("completionTime").is_none());
}

#[test]
fn a_failed_pod_is_replaced_after_a_pause() {
    let mut failed = (*pod("p", "Failed")).clone();
    let ended = json!([{"name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"terminated": {"exitCode": 1, "finishedAt": START}}}]);
    failed.status.as_mut().expect("status").container_statuses =
        serde_json::from_value(ended).expect("statuses");
    let own = [Arc::new(failed)];
    let early = plan(&job(json!({})), &own, at("2026-01-01T00:00:04Z"));
    assert!(early.create.is_empty());
    assert_eq!(early.again, Some(Duration::from_secs(6)));
    assert_eq!(plan(&job(json!({})), &own, at("2026-01-01T00:00:10Z")).create, [None]);
}

#[test]
fn indexes_are_done_one_by_one() {
    let mut job = job(json!({"completionMode": "Indexed", "completions": 3, "parallelism": 2}));
    assert_eq!(plan(&job, &[], at(START)).create, [Some(0), Some(1)]);
    let own = [indexed("a", "Succeeded", Some("0")), indexed("b", "Succeeded", Some("1"))];
    let status = status(&mut job, &own, START);
    assert_eq!(status["completedIndexes"], "0,1");
    assert_eq!((&status["succeeded"], &status["uncountedTerminatedPods"]), (&json!(2), &json!({})));
    assert_eq!(plan(&job, &own, at(START)).create, [Some(2)]);
}

#[test]
fn the_deadline_ends_it() {
    let mut job = job(json!({"activeDeadlineSeconds": 30}));
    let own = [pod("p", "Running")];
    status(&mut job, &own, START);
    assert_eq!(plan(&job, &own, at("2026-01-01T00:00:10Z")).again, Some(Duration::from_secs(20)));
    let late = plan(&job, &own, at("2026-01-01T00:00:30Z"));
    assert_eq!(late.delete.len(), 1);
    assert_eq!(
        late.status.conditions.expect("conditions")[0].reason.as_deref(),
        Some("DeadlineExceeded")
    );
}

#[test]
fn suspending_stops_the_clock_and_the_pods() {
    let mut suspended = job(json!({"suspend": true}));
    let own = [pod("p", "Running")];
    assert_eq!(plan(&suspended, &own, at(START)).delete.len(), 1);
    let status_then = status(&mut suspended, &[], START);
    assert_eq!(types(&status_then), ["Suspended"]);
    assert!(status_then.get("startTime").is_none());
    suspended.spec.as_mut().expect("spec").suspend = Some(false);
    let resumed = status(&mut suspended, &[], "2026-01-01T00:01:00Z");
    assert_eq!(resumed["conditions"][0]["reason"], "JobResumed");
    assert_eq!(resumed["startTime"], "2026-01-01T00:01:00Z");
    assert_eq!(plan(&suspended, &[], at(START)).create, [None]);
}

#[test]
fn a_work_queue_ends_with_its_last_pod() {
    let queue = job(json!({"completions": null, "parallelism": 2}));
    let own = [pod("a", "Succeeded"), pod("b", "Running")];
    let busy = plan(&queue, &own, at(START));
    assert!(busy.create.is_empty() && busy.status.conditions.is_none());
    let own = [pod("a", "Succeeded"), pod("b", "Succeeded")];
    assert!(plan(&queue, &own, at(START)).status.conditions.is_some());
}
