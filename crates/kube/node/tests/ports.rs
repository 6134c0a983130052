//! Pods share the machine's ports: a port that another project's pod holds gets
//! no probe and no connection.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use dais_node::{Node, NodeConfig, StopMode};
use dais_testkit::Cluster;
use k8s_openapi::api::core::v1::{Event, Namespace, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Listens on every address of the machine and says what it hears.
const THIEF: &str = r#"
import socket
server = socket.create_server(("0.0.0.0", 0))
print("port", server.getsockname()[1], flush=True)
while True:
    connection, _ = server.accept()
    print("heard", connection.recv(1000), flush=True)
    connection.close()
"#;

/// Answers on its own address.
const HONEST: &str = r#"
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"honest")
http.server.HTTPServer((os.environ["POD_IP"], 28888), Answer).serve_forever()
"#;

fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "it did not come to be: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn create_pod(client: &Client, project: &str, name: &str, program: &str, more: Value) {
    let mut container = json!({"name": "main", "image": "host",
        "command": ["python3", "-c", program]});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let pod: Pod = object(json!({
        "metadata": {"name": name, "namespace": project},
        "spec": {"nodeName": "here", "automountServiceAccountToken": false,
            "terminationGracePeriodSeconds": 0, "containers": [container]},
    }));
    Api::namespaced(client.clone(), project).create(&PostParams::default(), &pod).await.unwrap();
}

async fn ip_of(client: &Client, project: &str, name: &str) -> String {
    let pods = Api::<Pod>::namespaced(client.clone(), project);
    until("an address", async || pods.get(name).await.unwrap().status?.pod_ip).await
}

fn log(temp: &Path, pod: &str) -> String {
    let logs = fs::read_dir(temp.join("data/logs")).unwrap().map(|entry| entry.unwrap().path());
    let of_pod = |path: &std::path::PathBuf| path.to_string_lossy().contains(&format!("_{pod}_"));
    let read = |path: std::path::PathBuf| fs::read_to_string(path.join("main/0.log"));
    logs.filter(of_pod).find_map(|path| read(path).ok()).unwrap_or_default()
}

/// A Service whose one endpoint is `ip:port`; the address to ask.
async fn serve(client: &Client, project: &str, ip: &str, port: u16) -> String {
    let service: Service = object(json!({"metadata": {"name": "front", "namespace": project},
        "spec": {"ports": [{"name": "http", "port": 28080, "targetPort": port}]}}));
    let services = Api::namespaced(client.clone(), project);
    let service = services.create(&PostParams::default(), &service).await.unwrap();
    let slice: EndpointSlice = object(json!({
        "metadata": {"name": "front-1", "namespace": project,
            "labels": {"kubernetes.io/service-name": "front"}},
        "addressType": "IPv4", "ports": [{"name": "http", "port": port}],
        "endpoints": [{"addresses": [ip], "conditions": {"ready": true}}]}));
    Api::namespaced(client.clone(), project).create(&PostParams::default(), &slice).await.unwrap();
    format!("{}:28080", service.spec.unwrap().cluster_ip.unwrap())
}

/// What comes back of a request.
async fn ask(address: &str) -> String {
    let mut stream = until("a listener", async || TcpStream::connect(address).await.ok()).await;
    let mut answer = String::new();
    // Whoever is refused sees the connection end, at the first write or later.
    let _ = stream.write_all(b"GET /secret HTTP/1.0\r\n\r\n").await;
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_port_held_by_another_project_gets_nothing() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: projects have users of their own only under root");
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let cluster = Cluster::start().await;
    let client = cluster.client.clone();
    for name in ["thieves", "honest"] {
        let project: Namespace = object(json!({"metadata": {"name": name}}));
        Api::all(client.clone()).create(&PostParams::default(), &project).await.unwrap();
    }
    let config =
        NodeConfig::new("here", temp.path().join("data"), env!("CARGO_BIN_EXE_dais-node-host"));
    let node = Node::start(client.clone(), config).await.unwrap();

    create_pod(&client, "thieves", "thief", THIEF, json!({})).await;
    let port: u16 = until("a port", async || {
        let log = log(temp.path(), "thief");
        log.lines().find_map(|line| line.split_once("port ")?.1.trim().parse().ok())
    })
    .await;
    let secret = [json!({"name": "Authorization", "value": "secret"})];
    let probe = json!({"readinessProbe": {"httpGet": {"port": port, "httpHeaders": secret}}});
    create_pod(&client, "honest", "late", "import time; time.sleep(1000)", probe).await;
    let events = Api::<Event>::namespaced(client.clone(), "honest");
    let words = format!("port {port} is held by a process of another project");
    until("the event", async || {
        let all = events.list(&ListParams::default()).await.unwrap();
        all.into_iter().find(|event| event.message.as_ref().is_some_and(|m| m.contains(&words)))
    })
    .await;
    let ip = ip_of(&client, "honest", "late").await;
    let front = serve(&client, "honest", &ip, port).await;
    assert_eq!(ask(&front).await, "");

    // Neither is a project sent to another's pod by an endpoint that it wrote itself.
    let probe = json!({"readinessProbe": {"httpGet": {"port": 28888}},
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]});
    create_pod(&client, "honest", "server", HONEST, probe).await;
    let pods = Api::<Pod>::namespaced(client.clone(), "honest");
    until("a ready pod", async || {
        let conditions = pods.get("server").await.unwrap().status?.conditions?;
        conditions.into_iter().find(|one| one.type_ == "Ready" && one.status == "True")
    })
    .await;
    let ip = ip_of(&client, "honest", "server").await;
    let astray = serve(&client, "thieves", &ip, 28888).await;
    assert_eq!(ask(&astray).await, "");
    let fine: Value = json!({"endpoints": [{"addresses": [ip], "conditions": {"ready": true}}],
        "ports": [{"name": "http", "port": 28888}]});
    let slices = Api::<EndpointSlice>::namespaced(client.clone(), "honest");
    slices.patch("front-1", &Default::default(), &kube::api::Patch::Merge(fine)).await.unwrap();
    until("an answer", async || ask(&front).await.ends_with("honest").then_some(())).await;

    assert!(!log(temp.path(), "thief").contains("GET"), "{}", log(temp.path(), "thief"));
    node.shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
}
