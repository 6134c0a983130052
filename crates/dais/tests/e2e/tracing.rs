//! Spans from a program outside, over gRPC, in its project's name alone.

use std::process::Command;

use crate::support::{Platform, text};
use crate::tenants::person;

#[test]
fn a_program_outside_sends_spans_to_its_own_project_and_to_no_other() {
    let Ok(python) = std::env::var("DAIS_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "DAIS_TEST_PYTHON names no Python");
        println!("skipped: DAIS_TEST_PYTHON names no Python with OpenTelemetry");
        return;
    };
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
