//! Commands in a running pod and its ports, through kubectl and the Python client.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::kubectl::{Kubectl, kubectl};
use crate::support::{Platform, text};
use crate::tenants::{member, person};

const PORT: u16 = 18099;
const SHELL: &str = "
apiVersion: v1
kind: Pod
metadata: {name: shell}
spec:
  containers:
  - name: main
    image: host
    command: [python3, -u, -c, \"import http.server as h, os; print('serving'); h.HTTPServer((os.environ['POD_IP'], 18099), h.SimpleHTTPRequestHandler).serve_forever()\"]
    readinessProbe: {tcpSocket: {port: 18099}, periodSeconds: 1}
";

fn shell(kubectl: &Kubectl<'_>) {
    assert!(kubectl.apply(SHELL).status.success());
    kubectl.ok(&["wait", "--for=condition=Ready", "pod/shell", "--timeout=60s"]);
}

/// Over SPDY, which older clients speak, and over WebSockets.
const PROTOCOLS: [&str; 2] = ["false", "true"];

fn over(protocol: &str, kubectl: &Kubectl<'_>, words: &[&str]) -> Command {
    let mut command = kubectl.command(words);
    command.env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", protocol);
    command.env("KUBECTL_PORT_FORWARD_WEBSOCKETS", protocol);
    command
}

fn with_input(mut command: Command, input: &[u8]) -> Output {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    })
}

#[test]
fn kubectl_runs_commands_and_forwards_ports() {
    let platform = Platform::start();
    let Some(kubectl) = kubectl(&platform) else { return };
    shell(&kubectl);
    // More than any buffer on the way holds, and no text.
    let bytes: Vec<u8> =
        (0..3_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for protocol in PROTOCOLS {
        let words = "echo out; echo err >&2; test $(id -un) = user && exit 3";
        let done = over(protocol, &kubectl, &["exec", "shell", "--", "sh", "-c", words]);
        let done = { done }.output().unwrap();
        assert_eq!(done.stdout, b"out\n");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(said.starts_with("err\n") && said.contains("exit code 3"), "{said}");
        assert_eq!(done.status.code(), Some(3));

        let echo = over(protocol, &kubectl, &["exec", "-i", "shell", "--", "cat"]);
        let echoed = with_input(echo, &bytes);
        assert!(echoed.status.success(), "{}", text(&echoed));
        assert!(echoed.stdout == bytes, "{} bytes came back", echoed.stdout.len());

        let forward = ["port-forward", "pod/shell", &format!(":{PORT}")];
        let mut forward = over(protocol, &kubectl, &forward);
        let mut forward = forward.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // Held: it goes on to tell of each connection, and would end where nobody reads.
        let mut told = BufReader::new(forward.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let local = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next());
        let address = format!("http://127.0.0.1:{}/", local.unwrap());
        for _ in 0..3 {
            assert_eq!(platform.http.get(&address).send().unwrap().status(), 200);
        }
        forward.kill().unwrap();
        forward.wait().unwrap();
    }
    let file = platform.folder().join("a b.txt");
    std::fs::write(&file, "copied").unwrap();
    kubectl.ok(&["cp", file.to_str().unwrap(), "shell:/tmp/there.txt"]);
    assert_eq!(kubectl.ok(&["exec", "shell", "--", "cat", "/tmp/there.txt"]), "copied");
    for (words, said) in [
        ("exec shell -- nonsuch", "not found"),
        ("exec nobody -- true", "NotFound"),
        ("exec shell -c other -- true", "not valid for pod"),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let refused = kubectl.command(&words).output().unwrap();
        assert!(!refused.status.success() && text(&refused).contains(said), "{}", text(&refused));
    }
}

#[test]
fn the_python_client_has_a_terminal_and_hangs_up() {
    let platform = Platform::start();
    let Some(kubectl) = kubectl(&platform) else { return };
    let Ok(python) = std::env::var("DAIS_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "DAIS_TEST_PYTHON is not set");
        return;
    };
    shell(&kubectl);
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/exec.py"))
        .env("KUBECONFIG", platform.data().join("admin.kubeconfig"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = text(&output);
    assert!(said.contains("all steps passed"), "{said}\n{}", platform.tail());
}

#[test]
fn who_may_only_look_runs_nothing_and_each_command_is_on_record() {
    let platform = Platform::start();
    let Some(kubectl) = kubectl(&platform) else { return };
    shell(&kubectl);
    let looks = member(&platform, "vic", "default", "view");
    let other = person(&platform, "bob", "far");
    let pod = format!("{}/k8s/api/v1/namespaces/default/pods/shell", platform.url());
    for token in [&looks.token, &other.token] {
        for verb in ["exec?command=id&stdout=true", "attach?stdout=true", "portforward?ports=1"] {
            let upgrade = platform.http.get(format!("{pod}/{verb}")).bearer_auth(token);
            let upgrade = upgrade
                .header("connection", "Upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "MTIzNDU2Nzg5MDEyMzQ1Ng==")
                .header("sec-websocket-protocol", "v5.channel.k8s.io");
            assert_eq!(upgrade.send().unwrap().status(), 403, "{verb}");
        }
    }
    // Without an upgrade, and with words.
    let token = platform.token();
    for (query, words) in [
        ("exec?stdout=true", "at least one command"),
        ("exec?command=id&container=x", "not valid for pod"),
        ("exec?command=id", "an upgrade to WebSocket or SPDY/3.1 is required"),
        ("portforward?ports=0", "an upgrade"),
    ] {
        let answer =
            platform.http.get(format!("{pod}/{query}")).bearer_auth(&token).send().unwrap();
        assert_eq!(answer.status(), 400);
        let body: Value = answer.json().unwrap();
        assert!(body["message"].as_str().unwrap().contains(words), "{body}");
    }
    kubectl.ok(&["exec", "shell", "--", "true"]);
    let audit = platform.get("/api/audit?project=default&resource=pods/exec&name=shell").unwrap();
    let record = |code: u16| {
        let items = audit["items"].as_array().unwrap();
        items.iter().find(|one| one["code"] == code).cloned()
    };
    assert_eq!(record(101).unwrap()["verb"], "create", "{audit}");
    assert_eq!(record(403).unwrap()["user"], "bob", "{audit}");
}
