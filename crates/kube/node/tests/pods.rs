//! Pods on a node against the real API server in this process: what a person
//! sees through the API, and what lies on disk.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use dais_node::{Node, NodeConfig, RuntimeChoice, StopMode};
use dais_testkit::Cluster;
use k8s_openapi::api::core::v1::{ConfigMap, ContainerStatus, Node as NodeObject, Pod};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

struct Site {
    cluster: Cluster,
    node: Node,
    temp: tempfile::TempDir,
}

fn config(dir: &Path, runtime: RuntimeChoice) -> NodeConfig {
    let mut config =
        NodeConfig::new("here", dir.join("data"), env!("CARGO_BIN_EXE_dais-node-host"));
    config.runtime = runtime;
    config.backoff_initial = Duration::from_millis(50);
    config
}

async fn site_of(runtime: RuntimeChoice) -> Site {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let cluster = Cluster::start().await;
    let node = Node::start(cluster.client.clone(), config(temp.path(), runtime)).await.unwrap();
    Site { cluster, node, temp }
}

async fn site() -> Site {
    site_of(RuntimeChoice::Auto).await
}

/// A pod bound to the node, as the scheduler would leave it.
fn pod(name: &str, script: &str, more: Value) -> Pod {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "test"}},
        "spec": {"nodeName": "here", "restartPolicy": "Never", "terminationGracePeriodSeconds": 5,
            "automountServiceAccountToken": false,
            "containers": [{"name": "main", "image": "host", "command": ["sh", "-c", script]}]},
    });
    merge(&mut pod, more);
    serde_json::from_value(pod).unwrap()
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter()
                .for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (Value::Array(into), Value::Array(from)) if into.len() == from.len() => {
            into.iter_mut().zip(from).for_each(|(into, from)| merge(into, from));
        }
        (into, from) => *into = from,
    }
}

fn pods(client: &Client) -> Api<Pod> {
    Api::namespaced(client.clone(), "default")
}

impl Site {
    async fn create(&self, pod: Pod) {
        pods(&self.cluster.client).create(&PostParams::default(), &pod).await.unwrap();
    }

    async fn until(&self, name: &str, mut holds: impl FnMut(&Pod) -> bool) -> Pod {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let pod = pods(&self.cluster.client).get(name).await.unwrap();
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

    async fn until_phase(&self, name: &str, phase: &str) -> Pod {
        self.until(name, |pod| phase_of(pod) == phase).await
    }

    /// Containers outlive a node that is dropped: those that would go on are
    /// stopped.
    async fn stop(self) {
        self.node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
    }

    async fn get(&self, path: &str) -> (u16, String) {
        use tower::ServiceExt;
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.node.kubelet_router().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn logs(&self, pod: &str, query: &str) -> String {
        self.get(&format!("/containerLogs/default/{pod}/main?{query}")).await.1
    }
}

fn phase_of(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn main_of(pod: &Pod) -> ContainerStatus {
    pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].clone()
}

fn waiting_of(pod: &Pod) -> (String, String) {
    let status = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    let waiting = status.and_then(|list| list[0].state.clone()).and_then(|state| state.waiting);
    waiting
        .map(|w| (w.reason.unwrap_or_default(), w.message.unwrap_or_default()))
        .unwrap_or_default()
}

#[tokio::test]
async fn a_pod_runs_and_its_log_and_exit_code_are_there() {
    for runtime in [RuntimeChoice::Sandbox, RuntimeChoice::Process] {
        let site = site_of(runtime).await;
        site.create(pod("hi", "echo hi; echo $POD_IP; exit 3", json!({}))).await;
        let pod = site.until_phase("hi", "Failed").await;
        let end = main_of(&pod).state.unwrap().terminated.unwrap();
        assert_eq!((end.exit_code, end.reason.as_deref()), (3, Some("Error")));
        let ip = pod.status.unwrap().pod_ip.unwrap();
        let octets = ip.parse::<std::net::Ipv4Addr>().unwrap().octets();
        assert!(octets[0] == 127 && (80..96).contains(&octets[1]), "{ip}");
        assert_eq!(site.logs("hi", "").await, format!("hi\n{ip}\n"));
        let dir = format!("default_hi_{}", pod.metadata.uid.unwrap());
        let dir = site.temp.path().join("data/logs").join(dir);
        let label: Value =
            serde_json::from_slice(&fs::read(dir.join("pod.json")).unwrap()).unwrap();
        assert_eq!(label["labels"]["app"], "test");
        let line = fs::read_to_string(dir.join("main/0.log")).unwrap();
        assert!(line.contains(" stdout F hi\n"), "{line}");
    }
}

#[tokio::test]
async fn the_node_registers_with_its_capacity_and_says_what_it_lacks() {
    let site = site_of(RuntimeChoice::Process).await;
    let nodes: Api<NodeObject> = Api::all(site.cluster.client.clone());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let status = loop {
        let node = nodes.get_opt("here").await.unwrap();
        if let Some(status) =
            node.and_then(|node| node.status).filter(|status| status.conditions.is_some())
        {
            break status;
        }
        assert!(tokio::time::Instant::now() < deadline, "the node does not register");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let conditions = status.conditions.unwrap();
    let state =
        |kind: &str| conditions.iter().find(|c| c.type_ == kind).map(|c| c.status.clone()).unwrap();
    assert_eq!((state("Ready").as_str(), state("Isolated").as_str()), ("True", "False"));
    let capacity = status.capacity.unwrap();
    assert!(
        ["cpu", "memory", "pods"].iter().all(|name| capacity.contains_key(*name)),
        "{capacity:?}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words() {
    let site = site().await;
    site.create(pod("image", "", json!({"spec": {"containers": [{"image": "nginx"}]}}))).await;
    let command = json!({"spec": {"containers": [{"command": ["no-such-thing"]}]}});
    site.create(pod("command", "", command)).await;
    let env = json!({"spec": {"containers": [{"env": [{"name": "X", "valueFrom":
        {"configMapKeyRef": {"name": "absent", "key": "k"}}}]}]}});
    site.create(pod("env", "echo $X", env)).await;

    let image = site.until("image", |pod| waiting_of(pod).0 == "ErrImageNeverPull").await;
    assert!(waiting_of(&image).1.contains("\"nginx\""), "{:?}", waiting_of(&image));
    let failed = site.until_phase("command", "Failed").await;
    let end = main_of(&failed).state.unwrap().terminated.unwrap();
    assert_eq!((end.exit_code, end.reason.as_deref()), (127, Some("StartError")));
    assert!(end.message.unwrap().contains("no-such-thing"));
    let env = site.until("env", |pod| waiting_of(pod).0 == "CreateContainerConfigError").await;
    assert_eq!(waiting_of(&env).1, "configmap \"absent\" not found");

    let map: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "absent"}, "data": {"k": "here"}}))
            .unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(site.cluster.client.clone(), "default");
    maps.create(&PostParams::default(), &map).await.unwrap();
    site.until_phase("env", "Succeeded").await;
    assert_eq!(site.logs("env", "").await, "here\n");
}

