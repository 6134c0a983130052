//! Jobs of several replicas: they start together, meet, and fail together.

use serde_json::Value;

use crate::support::{Platform, text};

const PODS: &str = "/k8s/api/v1/namespaces/default/pods";

/// Rank 0 listens where PyTorch would, on every address; the others come to it.
const MEET: &str = r#"
import os, socket, time
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
assert os.environ["PET_NNODES"] == str(size) and os.environ["PET_NODE_RANK"] == str(rank)
if rank == 0:
    with socket.create_server(("0.0.0.0", address[1])) as server:
        guests = sorted(server.accept()[0].makefile().readline().strip() for _ in range(size - 1))
    print("met", *guests, flush=True)
else:
    for _ in range(600):
        try:
            with socket.create_connection(address) as meeting:
                meeting.sendall(f"{rank}\n".encode())
                meeting.shutdown(socket.SHUT_WR)
                meeting.recv(1)
                break
        except OSError:
            time.sleep(0.1)
"#;

#[test]
fn replicas_meet_where_pytorch_would() {
    let platform = Platform::start();
    let output = platform.dais(&[
        "run",
        "--name",
        "meet",
        "--no-code",
        "--replicas",
        "3",
        "--",
        "python3",
        "-c",
        MEET,
    ]);
    let said = text(&output);
    assert!(output.status.success() && said.contains("met 1 2"), "{said}\n{}", platform.tail());
    let pods = platform.get(PODS).unwrap();
    let names: Vec<&str> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|pod| pod["metadata"]["name"].as_str())
        .collect();
    assert_eq!(names, ["meet-1-0", "meet-1-1", "meet-1-2"]);
}

/// A real gloo group of two processes, where a torch is installed: in `python3`, or in the
/// interpreter that `DAIS_TEST_TORCH` names.
#[test]
fn torch_makes_a_process_group() {
    let python = std::env::var("DAIS_TEST_TORCH").unwrap_or_else(|_| "python3".to_owned());
    let has_torch = std::process::Command::new(&python).args(["-c", "import torch"]).output();
    if !has_torch.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {python} has no torch here");
        return;
    }
    let platform = Platform::start();
    let program = "import torch, torch.distributed as d; d.init_process_group('gloo'); \
                   t = torch.tensor([d.get_rank() + 1.0]); d.all_reduce(t); print('sum', t.item())";
    let said = platform.ok(&[
        "run",
        "--name",
        "gloo",
        "--no-code",
        "--replicas",
        "2",
        "--",
        &python,
        "-c",
        program,
    ]);
    assert!(said.contains("sum 3.0"), "{said}");
}

#[test]
fn all_start_or_none() {
    let platform = Platform::start();
    let node = platform.get("/k8s/api/v1/nodes").unwrap();
    let cpus = node["items"][0]["status"]["allocatable"]["cpu"].as_str().unwrap().to_owned();
    platform.ok(&[
        "run",
        "--name",
        "large",
        "--no-code",
        "--detach",
        "--replicas",
        "2",
        "--cpu",
        &cpus,
        "--",
        "sleep",
        "1000",
    ]);
    platform.until("the reason", || {
        let job = platform.job("large");
        let message = job["status"]["conditions"][0]["message"].as_str()?.to_owned();
        message.contains("all 2 pods or none, 1 of them fit").then_some(())
    });
    let pods = platform.get(PODS).unwrap();
    let bound = |pod: &&Value| pod["spec"]["nodeName"].is_string();
    assert_eq!(pods["items"].as_array().unwrap().iter().filter(bound).count(), 0, "{pods:#}");
    platform.ok(&["stop", "large"]);
    platform.until_phase("large", "Stopped");
    assert_eq!(platform.get(PODS).unwrap()["items"].as_array().unwrap().len(), 0);
}

#[test]
fn one_failure_ends_all_and_the_next_attempt_goes_on_from_the_checkpoint() {
    let platform = Platform::start();
    let program = "if [ -e $DAIS_CHECKPOINT_DIR/step ]; then cat $DAIS_CHECKPOINT_DIR/step; exit 0; fi; \
                   if [ $RANK = 1 ]; then echo step 41 > $DAIS_CHECKPOINT_DIR/step; exit 3; fi; \
                   sleep 1000";
    let output = platform.dais(&[
        "run",
        "--name",
        "again",
        "--no-code",
        "--replicas",
        "2",
        "--retries",
        "1",
        "--checkpoints",
        "1Gi",
        "--",
        "sh",
        "-c",
        program,
    ]);
    let said = text(&output);
    assert!(output.status.success() && said.contains("step 41"), "{said}\n{}", platform.tail());
    let job = platform.job("again");
    assert_eq!(job["status"]["attempts"], 2, "{job:#}");

    let claims = || platform.get("/k8s/api/v1/namespaces/default/persistentvolumeclaims").unwrap();
    assert_eq!(claims()["items"].as_array().unwrap().len(), 1);
    platform.ok(&["delete", "trainingjob", "again"]);
    platform.until("all of the job to go", || {
        let services = platform.get("/k8s/api/v1/namespaces/default/services").ok()?;
        let services = services["items"].as_array()?.len();
        let claims = claims()["items"].as_array()?.len();
        let pods = platform.get(PODS).ok()?["items"].as_array()?.len();
        let volumes =
            platform.get("/k8s/api/v1/persistentvolumes").ok()?["items"].as_array()?.len();
        let kept = std::fs::read_dir(platform.data().join("node/claims/default"));
        let files = kept.map_or(0, |kept| kept.count());
        // `kubernetes` is everybody's.
        (services <= 1 && claims + pods + volumes + files == 0).then_some(())
    });
}

#[test]
fn a_stopped_or_deleted_job_leaves_no_run_behind() {
    let platform = Platform::start();
    for name in ["stopped", "deleted"] {
        platform.ok(&["run", "--name", name, "--no-code", "--detach", "--", "sleep", "1000"]);
        platform.until_phase(name, "Running");
    }
    platform.ok(&["stop", "stopped"]);
    platform.until_phase("stopped", "Stopped");
    platform.ok(&["delete", "trainingjob", "deleted"]);
    let search = serde_json::json!({"experiment_ids": ["1", "2"], "max_results": 10});
    platform.until("both runs to be killed", || {
        let (code, found) = platform.post("/mlflow/p/default/api/2.0/mlflow/runs/search", &search);
        assert_eq!(code, 200, "{found}");
        let runs = found["runs"].as_array()?;
        let killed = runs.iter().filter(|run| run["info"]["status"] == "KILLED").count();
        (runs.len() == 2 && killed == 2).then_some(())
    });
}

#[test]
fn a_job_is_run_again_exactly() {
    let platform = Platform::start();
    let data = platform.folder().join("numbers.txt");
    for version in ["one", "two"] {
        std::fs::write(&data, version).unwrap();
        platform.ok(&["upload", "numbers", data.to_str().unwrap()]);
        if version == "one" {
            let words = "cat /data/numbers/numbers.txt";
            platform.ok(&[
                "run",
                "--name",
                "first",
                "--no-code",
                "-d",
                "numbers",
                "--",
                "sh",
                "-c",
                words,
            ]);
        }
    }
    let exact = platform.ok(&["rerun", "first", "--name", "second"]);
    assert!(exact.contains("one"), "{exact}");
    let newest = platform.ok(&["rerun", "first", "--name", "third", "--newest"]);
    assert!(newest.contains("two"), "{newest}");
}
