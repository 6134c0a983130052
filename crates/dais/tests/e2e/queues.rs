//! Jobs that wait their turn.

use serde_json::{Value, json};

use crate::support::Platform;
use crate::tenants::person;

const QUEUES: &str = "/k8s/apis/dais.io/v1alpha1/queues";

fn queue(platform: &Platform, name: &str, spec: &Value) {
    let queue = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Queue", "metadata": {"name": name}, "spec": spec,
    });
    let (code, answer) = platform.post(QUEUES, &queue);
    assert_eq!(code, 201, "{answer}");
}

fn submit(platform: &Platform, name: &str, more: &[&str]) {
    let mut words =
        vec!["run", "--name", name, "--no-code", "--detach", "--queue", "q", "--cpu", "1"];
    words.extend(more);
    words.extend(["--", "sleep", "1000"]);
    platform.ok(&words);
}

fn until_word(platform: &Platform, job: &str, word: &str) {
    platform.until(&format!("job {job} to be told {word:?}"), || {
        let job = platform.job(job);
        let message = job["status"]["conditions"][0]["message"].as_str()?;
        message.contains(word).then_some(())
    });
}

#[test]
fn jobs_wait_for_room_and_a_killed_platform_forgets_nothing() {
    let mut platform = Platform::start();
    queue(&platform, "q", &json!({"resources": [{"name": "cpu", "nominalQuota": "1"}]}));
    submit(&platform, "first", &[]);
    platform.until_phase("first", "Running");
    submit(&platform, "second", &[]);
    submit(&platform, "third", &["--priority", "5"]);
    until_word(&platform, "third", "place 1 in Queue \"q\": wants cpu 1, 0 of 1 are free");
    until_word(&platform, "second", "place 2 in Queue");
    assert_eq!(platform.job_phase("second"), "Pending");
    let line = platform.ok(&["queues", "q"]);
    assert!(line.find("third").unwrap() < line.find("second").unwrap(), "{line}");
    assert!(platform.ok(&["queues"]).contains("cpu 1/1"));

    platform.kill();
    platform.up();
    platform.ok(&["stop", "first"]);
    platform.until_phase("third", "Running");
    assert_eq!(platform.job_phase("second"), "Pending");
    platform.ok(&["delete", "trainingjob", "third"]);
    platform.until_phase("second", "Running");
    let status = platform.get(&format!("{QUEUES}/q")).unwrap()["status"].clone();
    platform.until("the queue's own figures", || {
        let status = platform.get(&format!("{QUEUES}/q")).ok()?["status"].clone();
        (status["admitted"] == 1 && status["pending"] == 0).then_some(())
    });
    assert_eq!(status["used"][0]["used"], "1", "{status:#}");
}

#[test]
fn a_job_that_is_put_back_comes_again_and_has_not_failed() {
    let platform = Platform::start();
    let spec = json!({
        "resources": [{"name": "cpu", "nominalQuota": "1"}], "preemption": "LowerPriority",
    });
    queue(&platform, "q", &spec);
    submit(&platform, "low", &[]);
    platform.until_phase("low", "Running");
    submit(&platform, "high", &["--priority", "10"]);
    platform.until_phase("high", "Running");
    until_word(&platform, "low", "made room for high");
    platform.ok(&["stop", "high"]);
    platform.until_phase("low", "Running");
    let status = platform.job("low")["status"].clone();
    assert_eq!(
        (&status["attempts"], &status["interruptions"]),
        (&json!(2), &json!(1)),
        "{status:#}"
    );
}

#[test]
fn what_cannot_be_is_said_at_once() {
    let platform = Platform::start();
    submit(&platform, "lost", &[]);
    until_word(&platform, "lost", "there is no Queue \"q\"");
    queue(&platform, "q", &json!({"resources": [{"name": "cpu", "nominalQuota": "1"}]}));
    platform.until_phase("lost", "Running");
    submit(&platform, "large", &["--replicas", "3"]);
    until_word(&platform, "large", "asks for cpu 3 over all replicas, Queue \"q\" has 1 at most");
}

#[test]
fn a_queue_shows_nobody_anothers_jobs_and_lets_nobody_past_it() {
    let platform = Platform::start();
    queue(&platform, "q", &json!({"resources": [{"name": "cpu", "nominalQuota": "1"}]}));
    let (ann, bob) = (person(&platform, "ann", "risk"), person(&platform, "bob", "vision"));
    let job = |name: &str| {
        json!({
            "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob", "metadata": {"name": name},
            "spec": {"command": ["sleep", "1000"], "queue": "q",
                     "resources": {"requests": {"cpu": "1"}}},
        })
    };
    let jobs =
        |project: &str| format!("/k8s/apis/dais.io/v1alpha1/namespaces/{project}/trainingjobs");
    assert_eq!(platform.post_as(&ann.token, &jobs("risk"), &job("secret")).0, 201);
    let running = platform.until("ann's job to run", || {
        let job = platform.get(&format!("{}/secret", jobs("risk"))).ok()?;
        (job["status"]["phase"] == "Running").then_some(job)
    });
    assert_eq!(running["status"]["admission"]["admitted"], true);
    assert_eq!(platform.post_as(&bob.token, &jobs("vision"), &job("mine")).0, 201);
    let seen = platform.until("bob's job to be in line", || {
        let seen = platform.get_as(&bob.token, "/api/queues").ok()?;
        seen["queues"][0]["line"][0]["message"].is_string().then_some(seen)
    });
    assert_eq!(seen["queues"][0]["line"][0]["name"], "mine", "{seen:#}");
    assert_eq!(seen["queues"][0]["holders"][0]["wants"]["cpu"], "1", "{seen:#}");
    for secret in ["secret", "ann", "risk"] {
        assert!(!seen.to_string().contains(secret), "{seen:#}");
    }
    let all = platform.get("/api/queues").unwrap();
    assert_eq!(all["queues"][0]["holders"][0]["name"], "secret");

    // Whether a job may run is the queue's word, not its owner's.
    let forged = json!({"status": {"admission": {
        "queue": "q", "admitted": true, "reason": "Admitted", "message": "",
        "time": "2026-01-01T00:00:00Z",
    }}});
    let response = platform
        .http
        .patch(format!("{}{}/mine/status", platform.url(), jobs("vision")))
        .bearer_auth(&bob.token)
        .header("content-type", "application/merge-patch+json")
        .json(&forged)
        .send()
        .unwrap();
    assert_eq!(response.status(), 403);
    let refused = platform.get_as(&bob.token, QUEUES).unwrap_err();
    assert!(refused.starts_with("403"), "{refused}");
}
