//! Mistakes end in words that name the field, the reason and what to do.

use serde_json::{Value, json};

use crate::support::Platform;

fn submit(platform: &Platform, name: &str, spec: Value) -> (u16, Value) {
    let job = json!({
        "apiVersion": "dais.io/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name},
        "spec": spec,
    });
    platform.post("/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs", &job)
}

fn ready_message(platform: &Platform, name: &str, reason: &str) -> String {
    platform.until(&format!("job {name} to say {reason}"), || {
        let job = platform.job(name);
        let conditions = job["status"]["conditions"].as_array()?.clone();
        let ready = conditions.iter().find(|c| c["type"] == "Ready" && c["reason"] == reason)?;
        ready["message"].as_str().map(str::to_owned)
    })
}

#[test]
fn jobs_say_what_is_wrong_with_them() {
    let platform = Platform::start();

    let (code, answer) = submit(&platform, "empty", json!({"command": []}));
    assert_eq!(code, 422, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("spec.command"), "{answer}");

    let (code, _) =
        submit(&platform, "nodata", json!({"command": ["true"], "datasets": [{"name": "nope"}]}));
    assert_eq!(code, 201);
    let message = ready_message(&platform, "nodata", "DatasetNotFound");
    assert!(message.contains("spec.datasets[0].name") && message.contains("nope"), "{message}");

    submit(&platform, "noenv", json!({"command": ["true"], "environment": "nope"}));
    let message = ready_message(&platform, "noenv", "EnvironmentNotFound");
    assert!(message.contains("spec.environment"), "{message}");

    let huge = json!({"requests": {"cpu": "1000"}, "limits": {"cpu": "1000"}});
    submit(&platform, "huge", json!({"command": ["true"], "resources": huge}));
    let message = ready_message(&platform, "huge", "Unschedulable");
    assert!(message.contains("cpu"), "{message}");

    submit(&platform, "nocommand", json!({"command": ["no-such-program"]}));
    let message = ready_message(&platform, "nocommand", "StartError");
    assert!(message.contains("no-such-program"), "{message}");
}

#[test]
fn an_environment_that_cannot_be_built_says_why() {
    let platform = Platform::start();
    let environment = |name: &str, python: Value| {
        let object = json!({
            "apiVersion": "dais.io/v1alpha1",
            "kind": "Environment",
            "metadata": {"name": name},
            "spec": {"python": python},
        });
        platform.post("/k8s/apis/dais.io/v1alpha1/namespaces/default/environments", &object)
    };
    let reason = |name: &str, wanted: &str| {
        platform.until(&format!("environment {name} to say {wanted}"), || {
            let path = format!("/k8s/apis/dais.io/v1alpha1/namespaces/default/environments/{name}");
            let object = platform.get(&path).ok()?;
            let ready = object["status"]["conditions"].as_array()?.first()?.clone();
            (ready["reason"] == wanted).then(|| ready["message"].as_str().unwrap().to_owned())
        })
    };
    environment("missing", json!({"version": "3.99"}));
    let message = reason("missing", "PythonMissing");
    assert!(message.contains("3.99") && message.contains("apt-get"), "{message}");

    environment("broken", json!({"requirements": ["./no-such-folder/no-such-package.whl"]}));
    let message = reason("broken", "BuildFailed");
    assert!(message.contains("no-such-package"), "{message}");

    environment("option", json!({"requirements": ["--index-url=https://example.org"]}));
    let message = reason("option", "Invalid");
    assert!(message.contains("spec.python.requirements"), "{message}");
}

#[test]
fn a_service_of_a_model_that_is_not_there_says_so() {
    let platform = Platform::start();
    let output = platform.dais(&["deploy", "models:/nope/1"]);
    assert!(!output.status.success());
    let said = crate::support::text(&output);
    assert!(said.contains("spec.model") && said.contains("models:/nope/1"), "{said}");
    let output = platform.dais(&["deploy", "nope"]);
    assert!(crate::support::text(&output).contains("models:/name/version"));
}
