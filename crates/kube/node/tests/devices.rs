//! Accelerators on a node against the real API server in this process.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use dais_node::{Device, Node, NodeConfig, RuntimeChoice, StopMode};
use dais_testkit::Cluster;
use k8s_openapi::api::core::v1::{Event, Node as NodeObject, Pod};
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

const GPU: &str = "nvidia.com/gpu";
const SLICE: &str = "nvidia.com/mig-1g.5gb";

struct Site {
    cluster: Cluster,
    temp: tempfile::TempDir,
}

fn device(id: &str, resource: &str) -> Device {
    Device {
        id: id.to_owned(),
        resource: resource.to_owned(),
        variables: vec![("VISIBLE".to_owned(), id.to_owned()), ("PLAYED".into(), "1".into())],
        nodes: Vec::new(),
        notice: Some(format!("{resource} is played")),
    }
}

fn devices() -> Vec<Device> {
    vec![device("GPU-a", GPU), device("GPU-b", GPU), device("MIG-c", SLICE)]
}

impl Site {
    async fn new() -> Site {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Site { cluster: Cluster::start().await, temp }
    }

    async fn node(&self, devices: Vec<Device>) -> Node {
        let data = self.temp.path().join("data");
        let mut config = NodeConfig::new("here", data, env!("CARGO_BIN_EXE_dais-node-host"));
        config.runtime = RuntimeChoice::Process;
        if !devices.is_empty() {
            config.labels = [("nvidia.com/gpu.count".to_owned(), "2".to_owned())].into();
        }
        config.devices = devices;
        config.owned_prefixes = vec!["nvidia.com/".to_owned()];
        Node::start(self.cluster.client.clone(), config).await.unwrap()
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client.clone(), "default")
    }

    /// A pod that says what it was given and waits for a file.
    async fn create(&self, name: &str, limits: Value) -> Pod {
        let wait = self.temp.path().join(format!("end-{name}"));
        let script = format!(
            "echo ${{VISIBLE-none}} ${{PLAYED-0}}; until [ -e {} ]; do sleep 0.01; done",
            wait.display()
        );
        let pod = json!({"metadata": {"name": name, "namespace": "default"}, "spec": {
            "nodeName": "here", "restartPolicy": "Never", "automountServiceAccountToken": false,
            "containers": [{"name": "main", "image": "host", "command": ["sh", "-c", script],
                "env": [{"name": "VISIBLE", "value": "all"}], "resources": {"limits": limits}}]}});
        let pod = serde_json::from_value(pod).unwrap();
        self.pods().create(&PostParams::default(), &pod).await.unwrap()
    }

    fn end(&self, name: &str) {
        fs::write(self.temp.path().join(format!("end-{name}")), "").unwrap();
    }

    async fn until(&self, name: &str, phase: &str) -> Pod {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let pod = self.pods().get(name).await.unwrap();
            let status = pod.status.clone().unwrap_or_default();
            if status.phase.as_deref() == Some(phase) {
                return pod;
            }
            assert!(tokio::time::Instant::now() < deadline, "{name}: {status:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn said(&self, pod: &Pod) -> String {
        let (uid, name) = (pod.metadata.uid.as_ref().unwrap(), pod.metadata.name.as_ref().unwrap());
        let log = format!("data/logs/default_{name}_{uid}/main/0.log");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let text = fs::read_to_string(self.temp.path().join(&log)).unwrap_or_default();
            if let Some(line) = text.lines().next() {
                return line.splitn(4, ' ').nth(3).unwrap().to_owned();
            }
            assert!(tokio::time::Instant::now() < deadline, "{log} stays empty");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn holder(node: &Node, id: &str) -> Option<(String, String)> {
    node.device_holders().of(id).map(|holder| (holder.pod, holder.container))
}

fn main_of(name: &str) -> Option<(String, String)> {
    Some((name.to_owned(), "main".to_owned()))
}

#[tokio::test]
async fn devices_are_given_by_name_and_found_again_after_a_restart() {
    let site = Site::new().await;
    let node = site.node(devices()).await;
    let one = site.create("one", json!({GPU: "1"})).await;
    let part = site.create("part", json!({SLICE: "1"})).await;
    site.until("one", "Running").await;
    site.until("part", "Running").await;
    assert_eq!(site.said(&one).await, "GPU-a 1");
    assert_eq!(site.said(&part).await, "MIG-c 1");
    let held = ["GPU-a", "GPU-b", "MIG-c"].map(|id| holder(&node, id));
    assert_eq!(held, [main_of("one"), None, main_of("part")]);

    node.shutdown(StopMode::LeaveRunning).await;
    let node = site.node(devices()).await;
    let held = ["GPU-a", "GPU-b", "MIG-c"].map(|id| holder(&node, id));
    assert_eq!(held, [main_of("one"), None, main_of("part")], "after a restart");
    let two = site.create("two", json!({GPU: "1"})).await;
    site.until("two", "Running").await;
    assert_eq!(site.said(&two).await, "GPU-b 1", "the first is taken");

    // Nothing is left: who is bound here all the same is turned away, not run without.
    site.create("three", json!({GPU: "1"})).await;
    let refused = site.until("three", "Failed").await.status.unwrap();
    assert_eq!(refused.reason.as_deref(), Some("UnexpectedAdmissionError"));
    assert!(refused.message.unwrap().contains("asks for 1 nvidia.com/gpu, and 0"));

    site.end("one");
    site.until("one", "Succeeded").await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while holder(&node, "GPU-a").is_some() {
        assert!(tokio::time::Instant::now() < deadline, "it is not given back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let four = site.create("four", json!({GPU: "1"})).await;
    site.until("four", "Running").await;
    assert_eq!(site.said(&four).await, "GPU-a 1");
    node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
}

#[tokio::test]
async fn capacity_is_counted_and_a_pod_is_told_what_it_got() {
    let site = Site::new().await;
    let node = site.node(devices()).await;
    let none = site.create("none", json!({})).await;
    let both = site.create("both", json!({GPU: "2"})).await;
    site.until("both", "Running").await;
    site.until("none", "Running").await;
    assert_eq!(site.said(&both).await, "GPU-a,GPU-b 1");
    assert_eq!(site.said(&none).await, "all 0", "what it says itself stays");
    let nodes: Api<NodeObject> = Api::all(site.cluster.client.clone());
    let status = nodes.get("here").await.unwrap().status.unwrap();
    for counts in [status.capacity.unwrap(), status.allocatable.unwrap()] {
        assert_eq!((counts[GPU].0.as_str(), counts[SLICE].0.as_str()), ("2", "1"));
    }
    let events: Api<Event> = Api::namespaced(site.cluster.client.clone(), "default");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let all = events.list(&Default::default()).await.unwrap();
        let told = |event: &&Event| event.reason.as_deref() == Some("AcceleratorAssigned");
        if let Some(event) = all.iter().find(told) {
            assert_eq!(event.message.as_deref(), Some("nvidia.com/gpu is played"));
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "no event");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
}

/// Hardware that is gone is not offered any more; what somebody else wrote stays.
#[tokio::test]
async fn a_start_without_devices_takes_back_what_was_said_of_them() {
    let site = Site::new().await;
    let nodes: Api<NodeObject> = Api::all(site.cluster.client.clone());
    let until = async |holds: &dyn Fn(&NodeObject) -> bool| {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let node = nodes.get_opt("here").await.unwrap();
            if node.as_ref().is_some_and(holds) {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{node:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let has = |node: &NodeObject, resource: &str| {
        let capacity = node.status.as_ref().and_then(|status| status.capacity.as_ref());
        capacity.is_some_and(|capacity| capacity.contains_key(resource))
    };
    let node = site.node(devices()).await;
    until(&|node| has(node, GPU) && has(node, SLICE)).await;
    let patch = json!({"status": {"capacity": {"example.com/dongle": "4"}}});
    let patch = kube::api::Patch::Merge(patch);
    nodes.patch_status("here", &Default::default(), &patch).await.unwrap();
    node.shutdown(StopMode::LeaveRunning).await;
    let node = site.node(Vec::new()).await;
    until(&|node| !has(node, GPU) && !has(node, SLICE)).await;
    let now = nodes.get("here").await.unwrap();
    assert!(has(&now, "example.com/dongle"), "{now:#?}");
    assert!(!now.metadata.labels.unwrap().contains_key("nvidia.com/gpu.count"));
    node.shutdown(StopMode::LeaveRunning).await;
}

/// Records of before numbered the devices; a pod that runs on one keeps it.
#[tokio::test]
async fn a_record_that_numbers_devices_still_loads() {
    let site = Site::new().await;
    let node = site.node(devices()).await;
    let pod = site.create("old", json!({GPU: "1"})).await;
    site.until("old", "Running").await;
    node.shutdown(StopMode::LeaveRunning).await;
    let uid = pod.metadata.uid.unwrap();
    let file = site.temp.path().join("data/pods").join(uid).join("pod.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    record["devices"] = json!([1]);
    fs::write(&file, record.to_string()).unwrap();
    let node = site.node(devices()).await;
    let held = ["GPU-a", "GPU-b"].map(|id| holder(&node, id));
    assert_eq!(held, [None, main_of("old")]);
    node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
}