#[tokio::test]
async fn a_failing_container_is_restarted_and_remembers() {
    let site = site().await;
    let script = "echo run; [ -e /keep/third ] && exit 0; [ -e /keep/second ] && touch /keep/third; touch /keep/second; exit 4";
    let more = json!({"spec": {"restartPolicy": "OnFailure",
        "volumes": [{"name": "keep", "emptyDir": {}}],
        "containers": [{"volumeMounts": [{"name": "keep", "mountPath": "/keep"}]}]}});
    site.create(pod("again", script, more)).await;
    let done = site.until_phase("again", "Succeeded").await;
    let main = main_of(&done);
    assert_eq!(main.restart_count, 2);
    assert_eq!(main.last_state.unwrap().terminated.unwrap().exit_code, 4);
    assert_eq!(site.logs("again", "previous=true").await, "run\n");
}

#[tokio::test]
async fn deletion_stops_with_grace_and_leaves_only_the_logs() {
    let site = site().await;
    let script = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done";
    site.create(pod("gone", script, json!({}))).await;
    let running = site.until("gone", |pod| phase_of(pod) == "Running").await;
    let uid = running.metadata.uid.unwrap();
    let log = site.temp.path().join(format!("data/logs/default_gone_{uid}/main/0.log"));
    wait(|| fs::read_to_string(&log).is_ok_and(|text| text.contains(" up\n"))).await;
    pods(&site.cluster.client).delete("gone", &DeleteParams::default()).await.unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while pods(&site.cluster.client).get_opt("gone").await.unwrap().is_some() {
        assert!(tokio::time::Instant::now() < deadline, "the pod does not go");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(fs::read_to_string(&log).unwrap().contains(" bye\n"));
    wait(|| !site.temp.path().join("data/pods").join(&uid).exists()).await;
}

async fn wait(mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "it did not come to hold");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn probes_decide_readiness_and_restart_the_ill() {
    let site = site().await;
    let script = "touch $HOME/ok; while :; do sleep 0.05; done";
    let probe = |command: Value| json!({"exec": {"command": command}, "periodSeconds": 1, "failureThreshold": 1});
    let more = json!({"spec": {"restartPolicy": "Always", "containers": [{
        "readinessProbe": probe(json!(["sh", "-c", "[ -e $HOME/ok ]"])),
        "livenessProbe": probe(json!(["false"]))}]}});
    site.create(pod("probed", script, more)).await;
    site.until("probed", |pod| {
        pod.status.as_ref().unwrap().container_statuses.is_some() && main_of(pod).ready
    })
    .await;
    let ill = site.until("probed", |pod| main_of(pod).restart_count > 0).await;
    assert_eq!(main_of(&ill).last_state.unwrap().terminated.unwrap().exit_code, 143);
    site.stop().await;
}

#[tokio::test]
async fn volumes_of_api_objects() {
    let site = site().await;
    let map: ConfigMap = serde_json::from_value(
        json!({"metadata": {"name": "m"}, "data": {"a": "1\n", "b": "2\n"}}),
    )
    .unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(site.cluster.client.clone(), "default");
    maps.create(&PostParams::default(), &map).await.unwrap();
    let more = json!({"spec": {
        "initContainers": [{"name": "init", "image": "host", "command": ["sh", "-c", "cp /in/x /out/"],
            "volumeMounts": [{"name": "m", "mountPath": "/in"}, {"name": "e", "mountPath": "/out"}]}],
        "volumes": [
            {"name": "m", "configMap": {"name": "m", "items": [{"key": "a", "path": "x"}]}},
            {"name": "e", "emptyDir": {}},
            {"name": "d", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}],
        "containers": [{"volumeMounts": [
            {"name": "e", "mountPath": "/deep/er/place"}, {"name": "d", "mountPath": "/about"}]}]}});
    site.create(pod("volumes", "cat /deep/er/place/x /about/name", more)).await;
    site.until_phase("volumes", "Succeeded").await;
    assert_eq!(site.logs("volumes", "").await, "1\nvolumes\n");
}

#[tokio::test]
async fn a_claim_gets_a_directory_that_outlives_pods() {
    let site = site().await;
    let claim = json!({"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}});
    let claims: Api<k8s_openapi::api::core::v1::PersistentVolumeClaim> =
        Api::namespaced(site.cluster.client.clone(), "default");
    claims.create(&PostParams::default(), &serde_json::from_value(claim).unwrap()).await.unwrap();
    let more = json!({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}],
        "containers": [{"volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}});
    site.create(pod("writer", "echo kept > /v/file", more.clone())).await;
    site.until_phase("writer", "Succeeded").await;
    site.create(pod("reader", "cat /v/file", more)).await;
    site.until_phase("reader", "Succeeded").await;
    assert_eq!(site.logs("reader", "").await, "kept\n");
}

#[tokio::test]
async fn metrics_name_containers_and_the_machine() {
    let site = site().await;
    site.create(pod("busy", "echo up; sleep 60", json!({}))).await;
    site.until_phase("busy", "Running").await;
    let (_, page) = site.get("/metrics/cadvisor").await;
    let cpu = page.lines().find(|line| line.starts_with("container_cpu_usage_seconds_total{"));
    assert!(cpu.is_some_and(|line| line.contains("pod=\"busy\"") && line.contains("container=\"main\"")), "{page}");
    let (_, page) = site.get("/metrics").await;
    for name in [
        "node_cpu_seconds_total{",
        "node_memory_MemTotal_bytes ",
        "node_load1 ",
        "node_uname_info{",
    ] {
        assert!(page.lines().any(|line| line.starts_with(name)), "{name} in {page}");
    }
    site.stop().await;
}

#[tokio::test]
async fn logs_follow_to_the_end_and_keep_to_their_options() {
    let site = site().await;
    let script = "for n in 1 2 3 4 5; do echo $n; sleep 0.02; done";
    site.create(pod("five", script, json!({}))).await;
    site.until("five", |pod| !phase_of(pod).is_empty() && phase_of(pod) != "Pending").await;
    assert_eq!(site.logs("five", "follow=true").await, "1\n2\n3\n4\n5\n");
    assert_eq!(site.logs("five", "tailLines=2").await, "4\n5\n");
    assert_eq!(site.logs("five", "limitBytes=3").await, "1\n2");
    let stamped = site.logs("five", "timestamps=true&tailLines=1").await;
    assert!(stamped.ends_with("Z 5\n"), "{stamped}");
    let (status, words) = site.get("/containerLogs/default/five/other").await;
    assert_eq!(status, 400);
    assert!(words.contains("main"), "{words}");
}

#[tokio::test]
async fn shutdown_stops_all_and_a_service_comes_back() {
    let site = site().await;
    let more = json!({"spec": {"restartPolicy": "Always"}});
    site.create(pod("service", "echo up; sleep 60", more)).await;
    let before = site.until_phase("service", "Running").await;
    let Site { cluster, node, temp } = site;
    node.shutdown(StopMode::StopAll { grace: Duration::from_secs(2) }).await;
    let node = Node::start(cluster.client.clone(), config(temp.path(), RuntimeChoice::Auto))
        .await
        .unwrap();
    let site = Site { cluster, node, temp };
    let again =
        site.until("service", |pod| main_of(pod).restart_count == 1 && main_of(pod).ready).await;
    assert_ne!(main_of(&again).container_id, main_of(&before).container_id);
    assert_eq!(again.status.unwrap().pod_ip, before.status.unwrap().pod_ip);
    site.stop().await;
}
