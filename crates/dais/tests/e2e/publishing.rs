//! Services of programs and models: how many servers, of which version, with no request
//! lost on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::Platform;

/// Answers with the version of its model, and takes its time for what is posted; version 2
/// fails whatever it is asked.
const SERVER: &str = r#"
import http.server, os, time
version = os.environ.get("DAIS_MODEL_URI", "/0").rsplit("/", 1)[1]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        code = 500 if version == "2" and self.path != "/ready" else 200
        body = f"version {version} at {self.path}\n".encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(4)
        self.do_GET()
    def log_message(self, *words):
        pass
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"#;

fn code(platform: &Platform) -> String {
    let code = platform.folder().join("server");
    std::fs::create_dir_all(&code).unwrap();
    std::fs::write(code.join("serve.py"), SERVER).unwrap();
    code.to_str().unwrap().to_owned()
}

fn deploy(platform: &Platform, model: Option<&str>, options: &[&str]) {
    let code = code(platform);
    let mut words = vec!["deploy"];
    words.extend(model);
    words.extend(["--name", "s", "--code", &code, "--ready-path", "/ready"]);
    words.extend(options);
    words.extend(["--", "python3", "serve.py"]);
    platform.ok(&words);
}

/// A registered model with so many versions; their files are nobody's business here.
fn register(platform: &Platform, versions: usize) {
    let api = "/mlflow/p/default/api/2.0/mlflow";
    let (code, answer) =
        platform.post(&format!("{api}/registered-models/create"), &json!({"name": "m"}));
    assert_eq!(code, 200, "{answer}");
    for _ in 0..versions {
        let version = json!({"name": "m", "source": "mlflow-artifacts:/none"});
        let (code, answer) = platform.post(&format!("{api}/model-versions/create"), &version);
        assert_eq!(code, 200, "{answer}");
    }
}

