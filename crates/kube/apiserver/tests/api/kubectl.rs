//! kubectl, unmodified, reads the OpenAPI documents: to explain, to validate and to make
//! patches. `DAIS_KUBECTL` names the program; without it these tests do nothing.

use std::ffi::OsString;
use std::process::Stdio;

use dais_apiserver::UserInfo;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::rig::Rig;

/// A server that kubectl can reach, where everybody is an administrator.
struct Reachable {
    program: OsString,
    address: String,
    home: std::path::PathBuf,
}

struct Said {
    ok: bool,
    text: String,
}

impl Reachable {
    async fn new(rig: &Rig, name: &str) -> Option<Reachable> {
        let program = std::env::var_os("DAIS_KUBECTL")?;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let router = rig.server.client(UserInfo::admin());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let home = std::env::temp_dir().join(format!("dais-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a home for kubectl's cache");
        Some(Reachable { program, address, home })
    }

    async fn kubectl(&self, arguments: &str, input: &str) -> Said {
        let mut child = Command::new(&self.program)
            .env("HOME", &self.home)
            .env_remove("KUBECONFIG")
            .args(["--server", &self.address])
            .args(arguments.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).await.expect("kubectl reads");
        drop(stdin);
        let output = child.wait_with_output().await.expect("kubectl ends");
        let text = [output.stdout, output.stderr].concat();
        Said { ok: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    async fn succeeds(&self, arguments: &str, input: &str) -> String {
        let said = self.kubectl(arguments, input).await;
        assert!(said.ok, "kubectl {arguments}: {}", said.text);
        said.text
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        // A cache that stays behind harms nobody.
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

fn definition() -> String {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "trainingjobs.ai.example.com"},
        "spec": {"group": "ai.example.com", "scope": "Namespaced",
            "names": {"plural": "trainingjobs", "kind": "TrainingJob"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "additionalPrinterColumns": [{"name": "Workers", "type": "integer",
                    "jsonPath": ".spec.workers"}],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "description": "What to train.", "properties": {
                        "workers": {"type": "integer", "description": "How many at once."}}}}}}}]}
    })
    .to_string()
}

fn job(workers: &str) -> String {
    json!({"apiVersion": "ai.example.com/v1", "kind": "TrainingJob",
        "metadata": {"name": "a", "namespace": "default"}, "spec": {workers: 2}})
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_are_explained() {
    let rig = Rig::new().await;
    let Some(server) = Reachable::new(&rig, "explain").await else { return };
    let pods = server.succeeds("explain pods.spec", "").await;
    assert!(pods.contains("containers\t<[]Container> -required-"), "{pods}");
    assert!(pods.contains("FIELD: spec <PodSpec>"), "{pods}");
    let strategy = server.succeeds("explain deployments.spec.strategy --recursive", "").await;
    assert!(strategy.contains("maxSurge\t<IntOrString>"), "{strategy}");
    assert!(strategy.contains("enum: Recreate, RollingUpdate"), "{strategy}");
    let unknown = server.kubectl("explain pods.spec.nosuch", "").await;
    assert!(!unknown.ok && unknown.text.contains("field \"nosuch\" does not exist"));

    server.succeeds("apply -f -", &definition()).await;
    server.succeeds("wait --for=condition=Established crd/trainingjobs.ai.example.com", "").await;
    let custom = "explain trainingjobs.spec --api-version ai.example.com/v1";
    let custom = server.succeeds(custom, "").await;
    assert!(custom.contains("What to train.") && custom.contains("workers\t<integer>"), "{custom}");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_applied_and_validated() {
    let rig = Rig::new().await;
    let Some(server) = Reachable::new(&rig, "apply").await else { return };
    server.succeeds("apply -f -", &definition()).await;
    server.succeeds("wait --for=condition=Established crd/trainingjobs.ai.example.com", "").await;
    server.succeeds("apply --server-side -f -", &job("workers")).await;
    let listed = server.succeeds("get trainingjobs", "").await;
    assert!(listed.contains("WORKERS") && listed.contains("2"), "{listed}");
    let wrong = server.kubectl("apply --dry-run=server -f -", &job("wrokers")).await;
    assert!(!wrong.ok && wrong.text.contains("unknown field \"spec.wrokers\""), "{}", wrong.text);

    let deployment = |image: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "d", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": image}]}}}})
        .to_string()
    };
    server.succeeds("apply -f -", &deployment("one")).await;
    let diff = server.succeeds("apply -f -", &deployment("two")).await;
    assert!(diff.contains("configured"), "{diff}");
    let image = "get deployment d -o jsonpath={.spec.template.spec.containers[*].image}";
    assert_eq!(server.succeeds(image, "").await, "two");
}

#[tokio::test]
async fn a_discovery_that_is_asked_for_again_is_still_understood() {
    let rig = Rig::new().await;
    let Some(server) = Reachable::new(&rig, "kubectl-discovery").await else { return };
    let first = server.succeeds("api-resources --no-headers", "").await;
    assert!(first.contains("configmaps"), "{first}");
    // kubectl asks anew and is told that nothing changed.
    let second = server.succeeds("api-resources --no-headers", "").await;
    assert_eq!(first, second);
}
