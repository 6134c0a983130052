//! The platform is killed with SIGKILL at any moment, and started again: work
//! goes on, runs once, and its true end is told.
//!
//! The API server lives in the test; the node is a process of its own.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use dais_testkit::Cluster;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

struct World {
    cluster: Cluster,
    url: String,
    temp: tempfile::TempDir,
    runtime: &'static str,
}

/// Passes requests on to the cluster as its administrator.
async fn serve(client: Client) -> String {
    let pass = move |request: Request<Body>| {
        let client = client.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let request = Request::from_parts(parts, kube::client::Body::from(body.to_vec()));
            match client.send(request).await {
                Ok(answer) => answer.map(Body::new),
                Err(error) => {
                    let mut answer = Response::new(Body::from(error.to_string()));
                    *answer.status_mut() = StatusCode::BAD_GATEWAY;
                    answer
                }
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(pass)).await.unwrap() });
    url
}

async fn world(runtime: &'static str) -> World {
    let temp = tempfile::tempdir().unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(temp.path().join("shared")).unwrap();
    fs::set_permissions(temp.path().join("shared"), fs::Permissions::from_mode(0o777)).unwrap();
    let cluster = Cluster::start().await;
    let url = serve(cluster.client.clone()).await;
    World { cluster, url, temp, runtime }
}

/// A node in a process of its own; dropped, it is killed.
struct Platform(Child);

