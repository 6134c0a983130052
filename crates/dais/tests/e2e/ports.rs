//! A port that another project's program took is sent nothing: the kernel says whose it is.

use serde_json::{Value, json};

use crate::support::Platform;
use crate::tenants::{Person, person};

/// Takes an address as soon as it is free, and says of every connection how much came.
const THIEF: &str = r#"
import socket, sys, threading, time
address = sys.argv[1], int(sys.argv[2])
while True:
    listener = socket.socket()
    # Over connections that have ended, never over a listener.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
        break
    except OSError:
        listener.close()
        time.sleep(0.001)
print("took it", flush=True)
def hear(connection):
    came = 0
    try:
        while more := connection.recv(4096):
            came += len(more)
    except OSError:
        pass
    print("came", came, flush=True)
while True:
    threading.Thread(target=hear, args=[listener.accept()[0]], daemon=True).start()
"#;

/// Only root has users apart for projects.
fn tells_projects_apart() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("skipped: started as an ordinary user, all pods are that user");
    }
    is_root
}

fn log_of(platform: &Platform, person: &Person, pod: &str) -> String {
    let path = format!("/k8s/api/v1/namespaces/{}/pods/{pod}/log", person.project);
    let request = platform.http.get(format!("{}{path}", platform.url()));
    request.bearer_auth(&person.token).send().unwrap().text().unwrap()
}

fn steal(platform: &Platform, thief: &Person, (ip, port): (&str, &str)) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "thief"},
        "spec": {"containers": [{"name": "c", "image": "host",
                                 "command": ["python3", "-c", THIEF, ip, port]}]},
    });
    let path = format!("/k8s/api/v1/namespaces/{}/pods", thief.project);
    let (code, answer) = platform.post_as(&thief.token, &path, &pod);
    assert_eq!(code, 201, "{answer}");
}

/// How much came over each connection to the thief, once there was one.
fn heard(platform: &Platform, thief: &Person) -> Vec<u64> {
    platform.until("a connection to the thief", || {
        let log = log_of(platform, thief, "thief");
        let came = log.lines().filter_map(|line| line.strip_prefix("came ")?.parse().ok());
        let came: Vec<u64> = came.collect();
        (!came.is_empty()).then_some(came)
    })
}

fn pod_of(platform: &Platform, owner: &Person, kind: &str) -> Value {
    let path = format!("/k8s/api/v1/namespaces/{}/pods", owner.project);
    let pods = platform.get_as(&owner.token, &path).unwrap();
    let mut pods = pods["items"].as_array().unwrap().iter();
    pods.find(|pod| pod["metadata"]["labels"]["dais.io/kind"] == kind).unwrap().clone()
}

fn ask(platform: &Platform, owner: &Person, path: &str) -> (u16, String) {
    let url = format!("{}{path}", platform.serve_url());
    let response = platform.http.get(url).bearer_auth(&owner.token).send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

#[test]
fn a_notebooks_port_that_another_project_took_is_sent_nothing() {
    if !tells_projects_apart() {
        return;
    }
    let platform = Platform::start();
    let (ann, bob) = (person(&platform, "ann", "risk"), person(&platform, "bob", "vision"));
    let (made, said) = ann.command(&platform, &["notebook", "create", "work", "--idle", "0"]);
    assert!(made, "{said}");
    let lab = "/notebook/risk/work";
    assert_eq!(ask(&platform, &ann, &format!("{lab}/api/kernels")).0, 200);
    let pod = pod_of(&platform, &ann, "Notebook");
    let ip = pod["status"]["podIP"].as_str().unwrap();
    steal(&platform, &bob, (ip, "8888"));

    // The server ends, and its pod begins it anew; another program is first.
    let end = format!("{}{lab}/api/shutdown", platform.serve_url());
    let ended = platform.http.post(end).bearer_auth(&ann.token).send().unwrap();
    assert!(ended.status().is_success(), "{}", ended.status());
    let taken = || log_of(&platform, &bob, "thief").contains("took it").then_some(());
    platform.until("the thief to take the port", taken);
    platform.until("the notebook's people to be told", || {
        let events = ann_events(&platform, &ann);
        events.contains("held by a process of another project").then_some(())
    });
    let (code, words) = ask(&platform, &ann, &format!("{lab}/api/kernels?secret=1"));
    assert!((500..600).contains(&code), "{code}: {words}");
    let came = heard(&platform, &bob);
    assert!(came.iter().all(|bytes| *bytes == 0), "{came:?}");
}

fn ann_events(platform: &Platform, ann: &Person) -> String {
    let path = format!("/k8s/api/v1/namespaces/{}/events", ann.project);
    platform.get_as(&ann.token, &path).unwrap().to_string()
}
