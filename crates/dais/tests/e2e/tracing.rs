//! Spans from a program outside, over gRPC, in its project's name alone.

use std::process::Command;

use crate::support::{Platform, text};
use crate::tenants::person;

/// A Python with OpenTelemetry; only in CI must there be one.
fn python() -> Option<String> {
    let python = std::env::var("DAIS_TEST_PYTHON").ok();
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "DAIS_TEST_PYTHON names no Python");
        println!("skipped: DAIS_TEST_PYTHON names no Python with OpenTelemetry");
    }
    python
}

#[test]
fn a_program_outside_sends_spans_to_its_own_project_and_to_no_other() {
    let Some(python) = python() else { return };
    let platform = Platform::start();
    let (ana, bob) = (person(&platform, "ana", "red"), person(&platform, "bob", "blue"));
    let send = |token: &str, name: &str, project: &[&str]| {
        let output = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/tracing.py"))
            .args([&platform.otlp_url(), token, name])
            .args(project)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}\n{}", text(&output), platform.tail());
        text(&output)
    };
    assert!(send(&ana.token, "mine", &[]).contains("SUCCESS"));
    assert!(send(&ana.token, "named", &["red"]).contains("SUCCESS"));
    assert!(send(&ana.token, "foreign", &["blue"]).contains("FAILURE"));
    assert!(send("dais_wrong", "stranger", &["red"]).contains("FAILURE"));

    let path = "/jaeger/api/services/outside/operations";
    platform.until("the spans", || {
        let names = platform.get_as(&ana.token, path).ok()?;
        (names["data"] == serde_json::json!(["mine", "named"])).then_some(())
    });
    let names = platform.get_as(&bob.token, path).unwrap();
    assert_eq!(names["data"], serde_json::json!([]));
}

#[test]
fn lines_and_samples_go_the_same_way() {
    let Some(python) = python() else { return };
    let platform = Platform::start();
    let (ana, bob) = (person(&platform, "ana", "red"), person(&platform, "bob", "blue"));
    let send = |token: &str, name: &str, project: &[&str]| {
        let output = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/telemetry.py"))
            .args([&platform.otlp_url(), token, name])
            .args(project)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}\n{}", text(&output), platform.tail());
        text(&output)
    };
    let taken = send(&ana.token, "mine", &["red"]);
    assert!(taken.contains("log SUCCESS") && taken.contains("metric SUCCESS"), "{taken}");
    for (token, name, project) in
        [(&*ana.token, "foreign", "blue"), ("dais_wrong", "stranger", "red")]
    {
        let refused = send(token, name, &[project]);
        assert!(refused.contains("log FAILURE") && refused.contains("metric FAILURE"), "{refused}");
    }
    let line = "/elasticsearch/_search?q=line";
    let sample = "/prometheus/api/v1/query?query=mine_done_total";
    platform.until("the line and the sample", || {
        let line = platform.get_as(&ana.token, line).ok()?.to_string().contains("line of mine");
        let found = platform.get_as(&ana.token, sample).ok()?;
        (line && found["data"]["result"][0]["value"][1] == "7").then_some(())
    });
    assert!(!platform.get_as(&bob.token, line).unwrap().to_string().contains("line of"));
    let found = platform.get_as(&bob.token, sample).unwrap();
    assert_eq!(found["data"]["result"], serde_json::json!([]));
}

#[test]
fn a_job_traces_with_an_sdk_that_is_told_nothing() {
    let Some(python) = python() else { return };
    let platform = Platform::start();
    let program = include_str!("inside.py");
    platform.ok(&["run", "--name", "fit", "--no-code", "--", &python, "-c", program]);
    let traces = platform.until("the job's trace", || {
        let found = platform.get("/jaeger/api/traces?service=fit").ok()?;
        (found["data"].as_array()?.len() == 1).then_some(found)
    });
    let words = traces.to_string();
    for tag in ["epoch", "\"dais.app\"", "\"dais.user\"", "\"k8s.pod.name\"", "\"fit-1\"", "admin"]
    {
        assert!(words.contains(tag), "{tag}: {words}");
    }
}
