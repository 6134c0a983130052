//! Searches over parameters, with programs that log what they find.

use serde_json::{Value, json};

use crate::support::{Platform, text};

/// Logs `loss` to the job's own run by MLflow's protocol, with nothing installed.
const LOG: &str = r#"
import json, os, time, urllib.request
def log(value, step=0):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": value,
            "timestamp": int(time.time() * 1000), "step": step}
    request = urllib.request.Request(
        os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
        json.dumps(body).encode(),
        {"Content-Type": "application/json",
         "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    urllib.request.urlopen(request).read()
x = float(os.environ["DAIS_PARAM_X"])
"#;

fn sweep(platform: &Platform, name: &str) -> Value {
    let path = format!("/k8s/apis/dais.io/v1alpha1/namespaces/default/sweeps/{name}");
    platform.get(&path).unwrap()
}

#[test]
fn a_grid_finds_the_lowest_point() {
    let platform = Platform::start();
    let program = format!("{LOG}\nlog((x - 2) ** 2)");
    let output = platform.dais(&[
        "sweep",
        "--name",
        "grid",
        "--no-code",
        "--method",
        "grid",
        "--search",
        "x=0..4 step 1",
        "--metric",
        "loss",
        "--minimize",
        "--parallel",
        "3",
        "--",
        "python3",
        "-c",
        &program,
    ]);
    let said = text(&output);
    assert!(output.status.success(), "{said}\n{}", platform.tail());
    assert!(said.contains("5 trials ended; the best is trial 3 with 0"), "{said}");
    let status = sweep(&platform, "grid")["status"].clone();
    assert_eq!(status["best"]["parameters"]["x"], "2.0", "{status:#}");
    assert_eq!(status["finished"], 5);
    // Its runs stand side by side in one experiment, and its jobs are the person's.
    let job = platform.job("grid-3");
    assert_eq!(job["metadata"]["annotations"]["dais.io/created-by"], "admin", "{job:#}");
    let names = platform.ok(&["jobs"]);
    assert!((1..=5).all(|number| names.contains(&format!("grid-{number}"))), "{names}");

    platform.ok(&["delete", "sweep", "grid"]);
    platform.until("the sweep's jobs to go", || {
        let jobs =
            platform.get("/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs").ok()?;
        jobs["items"].as_array()?.is_empty().then_some(())
    });
}

#[test]
fn a_hopeless_trial_is_ended_early_and_a_target_ends_the_sweep() {
    let mut platform = Platform::start();
    // x = 0 is good and ends; x = 1 is bad and would go on for ever; x = 2 is the target.
    let program = format!(
        "{LOG}\nfor step in range(1, 4): log(x + 1 / step if x < 2 else 0.01, step)\n\
         if x == 1: time.sleep(1000)"
    );
    let object = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Sweep", "metadata": {"name": "early"},
        "spec": {
            "parameters": [{"name": "x", "type": "int", "min": 0, "max": 9}],
            "objective": {"metric": "loss", "goal": "minimize", "target": 0.1},
            "algorithm": {"name": "grid"},
            "earlyStopping": {"minTrials": 1, "minSteps": 3},
            "parallelTrials": 1,
            "job": {"command": ["python3", "-c", program]},
        },
    });
    let path = "/k8s/apis/dais.io/v1alpha1/namespaces/default/sweeps";
    let (code, answer) = platform.post(path, &object);
    assert_eq!(code, 201, "{answer}");
    platform.until("the first trial", || {
        (sweep(&platform, "early")["status"]["finished"].as_i64()? >= 1).then_some(())
    });
    // Half-way is as good a place as any.
    platform.kill();
    platform.up();
    let status = platform.until("the sweep to end", || {
        let status = sweep(&platform, "early")["status"].clone();
        (status["phase"] == "Succeeded").then_some(status)
    });
    assert_eq!((&status["pruned"], &status["finished"]), (&json!(1), &json!(3)), "{status:#}");
    let reason = status["trials"][1]["reason"].as_str().unwrap();
    assert!(reason.contains("median"), "{reason}");
    assert_eq!(status["best"]["number"], 3);
    let message = status["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("reached spec.objective.target"), "{message}");
}

#[test]
fn a_sweep_says_what_is_wrong() {
    let platform = Platform::start();
    let output = platform.dais(&[
        "sweep",
        "--name",
        "silent",
        "--no-code",
        "--search",
        "x=0..1",
        "--metric",
        "loss",
        "--",
        "true",
    ]);
    let said = text(&output);
    assert!(!output.status.success() && said.contains("logged no metric \"loss\""), "{said}");
    let output = platform.dais(&[
        "sweep",
        "--name",
        "wrong",
        "--no-code",
        "--search",
        "x=1..0",
        "--metric",
        "loss",
        "--",
        "true",
    ]);
    let said = text(&output);
    assert!(!output.status.success() && said.contains("spec.parameters[0].max"), "{said}");
}

#[test]
fn a_sweep_is_suspended_and_stopped_with_its_trials() {
    let platform = Platform::start();
    platform.ok(&[
        "sweep",
        "--name",
        "long",
        "--no-code",
        "--detach",
        "--search",
        "x=0..1",
        "--metric",
        "loss",
        "--",
        "sleep",
        "1000",
    ]);
    platform.until_phase("long-2", "Running");
    platform.ok(&["suspend", "long", "--kind", "sweep"]);
    platform.until_phase("long-1", "Suspended");
    platform.ok(&["resume", "long", "--kind", "sweep"]);
    platform.until_phase("long-1", "Running");
    platform.ok(&["stop", "long", "--kind", "sweep"]);
    platform.until("the sweep to be stopped", || {
        (sweep(&platform, "long")["status"]["phase"] == "Stopped").then_some(())
    });
    for job in ["long-1", "long-2"] {
        assert_eq!(platform.job_phase(job), "Stopped");
    }
}