fn ask(platform: &Platform, path: &str) -> (u16, String) {
    let address = format!("{}/serve/default/s{path}", platform.serve_url());
    let response = platform.http.get(address).bearer_auth(platform.token()).send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

fn service(platform: &Platform) -> Value {
    let path = "/k8s/apis/dais.io/v1alpha1/namespaces/default/inferenceservices/s";
    platform.get(path).unwrap()
}

fn pods(platform: &Platform) -> usize {
    let pods = platform.get("/k8s/api/v1/namespaces/default/pods").unwrap();
    pods["items"].as_array().unwrap().len()
}

#[test]
fn a_program_sleeps_while_nobody_asks_and_a_request_wakes_it() {
    let platform = Platform::start();
    deploy(&platform, None, &["--scale", "0..2", "--idle", "1"]);
    assert_eq!(ask(&platform, "/a?b=c"), (200, "version 0 at /a?b=c\n".to_owned()));
    platform.until("the service to sleep", || {
        let status = service(&platform)["status"].clone();
        let asleep = status["conditions"][0]["reason"] == "Asleep";
        (asleep && pods(&platform) == 0).then_some(())
    });
    // Several at once: all of them wait for the same first server.
    let answers = std::thread::scope(|scope| {
        let asks: Vec<_> = (0..5).map(|_| scope.spawn(|| ask(&platform, "/"))).collect();
        asks.into_iter().map(|ask| ask.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(answers.iter().all(|(code, _)| *code == 200), "{answers:?}");
    platform.ok(&["delete", "inferenceservice", "s"]);
    platform.until("everything of it to go", || {
        let policies =
            platform.get("/k8s/apis/dais.io/v1alpha1/namespaces/default/trafficpolicies").ok()?;
        let none = policies["items"].as_array()?.is_empty();
        (none && pods(&platform) == 0 && ask(&platform, "/").0 == 404).then_some(())
    });
}

/// Asks again and again beside what else happens; how many answers were not 200.
struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    askers: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn start(platform: &Platform, askers: usize) -> Self {
        Self::with(platform, askers, reqwest::Method::GET)
    }

    fn with(platform: &Platform, askers: usize, method: reqwest::Method) -> Self {
        let (stop, asked, failed) =
            <(Arc<AtomicBool>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let address = format!("{}/serve/default/s/x", platform.serve_url());
        let token = platform.token();
        let askers = (0..askers).map(|_| {
            let (stop, asked, failed) = (stop.clone(), asked.clone(), failed.clone());
            let (address, token, method) = (address.clone(), token.clone(), method.clone());
            std::thread::spawn(move || {
                let http = reqwest::blocking::Client::new();
                while !stop.load(Ordering::Relaxed) {
                    let body = if method == reqwest::Method::POST { "x" } else { "" };
                    let asked_for = http.request(method.clone(), &address).bearer_auth(&token);
                    let answer = asked_for.body(body).send();
                    let good = answer.is_ok_and(|answer| answer.status().is_success());
                    asked.fetch_add(1, Ordering::Relaxed);
                    failed.fetch_add(usize::from(!good), Ordering::Relaxed);
                }
            })
        });
        let askers = askers.collect();
        Self { stop, asked, failed, askers }
    }

    /// (asked, failed)
    fn end(self) -> (usize, usize) {
        self.stop.store(true, Ordering::Relaxed);
        for asker in self.askers {
            asker.join().unwrap();
        }
        (self.asked.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }
}

#[test]
fn rolling_to_another_version_loses_no_request() {
    let platform = Platform::start();
    register(&platform, 3);
    deploy(&platform, Some("models:/m/1"), &["--replicas", "2"]);
    let load = Load::start(&platform, 4);
    deploy(&platform, Some("models:/m/3"), &["--replicas", "2"]);
    platform.until("the new version alone to answer", || {
        (ask(&platform, "/").1.contains("version 3") && pods(&platform) == 2).then_some(())
    });
    let (asked, failed) = load.end();
    assert!(failed == 0 && asked > 20, "{failed} of {asked} requests failed\n{}", platform.tail());
    assert_eq!(service(&platform)["status"]["modelVersion"], "3");
}

/// Each takes longer than a server is given that nobody waits for.
#[test]
fn a_slow_request_is_answered_by_the_server_that_began_it() {
    let platform = Platform::start();
    register(&platform, 3);
    deploy(&platform, Some("models:/m/1"), &[]);
    let load = Load::with(&platform, 8, reqwest::Method::POST);
    platform.until("requests to be under way", || {
        let query = "sum(dais_gateway_requests_in_flight%7Bservice%3D%22s%22%7D)";
        let answer = platform.get(&format!("/prometheus/api/v1/query?query={query}")).ok()?;
        (answer["data"]["result"][0]["value"][1] == "8").then_some(())
    });
    deploy(&platform, Some("models:/m/3"), &[]);
    platform.until("the new version alone to answer", || {
        (ask(&platform, "/").1.contains("version 3") && pods(&platform) == 1).then_some(())
    });
    let (asked, failed) = load.end();
    assert!(failed == 0 && asked >= 8, "{failed} of {asked} requests failed\n{}", platform.tail());
}

#[test]
fn a_bad_version_is_taken_back_and_a_good_one_takes_over() {
    let platform = Platform::start();
    register(&platform, 3);
    let canary = ["--canary", "20,50", "--step", "1", "--min-requests", "10"];
    deploy(&platform, Some("models:/m/1"), &canary);
    let load = Load::start(&platform, 2);
    deploy(&platform, Some("models:/m/2"), &canary);
    let status = platform.until("version 2 to be taken back", || {
        let status = service(&platform)["status"].clone();
        (status["rollout"]["state"] == "RolledBack").then_some(status)
    });
    assert_eq!(status["modelVersion"], "1", "{status:#}");
    let words = status["rollout"]["message"].as_str().unwrap();
    assert!(words.contains("was taken back at 20 %"), "{words}");
    platform.until("its servers to go", || (pods(&platform) == 1).then_some(()));
    let (asked, failed) = load.end();
    assert!(failed > 0 && failed < asked / 2, "{failed} of {asked}");

    let load = Load::start(&platform, 2);
    deploy(&platform, Some("models:/m/3"), &canary);
    platform.until("version 3 to take over", || {
        let status = service(&platform)["status"].clone();
        let over = status["modelVersion"] == "3" && status["rollout"].is_null();
        (over && pods(&platform) == 1).then_some(())
    });
    let (asked, failed) = load.end();
    assert!(failed == 0, "{failed} of {asked} requests failed\n{}", platform.tail());
    assert!((0..20).all(|_| ask(&platform, "/").1.contains("version 3")));
}

#[test]
fn requests_are_written_to_the_services_log() {
    let platform = Platform::start();
    deploy(&platform, None, &["--record", "100"]);
    assert_eq!(ask(&platform, "/recorded").0, 200);
    platform.until("the request in the log", || {
        let query = json!({"query": {"bool": {"filter": [
            {"term": {"app": "s"}}, {"match_phrase": {"message": "GET /recorded"}}]}}});
        let (code, found) = platform.post("/elasticsearch/_search", &query);
        assert_eq!(code, 200, "{found}");
        let line = found["hits"]["hits"][0]["_source"].to_string();
        (line.contains("version 0 at /recorded") && line.contains("200")).then_some(())
    });
}

#[test]
fn a_service_says_why_it_is_not_ready() {
    let platform = Platform::start();
    let code = code(&platform);
    platform.ok(&[
        "deploy",
        "--name",
        "s",
        "--code",
        &code,
        "--ready-path",
        "/ready",
        "--detach",
        "--",
        "python3",
        "-c",
        "raise SystemExit('no weights here')",
    ]);
    platform.until("the reason", || {
        let message = service(&platform)["status"]["conditions"][0]["message"].clone();
        message.as_str()?.contains("no weights here").then_some(())
    });
}
