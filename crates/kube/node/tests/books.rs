//! What containers used is told to whoever keeps the accounts: all of it, also
//! when they do not listen, when a shim dies and when a pod is gone.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dais_node::{ContainerUse, Device, Node, NodeConfig, StopMode, UseSink};
use dais_testkit::Cluster;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

/// Keeps what it is told, unless it is deaf.
#[derive(Default)]
struct Accounts {
    told: Mutex<Vec<ContainerUse>>,
    deaf: AtomicBool,
}

#[async_trait]
impl UseSink for Accounts {
    async fn book(
        &self,
        uses: &[ContainerUse],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if self.deaf.load(Ordering::SeqCst) {
            return Err("the accounts are closed".into());
        }
        self.told.lock().unwrap().extend_from_slice(uses);
        Ok(())
    }
}

struct Site {
    cluster: Cluster,
    temp: tempfile::TempDir,
    accounts: Arc<Accounts>,
}

impl Site {
    async fn new() -> Site {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Site { cluster: Cluster::start().await, temp, accounts: Arc::default() }
    }

    async fn node(&self) -> Node {
        let exe = env!("CARGO_BIN_EXE_dais-node-host");
        let mut config = NodeConfig::new("here", self.temp.path().join("data"), exe);
        let device = |number: u8| Device {
            id: format!("GPU-{number}"),
            resource: "nvidia.com/gpu".to_owned(),
            ..Device::default()
        };
        config.devices = (0..4).map(device).collect();
        config.labels = [("nvidia.com/gpu.product".to_owned(), "T4".to_owned())].into();
        config.use_sink = Some(self.accounts.clone());
        Node::start(self.cluster.client.clone(), config).await.unwrap()
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client.clone(), "default")
    }

    async fn run(&self, name: &str, script: &str) {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
            "spec": {"nodeName": "here", "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": false,
                "containers": [{"name": "main", "image": "host", "command": ["sh", "-c", script],
                    "resources": {"limits": {"nvidia.com/gpu": "2", "cpu": "1500m", "memory": "1Gi"}}}]},
        });
        let pod: Pod = serde_json::from_value(pod).unwrap();
        self.pods().create(&PostParams::default(), &pod).await.unwrap();
    }

    async fn ended(&self, pod: &str) -> ContainerUse {
        until(|| {
            let told = self.accounts.told.lock().unwrap();
            told.iter().find(|used| used.pod == pod && used.end.is_some()).cloned()
        })
        .await
    }

    /// A field out of the records of containers.
    fn numbers(&self, file: &str, field: &str) -> Vec<f64> {
        let read = |path: &std::path::PathBuf| {
            let text = fs::read_to_string(path).ok()?;
            let value: serde_json::Value = serde_json::from_str(&text).ok()?;
            value.pointer(field)?.as_f64()
        };
        files(&self.temp.path().join("data/pods"), file).iter().filter_map(read).collect()
    }

    fn process(&self, file: &str, field: &str) -> i64 {
        self.numbers(file, field)[0] as i64
    }
}

fn files(folder: &std::path::Path, name: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => files(&path, name),
            path if path.ends_with(name) => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn kill(pid: i64) {
    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
}

const BURN: &str = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";

#[tokio::test]
async fn a_short_container_is_told_with_its_final_counters() {
    let site = Site::new().await;
    let node = site.node().await;
    site.run("short", &format!("{BURN}; exit 3")).await;
    let used = site.ended("short").await;
    let end = used.end.clone().unwrap();
    assert_eq!((end.exit_code, end.reason.as_str()), (Some(3), "Error"));
    assert!(used.is_complete, "{used:?}");
    assert!(used.cpu_seconds.unwrap() > 0.02, "{used:?}");
    let seconds = used.measured_at.duration_since(used.started_at).as_secs_f64();
    let held = used.memory_byte_seconds.unwrap();
    assert!(held > 0.0 && held <= used.memory_peak.unwrap() as f64 * (seconds + 0.1), "{used:?}");
    assert_eq!((used.cpu_request_milli, used.memory_request), (1500, 1 << 30));
    let device = &used.devices[0];
    let found = (device.resource.as_str(), device.model.as_str(), device.count);
    assert_eq!(found, ("nvidia.com/gpu", "T4", 2));
    node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
}

#[tokio::test]
async fn what_nobody_took_is_told_after_the_pod_is_gone_and_the_node_started_again() {
    let site = Site::new().await;
    site.accounts.deaf.store(true, Ordering::SeqCst);
    let node = site.node().await;
    site.run("gone", BURN).await;
    let waiting = site.temp.path().join("data/unbooked");
    until(|| fs::read_dir(&waiting).is_ok_and(|mut all| all.next().is_some()).then_some(())).await;
    site.pods().delete("gone", &DeleteParams::default()).await.unwrap();
    let pods = site.temp.path().join("data/pods");
    until(|| fs::read_dir(&pods).is_ok_and(|mut all| all.next().is_none()).then_some(())).await;
    node.shutdown(StopMode::LeaveRunning).await;
    assert!(site.accounts.told.lock().unwrap().is_empty());

    site.accounts.deaf.store(false, Ordering::SeqCst);
    let node = site.node().await;
    let used = site.ended("gone").await;
    assert_eq!(used.end.unwrap().exit_code, Some(0));
    assert!(used.cpu_seconds.unwrap() > 0.02);
    until(|| fs::read_dir(&waiting).is_ok_and(|mut all| all.next().is_none()).then_some(())).await;
    node.shutdown(StopMode::LeaveRunning).await;
}

#[tokio::test]
async fn after_a_lost_shim_what_was_seen_is_told_and_called_incomplete() {
    let site = Site::new().await;
    let node = site.node().await;
    site.run("lost", "while :; do :; done").await;
    let seen =
        until(|| site.numbers("usage.json", "/cpu_seconds").into_iter().find(|s| *s > 0.0)).await;
    let program = site.process("state.json", "/process/pid");
    let shim = site.process("begin", "/pid");
    kill(shim);
    until(|| (site.process("begin", "/pid") != shim).then_some(())).await;
    kill(program);
    let used = site.ended("lost").await;
    let end = used.end.clone().unwrap();
    assert_eq!((end.exit_code, end.reason.as_str()), (None, "ShimLost"));
    assert!(!used.is_complete, "{used:?}");
    // The counter of the kernel is still right.
    assert!(used.cpu_seconds.unwrap() >= seen, "{used:?}");
    assert!(used.memory_byte_seconds.unwrap() > 0.0, "{used:?}");
    node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
}

#[tokio::test]
async fn what_runs_is_told_so_far() {
    let site = Site::new().await;
    let node = site.node().await;
    site.run("long", "while :; do :; done").await;
    let open = until(|| {
        let told = site.accounts.told.lock().unwrap();
        told.iter().find(|used| used.pod == "long").cloned()
    })
    .await;
    assert_eq!(open.end, None);
    assert!(open.measured_at >= open.started_at);
    node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
    // With the node's own end it is over, and told before the node is gone.
    let told = site.accounts.told.lock().unwrap();
    let last = told.iter().rfind(|used| used.pod == "long").unwrap();
    assert!(last.end.is_some() && last.cpu_seconds.unwrap() > 0.0, "{last:?}");
}
