//! `dais run` and its neighbours.

use crate::support::{Platform, text};

#[test]
fn a_job_streams_its_log_and_passes_on_its_exit_code() {
    let platform = Platform::start();
    let code = platform.folder().join("code");
    std::fs::create_dir(&code).unwrap();
    std::fs::write(
        code.join("hello.sh"),
        "echo hello from $DAIS_JOB; echo $DAIS_PARAM_DEPTH; exit 7\n",
    )
    .unwrap();
    let code = code.to_str().unwrap();
    let output = platform
        .dais(&["run", "--name", "hello", "--code", code, "-P", "depth=8", "--", "sh", "hello.sh"]);
    assert_eq!(output.status.code(), Some(7), "{}\n{}", text(&output), platform.tail());
    let said = text(&output);
    assert!(said.contains("hello from hello\n8\n"), "{said}");
    assert!(said.contains("exit code 7"), "{said}");

    let jobs = platform.ok(&["jobs"]);
    assert!(jobs.contains("hello") && jobs.contains("Failed"), "{jobs}");
    let logs = platform.ok(&["logs", "hello"]);
    assert!(logs.contains("hello from hello"), "{logs}");
}

#[test]
fn a_failed_job_is_tried_again_as_often_as_it_says() {
    let platform = Platform::start();
    let output = platform.dais(&[
        "run",
        "--name",
        "again",
        "--no-code",
        "--retries",
        "2",
        "--",
        "sh",
        "-c",
        "echo attempt; exit 3",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert_eq!(platform.job("again")["status"]["attempts"], 3);
}

#[test]
fn a_job_that_goes_over_its_memory_is_ended_and_says_so() {
    let platform = Platform::start();
    let hog = "x=a; while true; do x=$x$x; done";
    let output = platform.dais(&[
        "run",
        "--name",
        "hog",
        "--no-code",
        "--memory",
        "32Mi",
        "--",
        "sh",
        "-c",
        hog,
    ]);
    assert!(!output.status.success());
    let job = platform.job("hog");
    let ready = &job["status"]["conditions"][0];
    assert!(ready["message"].as_str().unwrap().contains("memory"), "{job:#}");
}

#[test]
fn suspending_stops_and_resuming_starts_again() {
    let platform = Platform::start();
    platform.ok(&["run", "--name", "pause", "--no-code", "--detach", "--", "sleep", "1000"]);
    platform.until_phase("pause", "Running");
    patch(&platform, "pause", r#"{"spec":{"suspend":true}}"#);
    platform.until_phase("pause", "Suspended");
    let pods = platform.get("/k8s/api/v1/namespaces/default/pods").unwrap();
    assert_eq!(pods["items"].as_array().unwrap().len(), 0);
    patch(&platform, "pause", r#"{"spec":{"suspend":false}}"#);
    platform.until_phase("pause", "Running");
    platform.ok(&["delete", "trainingjob", "pause"]);
    platform.until("the pod to go", || {
        let pods = platform.get("/k8s/api/v1/namespaces/default/pods").ok()?;
        pods["items"].as_array()?.is_empty().then_some(())
    });
}

fn patch(platform: &Platform, job: &str, body: &str) {
    let path = format!("/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs/{job}");
    let response = platform
        .http
        .patch(format!("{}{path}", platform.url()))
        .bearer_auth(platform.token())
        .header("content-type", "application/merge-patch+json")
        .body(body.to_owned())
        .send()
        .unwrap();
    assert!(response.status().is_success(), "{}", response.text().unwrap());
}
