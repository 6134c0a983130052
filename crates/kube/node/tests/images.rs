//! Pods on images: what the program in the container sees, and who holds the image.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use dais_images::{Error, Image, Images, Limits};
use dais_node::{Node, NodeConfig, RuntimeChoice, StopMode};
use dais_testkit::Cluster;
use dais_testkit::images::{self as make, Compression, Layer};
use k8s_openapi::api::core::v1::{ContainerStatus, Node as NodeObject, Pod};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

const PROGRAMS: [&str; 6] =
    ["/bin/sh", "/bin/cat", "/bin/ls", "/usr/bin/id", "/bin/touch", "/bin/sleep"];

struct Site {
    cluster: Cluster,
    node: Option<Node>,
    images: Images,
    temp: tempfile::TempDir,
    runtime: RuntimeChoice,
}

async fn site(runtime: RuntimeChoice) -> Site {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let images = Images::open(&temp.path().join("images"), Limits::default()).unwrap();
    let mut site = Site { cluster: Cluster::start().await, node: None, images, temp, runtime };
    site.start().await;
    site
}

fn archive(name: &str, config: Value) -> Vec<u8> {
    let layer = Layer::default().programs(&PROGRAMS).folder("srv").folder("etc");
    let layer = layer.file("etc/passwd", 0o644, b"root:x:0:0::/:\napp:x:1000:1000::/:\n");
    let layer = layer.file("srv/hello", 0o600, b"from the image\n");
    let image = make::Image::named(name).layer(&layer, Compression::Gzip).config(config);
    make::tar(&make::oci(&[image]))
}

fn pod(name: &str, container: Value) -> Pod {
    let mut all = json!({"name": "main", "image": "tools:v1"});
    all.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": "here", "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false, "containers": [all],
            "volumes": [{"name": "v", "emptyDir": {}}]},
    }))
    .unwrap()
}

fn status_of(pod: &Pod) -> Option<&ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}

fn waiting(pod: &Pod) -> (String, String) {
    let waiting = status_of(pod).and_then(|status| status.state.as_ref()?.waiting.clone());
    let waiting = waiting.unwrap_or_default();
    (waiting.reason.unwrap_or_default(), waiting.message.unwrap_or_default())
}

impl Site {
    async fn start(&mut self) {
        let exe = env!("CARGO_BIN_EXE_dais-node-host");
        let mut config = NodeConfig::new("here", self.temp.path().join("data"), exe);
        config.runtime = self.runtime;
        config.images = Some(self.images.clone());
        self.node = Some(Node::start(self.cluster.client.clone(), config).await.unwrap());
    }

    fn load(&self, config: Value) -> Image {
        self.images.load(&archive("tools:v1", config)[..], None).unwrap().remove(0)
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client.clone(), "default")
    }

    async fn create(&self, name: &str, container: Value) {
        self.pods().create(&PostParams::default(), &pod(name, container)).await.unwrap();
    }

    async fn until(&self, name: &str, mut holds: impl FnMut(&Pod) -> bool) -> Pod {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            let pod = self.pods().get(name).await.unwrap();
            if holds(&pod) {
                return pod;
            }
            assert!(tokio::time::Instant::now() < deadline, "it did not come: {:#?}", pod.status);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn until_phase(&self, name: &str, phase: &str) -> Pod {
        let is = |pod: &Pod| {
            pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some(phase)
        };
        self.until(name, is).await
    }

    /// Pods that are over let go of their images.
    async fn until_unused(&self, image: &Image) {
        let mut changes = self.images.changes();
        while !self.images.find(&image.id).unwrap().used_by.is_empty() {
            let changed = tokio::time::timeout(Duration::from_secs(30), changes.changed()).await;
            changed.unwrap().unwrap();
        }
    }

    async fn logs(&self, name: &str) -> String {
        use tower::ServiceExt;
        let request = Request::get(format!("/containerLogs/default/{name}/main"));
        let router = self.node.as_ref().unwrap().kubelet_router();
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    async fn stop(self) {
        self.node.unwrap().shutdown(StopMode::StopAll { grace: Duration::ZERO }).await;
    }
}

#[tokio::test]
async fn a_pod_runs_on_its_image_and_does_not_see_the_hosts_files() {
    let site = site(RuntimeChoice::Sandbox).await;
    let image = site.load(json!({
        "Entrypoint": ["/bin/sh", "-c"], "Cmd": ["cat hello"], "WorkingDir": "/srv",
        "Env": ["FROM_IMAGE=yes", "BOTH=image", "PATH=/bin:/usr/bin"], "User": "app",
    }));
    site.create("hello", json!({})).await;
    let done = site.until_phase("hello", "Succeeded").await;
    assert_eq!(site.logs("hello").await, "from the image\n");
    assert_eq!(status_of(&done).unwrap().image_id, image.id);
    assert_eq!(status_of(&done).unwrap().image, "tools:v1");

    let here = env!("CARGO_MANIFEST_DIR");
    let script = format!(
        "echo $FROM_IMAGE $BOTH $OWN $(id -u -n); \
         ls {here} 2>/dev/null || echo unseen; ls /; \
         touch /srv/x 2>/dev/null || echo read-only; \
         touch /tmp/x $HOME/x /data/sub/x && echo written; cat /etc/resolv.conf >/dev/null && echo dns"
    );
    let container = json!({"args": [script], "env": [{"name": "BOTH", "value": "pod"},
        {"name": "OWN", "value": "$(BOTH)!"}],
        "volumeMounts": [{"name": "v", "mountPath": "/data/sub"}]});
    site.create("looks", container).await;
    site.until_phase("looks", "Succeeded").await;
    let said = site.logs("looks").await;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "yes pod pod! user");
    assert_eq!(lines[1], "unseen");
    for word in ["read-only", "written", "dns", "srv", "data"] {
        assert!(lines.contains(&word), "{word}: {said}");
    }
    assert!(!lines.contains(&"boot") && !lines.contains(&"root"), "{said}");
    site.until_unused(&image).await;
    site.stop().await;
}

