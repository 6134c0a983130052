//! kubectl, unmodified, on the TLS port.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use crate::support::{Platform, text};

pub struct Kubectl<'a> {
    platform: &'a Platform,
    program: String,
}

/// `None`, with words, where kubectl is not installed; on CI that is a failure.
pub fn kubectl(platform: &Platform) -> Option<Kubectl<'_>> {
    match std::env::var("DAIS_KUBECTL") {
        Ok(program) => Some(Kubectl { platform, program }),
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "DAIS_KUBECTL names no kubectl");
            println!("skipped: DAIS_KUBECTL names no kubectl (scripts/with-services sets it)");
            None
        }
    }
}

impl Kubectl<'_> {
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).env("KUBECONFIG", self.platform.data().join("admin.kubeconfig"));
        command.env("HOME", self.platform.folder());
        command
    }

    pub fn ok(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(
            output.status.success(),
            "kubectl {words:?}:\n{}\n{}",
            text(&output),
            self.platform.tail()
        );
        text(&output)
    }

    pub fn apply(&self, manifest: &str) -> Output {
        let mut child = self
            .command(&["apply", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(manifest.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: hello, labels: {app: hello}}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: host
    command: [sh, -c, 'echo one; sleep 0.2; echo two']
";

const JOB: &str = "
apiVersion: dais.io/v1alpha1
kind: TrainingJob
metadata: {name: digits}
spec:
  command: [sh, -c, 'echo training']
---
apiVersion: dais.io/v1alpha1
kind: Dataset
metadata: {name: digits}
spec: {description: eight by eight}
---
apiVersion: dais.io/v1alpha1
kind: Environment
metadata: {name: plain}
spec: {image: host}
---
apiVersion: dais.io/v1alpha1
kind: InferenceService
metadata: {name: digits}
spec: {model: 'models:/digits/1'}
";

#[test]
fn pods_and_all_dais_kinds() {
    let platform = Platform::start();
    let Some(kubectl) = kubectl(&platform) else { return };

    let applied = kubectl.apply(POD);
    assert!(applied.status.success(), "{}", text(&applied));
    let mut follow = kubectl.command(&["logs", "-f", "hello", "--pod-running-timeout=60s"]);
    follow.stdout(Stdio::piped());
    let mut lines = Vec::new();
    platform.until("the pod to run", || {
        let phase = kubectl.ok(&["get", "pod", "hello", "-o", "jsonpath={.status.phase}"]);
        (phase != "Pending").then_some(())
    });
    let mut child = follow.spawn().unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        lines.push(line.unwrap());
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(lines, ["one", "two"]);
    assert!(kubectl.ok(&["get", "pods"]).contains("hello"));
    let described = kubectl.ok(&["describe", "pod", "hello"]);
    assert!(described.contains("Scheduled") && described.contains("Started"), "{described}");
    kubectl.ok(&["delete", "pod", "hello"]);

    let applied = kubectl.apply(JOB);
    assert!(applied.status.success(), "{}", text(&applied));
    platform.until_phase("digits", "Succeeded");
    for (kind, words) in [
        ("trainingjob", "Succeeded"),
        ("dataset", "NoVersion"),
        ("environment", "Available"),
        ("inferenceservice", "ModelNotFound"),
    ] {
        let name = if kind == "environment" { "plain" } else { "digits" };
        let described = platform.until(&format!("{kind} to say {words}"), || {
            let described = kubectl.ok(&["describe", kind, name]);
            let events = described.split("Events:").nth(1).unwrap_or_default();
            // Nothing happened yet to a dataset without versions.
            let has_event = kind == "dataset" || events.contains("dais-controllers");
            let is_told = described.contains(words) && has_event;
            is_told.then_some(described)
        });
        assert!(described.contains("Conditions"), "{described}");
        kubectl.ok(&["get", kind, name, "-o", "yaml"]);
        assert!(kubectl.ok(&["explain", kind]).contains("spec"));
        kubectl.ok(&["delete", kind, name, "--timeout=60s"]);
    }
    assert!(kubectl.ok(&["get", "dais", "-A"]).contains("No resources found"));
}

#[test]
fn a_deployment_rolls_and_its_service_answers() {
    let platform = Platform::start();
    let Some(kubectl) = kubectl(&platform) else { return };
    let manifest = |words: &str| {
        format!(
            "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: web
        image: host
        command: [/usr/bin/python3, -c, \"import http.server,os; h=type('H',(http.server.BaseHTTPRequestHandler,),dict(do_GET=lambda s:(s.send_response(200),s.end_headers(),s.wfile.write(b'{words}')))); http.server.HTTPServer((os.environ['POD_IP'],8000),h).serve_forever()\"]
        ports: [{{containerPort: 8000}}]
        readinessProbe: {{httpGet: {{port: 8000}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8000}}]
"
        )
    };
    assert!(kubectl.apply(&manifest("first")).status.success());
    kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    let ip = kubectl.ok(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]);
    let ask = || platform.http.get(format!("http://{ip}/")).send().ok()?.text().ok();
    assert_eq!(platform.until("the service to answer", ask), "first");
    assert!(kubectl.apply(&manifest("second")).status.success());
    kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    platform.until("the new version alone to answer", || (ask()? == "second").then_some(()));
    kubectl.ok(&["delete", "deployment/web", "service/web", "--timeout=60s"]);
    platform.until("the pods to go", || {
        kubectl.ok(&["get", "pods", "-l", "app=web"]).contains("No resources").then_some(())
    });
}

/// Its own objects are sent in protobuf.
#[test]
fn what_kubectl_makes_without_a_manifest() {
    let platform = Platform::start();
    let Some(kubectl) = kubectl(&platform) else { return };
    for words in [
        "create namespace other",
        "create configmap settings --from-literal=level=debug",
        "create secret generic db --from-literal=password=小秘密",
        "create serviceaccount robot",
        "create role reads --verb=get,list --resource=pods,pods/log",
        "create rolebinding reads --role=reads --serviceaccount=default:robot",
        "create quota most --hard=pods=100,services=64",
        "create deployment quiet --image=host --replicas=0 --port=8000",
        "expose deployment quiet --port=80 --target-port=8000",
        "create job once --image=host -- true",
        "create cronjob hourly --image=host --schedule=@hourly -- true",
        "create token robot --duration=1h",
        "auth whoami",
        "auth can-i create pods",
        "auth can-i --list",
    ] {
        kubectl.ok(&words.split(' ').collect::<Vec<_>>());
    }
    let get =
        |kind: &str, path: &str| kubectl.ok(&["get", kind, "-o", &format!("jsonpath={path}")]);
    assert_eq!(get("configmap/settings", "{.data.level}"), "debug");
    assert_eq!(get("secret/db", "{.data.password}"), "5bCP56eY5a+G");
    assert_eq!(get("quota/most", "{.spec.hard.services}"), "64");
    assert_eq!(
        get(
            "deployment/quiet",
            "{.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}"
        ),
        "0 8000"
    );
    assert_eq!(
        get("service/quiet", "{.spec.ports[0].targetPort} {.spec.selector.app}"),
        "8000 quiet"
    );
    assert_eq!(get("role/reads", "{.rules[0].resources}"), "[\"pods\",\"pods/log\"]");
    kubectl.ok(&["wait", "--for=condition=complete", "job/once", "--timeout=60s"]);
    let who = ["--as=system:serviceaccount:default:robot", "auth", "can-i"];
    assert!(kubectl.ok(&[&who[..], &["list", "pods"]].concat()).contains("yes"));
    let no = kubectl.command(&[&who[..], &["delete", "pods"]].concat()).output().unwrap();
    assert!(text(&no).contains("no"), "{}", text(&no));
}