impl Platform {
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits until it has started.
    fn ready(mut self) -> Platform {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        self
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl World {
    fn platform(&self) -> Platform {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dais-node-host"));
        command.args(["node", &self.url]).arg(self.temp.path().join("data")).arg(self.runtime);
        Platform(command.stdout(Stdio::piped()).spawn().unwrap())
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client.clone(), "default")
    }

    fn shared(&self, name: &str) -> PathBuf {
        self.temp.path().join("shared").join(name)
    }

    async fn create(&self, script: &str) -> Pod {
        let pod = json!({"metadata": {"name": "job", "namespace": "default"}, "spec": {
            "nodeName": "here", "restartPolicy": "Never", "automountServiceAccountToken": false,
            "volumes": [{"name": "s", "hostPath": {"path": self.temp.path().join("shared")}}],
            "containers": [{"name": "main", "image": "host", "command": ["sh", "-c", script],
                "volumeMounts": [{"name": "s", "mountPath": "/shared"}]}]}});
        let pod: Pod = serde_json::from_value(pod).unwrap();
        self.pods().create(&PostParams::default(), &pod).await.unwrap()
    }

    async fn until(&self, mut holds: impl FnMut(&Pod) -> bool) -> Pod {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            let pod = self.pods().get("job").await.unwrap();
            if holds(&pod) {
                return pod;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "it did not come to hold: {:#?}",
                pod.status
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn until_phase(&self, phase: &str) -> Pod {
        self.until(|pod| {
            pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some(phase)
        })
        .await
    }

    fn log(&self, pod: &Pod) -> Vec<String> {
        let dir =
            format!("data/logs/default_job_{}/main/0.log", pod.metadata.uid.as_ref().unwrap());
        let text = fs::read_to_string(self.temp.path().join(dir)).unwrap_or_default();
        text.lines().map(|line| line.splitn(4, ' ').nth(3).unwrap().to_owned()).collect()
    }
}

async fn wait(mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "it did not come to hold");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn main_of(pod: &Pod) -> ContainerStatus {
    pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].clone()
}

const COUNT: &str = "n=0; while [ ! -e /shared/enough ]; do n=$((n+1)); echo $n; sleep 0.002; done; echo last; exit 6";

async fn work_goes_on_and_is_adopted(runtime: &'static str) {
    let world = world(runtime).await;
    let platform = world.platform().ready();
    let created = world.create(COUNT).await;
    let before = world.until_phase("Running").await;
    platform.kill();
    let lines = world.log(&created).len();
    wait(|| world.log(&created).len() > lines + 20).await;
    let _platform = world.platform().ready();
    fs::write(world.shared("enough"), "").unwrap();
    let after = world.until_phase("Failed").await;
    let (before, after) = (main_of(&before), main_of(&after));
    let end = after.state.unwrap().terminated.unwrap();
    assert_eq!(end.exit_code, 6);
    assert_eq!(end.started_at, before.state.unwrap().running.unwrap().started_at);
    assert_eq!((after.container_id, after.restart_count), (before.container_id, 0));
    let log = world.log(&created);
    let wanted: Vec<String> =
        (1..log.len()).map(|n| n.to_string()).chain(["last".to_owned()]).collect();
    assert_eq!(log, wanted, "every number once");
}

#[tokio::test]
async fn work_goes_on_and_is_adopted_in_a_sandbox() {
    work_goes_on_and_is_adopted("sandbox").await;
}

#[tokio::test]
async fn work_goes_on_and_is_adopted_as_a_process() {
    work_goes_on_and_is_adopted("process").await;
}

#[tokio::test]
async fn an_end_that_the_platform_missed_is_told_as_it_was() {
    let world = world("sandbox").await;
    let platform = world.platform().ready();
    let created = world.create(COUNT).await;
    world.until_phase("Running").await;
    platform.kill();
    fs::write(world.shared("enough"), "").unwrap();
    wait(|| world.log(&created).last().is_some_and(|line| line == "last")).await;
    let _platform = world.platform().ready();
    let end = main_of(&world.until_phase("Failed").await).state.unwrap().terminated.unwrap();
    assert_eq!((end.exit_code, end.reason.as_deref()), (6, Some("Error")));
}

#[tokio::test]
async fn a_pod_that_was_deleted_meanwhile_is_ended() {
    let world = world("sandbox").await;
    let platform = world.platform().ready();
    let created = world
        .create("echo $$ > /shared/up; while :; do date +%N > /shared/beat; sleep 0.01; done")
        .await;
    wait(|| world.shared("beat").exists()).await;
    platform.kill();
    let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    world.pods().delete("job", &at_once).await.unwrap();
    let _platform = world.platform().ready();
    let dir = world.temp.path().join("data/pods").join(created.metadata.uid.unwrap());
    wait(|| !dir.exists()).await;
    let beat = fs::read_to_string(world.shared("beat")).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(fs::read_to_string(world.shared("beat")).unwrap(), beat, "nothing of it runs");
}

/// Before the spawn, after it, before the status: whenever the platform dies,
/// the command runs exactly once.
#[tokio::test]
async fn killed_at_any_moment_work_runs_once() {
    for delay in [0, 1, 2, 3, 4, 6, 8, 11, 15, 20] {
        let world = world("sandbox").await;
        let platform = world.platform().ready();
        world.create("echo ran >> /shared/runs; echo said").await;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        platform.kill();
        let _platform = world.platform().ready();
        let pod = world.until_phase("Succeeded").await;
        let runs = fs::read_to_string(world.shared("runs")).unwrap();
        assert_eq!(runs, "ran\n", "killed after {delay} ms");
        assert_eq!(world.log(&pod), ["said"], "killed after {delay} ms");
    }
}

#[tokio::test]
async fn a_lost_shim_is_told_and_no_status_invented() {
    let world = world("sandbox").await;
    let _platform = world.platform().ready();
    let created = world.create(COUNT).await;
    let before = world.until_phase("Running").await;
    let uid = created.metadata.uid.clone().unwrap();
    let dir = world.temp.path().join("data/pods").join(&uid).join("containers/main/0");
    let begin: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("begin")).unwrap()).unwrap();
    kill(begin["pid"].as_i64().unwrap());
    let lines = world.log(&created).len();
    wait(|| world.log(&created).len() > lines + 20).await;
    fs::write(world.shared("enough"), "").unwrap();
    let after = main_of(&world.until_phase("Failed").await);
    let end = after.state.unwrap().terminated.unwrap();
    assert_eq!((end.reason.as_deref(), end.exit_code), (Some("ShimLost"), -1));
    assert_eq!(after.container_id, main_of(&before).container_id);
    assert_eq!(world.log(&created).last().map(String::as_str), Some("last"));
    let events: Api<k8s_openapi::api::core::v1::Event> =
        Api::namespaced(world.cluster.client.clone(), "default");
    let events = events.list(&Default::default()).await.unwrap();
    assert!(events.iter().any(|event| event.reason.as_deref() == Some("ShimLost")));
}

fn kill(pid: i64) {
    let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    assert!(status.success() && Path::new("/proc").exists());
}