#[tokio::test]
async fn an_image_that_is_not_there_is_waited_for() {
    let site = site(RuntimeChoice::Sandbox).await;
    let quiet = json!({"command": ["/bin/cat", "/srv/hello"], "imagePullPolicy": "IfNotPresent"});
    site.create("early", quiet).await;
    site.create("never", json!({"imagePullPolicy": "Never"})).await;
    site.create("odd", json!({"image": "../Odd"})).await;
    let early = site.until("early", |pod| waiting(pod).0 == "ImagePullBackOff").await;
    assert!(waiting(&early).1.contains("dais image load"), "{:?}", waiting(&early));
    site.until("never", |pod| waiting(pod).0 == "ErrImageNeverPull").await;
    site.until("odd", |pod| waiting(pod).0 == "InvalidImageName").await;
    let image = site.load(json!({}));
    site.until_phase("early", "Succeeded").await;
    assert_eq!(site.logs("early").await, "from the image\n");

    let nodes: Api<NodeObject> = Api::all(site.cluster.client.clone());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let status = nodes.get("here").await.unwrap().status.unwrap();
        if let [listed] = status.images.unwrap_or_default().as_slice() {
            let names = listed.names.clone().unwrap();
            assert_eq!(names, ["docker.io/library/tools:v1", image.id.as_str()]);
            break assert_eq!(listed.size_bytes, Some(image.size_bytes as i64));
        }
        assert!(tokio::time::Instant::now() < deadline, "the node does not list its images");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    site.stop().await;
}

#[tokio::test]
async fn plain_processes_run_on_no_image() {
    let site = site(RuntimeChoice::Process).await;
    site.load(json!({}));
    site.create("refused", json!({})).await;
    let pod = site.until("refused", |pod| waiting(pod).0 == "RunContainerError").await;
    assert!(waiting(&pod).1.contains("plain processes"), "{:?}", waiting(&pod));
    assert!(site.images.find("tools:v1").unwrap().used_by.is_empty());
    site.stop().await;
}

/// The name moves to another image, and the node starts anew: what runs keeps its own.
#[tokio::test]
async fn the_image_of_a_running_pod_stays() {
    let mut site = site(RuntimeChoice::Sandbox).await;
    let image = site.load(json!({"Env": ["PATH=/bin"]}));
    let probe = json!({"exec": {"command": ["/bin/cat", "/srv/hello"]}});
    site.create("runs", json!({"command": ["sleep", "600"], "readinessProbe": probe})).await;
    site.until("runs", |pod| status_of(pod).is_some_and(|status| status.ready)).await;
    let newer = site.load(json!({"Env": ["PATH=/usr/bin"]}));
    assert_ne!(image.id, newer.id);

    site.node.take().unwrap().shutdown(StopMode::LeaveRunning).await;
    site.images = Images::open(&site.temp.path().join("images"), Limits::default()).unwrap();
    site.start().await;
    match site.images.remove(&image.id) {
        Err(Error::InUse { by, .. }) => assert_eq!(by, ["default/runs"]),
        other => panic!("{other:?}"),
    }
    let again = site.until("runs", |pod| status_of(pod).is_some_and(|status| status.ready)).await;
    assert_eq!(status_of(&again).unwrap().image_id, image.id);
    site.images.remove(&newer.id).unwrap();

    site.pods().delete("runs", &DeleteParams::default()).await.unwrap();
    site.until_unused(&image).await;
    site.images.remove(&image.id).unwrap();
    site.stop().await;
}
