//! A platform with models to compare, people who ask, and what is told of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::Platform;

/// Answers with the version of its model; version 9 fails whatever it is asked.
const SERVER: &str = r#"
import http.server, json, os
version = os.environ.get("DAIS_MODEL_URI", "/0").rsplit("/", 1)[1]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()
    def do_GET(self):
        code = 500 if version == "9" and self.path != "/ready" else 200
        body = json.dumps({"version": version}).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"#;

const API: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default";

/// What one request was told.
#[derive(Clone, Debug)]
pub struct Asked {
    pub code: u16,
    pub variant: Option<String>,
    pub request: String,
    pub version: String,
}

/// With versions 1 to 9 of model `m`.
pub fn platform() -> Platform {
    let platform = Platform::start();
    let api = "/mlflow/p/default/api/2.0/mlflow";
    let made = platform.post(&format!("{api}/registered-models/create"), &json!({"name": "m"}));
    assert_eq!(made.0, 200, "{}", made.1);
    let files = format!("{}{api}-artifacts/artifacts/0/r/artifacts/m", platform.url());
    for _ in 0..9 {
        let version = json!({"name": "m", "source": files});
        let made = platform.post(&format!("{api}/model-versions/create"), &version);
        assert_eq!(made.0, 200, "{}", made.1);
    }
    platform
}

/// A service of a version, that answers.
pub fn deploy(platform: &Platform, name: &str, version: u8) {
    let code = platform.folder().join("server");
    std::fs::create_dir_all(&code).unwrap();
    std::fs::write(code.join("serve.py"), SERVER).unwrap();
    let (code, model) = (code.to_str().unwrap(), format!("models:/m/{version}"));
    platform.ok(&[
        "deploy",
        &model,
        "--name",
        name,
        "--code",
        code,
        "--ready-path",
        "/ready",
        "--",
        "python3",
        "serve.py",
    ]);
}

/// Makes a test and waits until it shares requests out.
pub fn begin(platform: &Platform, name: &str, spec: &Value) {
    create(platform, name, spec);
    until_phase(platform, name, "Running");
}

pub fn create(platform: &Platform, name: &str, spec: &Value) {
    let (code, answer) = offer(platform, name, spec);
    assert_eq!(code, 201, "{answer}");
}

pub fn offer(platform: &Platform, name: &str, spec: &Value) -> (u16, Value) {
    let test = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "ABTest",
        "metadata": {"name": name}, "spec": spec,
    });
    platform.post(&format!("{API}/abtests"), &test)
}

pub fn read(platform: &Platform, name: &str) -> Value {
    platform.get(&format!("{API}/abtests/{name}")).unwrap_or_default()
}

pub fn service(platform: &Platform, name: &str) -> Value {
    platform.get(&format!("{API}/inferenceservices/{name}")).unwrap_or_default()
}

pub fn services(platform: &Platform) -> Vec<String> {
    let all = platform.get(&format!("{API}/inferenceservices")).unwrap();
    let names = all["items"].as_array().unwrap().iter();
    names.map(|one| one["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

pub fn policies(platform: &Platform) -> Vec<Value> {
    let all = platform.get(&format!("{API}/trafficpolicies")).unwrap();
    all["items"].as_array().unwrap().clone()
}

pub fn until_phase(platform: &Platform, name: &str, phase: &str) -> Value {
    until_status(platform, name, &format!("test {name} to be {phase}"), |status| {
        status["phase"] == phase
    })
}

pub fn until_status(
    platform: &Platform,
    name: &str,
    words: &str,
    holds: impl Fn(&Value) -> bool,
) -> Value {
    let last = std::cell::RefCell::new(Value::Null);
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        platform.until(words, || {
            let status = read(platform, name)["status"].clone();
            let found = holds(&status).then(|| status.clone());
            last.replace(status);
            found
        })
    }));
    found.unwrap_or_else(|why| {
        eprintln!("{:#}", last.borrow());
        std::panic::resume_unwind(why)
    })
}

/// Changes fields of an object of ours; the answer.
pub fn patch(platform: &Platform, path: &str, spec: &Value) -> (u16, Value) {
    let response = platform
        .http
        .patch(format!("{}{API}/{path}", platform.url()))
        .bearer_auth(platform.token())
        .header("content-type", "application/merge-patch+json")
        .body(json!({ "spec": spec }).to_string())
        .send()
        .unwrap();
    (response.status().as_u16(), response.json().unwrap_or_default())
}

/// A person asks at an address, named in a header.
pub fn ask(platform: &Platform, address: &str, user: &str) -> Asked {
    let url = format!("{}/serve/default/{address}/x", platform.serve_url());
    let request = platform.http.get(url).bearer_auth(platform.token()).header("x-user", user);
    told(request)
}

/// The same, named in the body.
pub fn ask_with_body(platform: &Platform, address: &str, user: &str) -> Asked {
    let url = format!("{}/serve/default/{address}/x", platform.serve_url());
    told(platform.http.post(url).bearer_auth(platform.token()).json(&json!({"user": user})))
}

fn told(request: reqwest::blocking::RequestBuilder) -> Asked {
    let response = request.send().unwrap();
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let (variant, request) = (header("x-dais-variant"), header("x-dais-request-id"));
    let code = response.status().as_u16();
    let answer: Value = response.json().unwrap_or_default();
    Asked {
        code,
        variant,
        request: request.unwrap_or_default(),
        version: answer["version"].as_str().unwrap_or_default().to_owned(),
    }
}

/// So many people ask once; who got which variant.
pub fn ask_all(platform: &Platform, address: &str, people: usize) -> BTreeMap<String, Asked> {
    let user = |number: usize| format!("user-{number}");
    let asked = (0..people).map(|number| (user(number), ask(platform, address, &user(number))));
    asked.collect()
}

/// Bodies sent to `/feedback` one after another by a Python client; code and answer of each.
pub fn feedback(platform: &Platform, bodies: &Value) -> Vec<(u16, Value)> {
    let python = std::env::var("DAIS_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/abtests.py");
    let mut child = Command::new(python)
        .args([script, &format!("{}/feedback", platform.url()), &platform.token()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bodies.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Rows of a table of the outcomes' database.
pub fn rows(platform: &Platform, table: &str) -> i64 {
    let python = std::env::var("DAIS_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let database = platform.data().join("relations/outcomes.db");
    let script = "import sqlite3, sys\nprint(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM ' + sys.argv[2]).fetchone()[0])";
    let output = Command::new(python).args(["-c", script]).arg(database).arg(table).output();
    let output = output.unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

/// Two variants, told apart by a header, measured by what is told.
pub fn spec(variants: Value) -> Value {
    json!({
        "variants": variants,
        "key": {"header": "x-user"},
        "metrics": [
            {"name": "bought"},
            {"name": "errors", "direction": "decrease", "source": {"builtin": "errors"}},
            {"name": "latency", "kind": "mean", "direction": "decrease", "source": {"builtin": "latency"}},
        ],
        "primary": "bought",
        "analysis": {"minSubjects": 20},
    })
}
