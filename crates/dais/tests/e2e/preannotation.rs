//! A labelling project whose tasks a service of the platform answers first.

use serde_json::{Value, json};

use crate::support::Platform;
use crate::tenants::member;

/// Speaks the Open Inference Protocol v2. Until it is opened it has no answer for texts from
/// `text 10` on and says NaN of `text 3`; of `text 5` always a label that nobody knows.
const SERVER: &str = r#"
import http.server, json, os, re
opened = []
def said(text):
    number = int(text.split()[1])
    if number >= 10 and not opened:
        return 503, "not open yet"
    score = float("nan") if number == 3 and not opened else 0.75
    label = "ugly" if number == 5 else "bad" if number % 2 else "good"
    return 200, json.dumps({"model_name": "mood", "model_version": "7", "outputs": [
        {"name": "label", "datatype": "BYTES", "shape": [1], "data": [label]},
        {"name": "score", "datatype": "FP32", "shape": [1], "data": [score]}]})
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())
    def do_GET(self):
        self.answer(200, "ready")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/open":
            opened.append(True)
            return self.answer(200, "open")
        if self.path != "/v2/models/mood/infer":
            return self.answer(404, "no such model")
        tensor = json.loads(body)["inputs"][0]
        assert (tensor["name"], tensor["datatype"], tensor["shape"]) == ("text", "BYTES", [1])
        self.answer(*said(tensor["data"][0]))
    def log_message(self, *words):
        pass
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"#;

const TASKS: usize = 40;
const PROJECTS: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/labelingprojects";
const WORK: &str = "/labeling/p/default/moods";

fn deploy(platform: &Platform) {
    let code = platform.folder().join("mood");
    std::fs::create_dir_all(&code).unwrap();
    std::fs::write(code.join("serve.py"), SERVER).unwrap();
    let code = code.to_str().unwrap();
    let words = ["deploy", "--name", "s", "--code", code, "--ready-path", "/ready", "--"];
    platform.ok(&[words.as_slice(), &["python3", "serve.py"]].concat());
}

fn make(platform: &Platform) {
    let folder = platform.folder().join("moods");
    std::fs::create_dir_all(&folder).unwrap();
    let rows: String = (0..TASKS).map(|at| format!("text {at}\n")).collect();
    std::fs::write(folder.join("moods.csv"), format!("text\n{rows}")).unwrap();
    platform.ok(&["upload", "moods", folder.to_str().unwrap()]);
    let work = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "LabelingProject",
        "metadata": {"name": "moods", "namespace": "default"},
        "spec": {
            "dataset": "moods",
            "config": {"kind": "textClassification", "labels": [{"name": "good"}, {"name": "bad"}]},
            "preannotation": {"service": "s", "model": "mood"},
        },
    });
    assert_eq!(platform.post(PROJECTS, &work).0, 201);
}

/// Waits until so many tasks have a prediction, and the condition says these words.
fn until(platform: &Platform, predicted: usize, words: &str) {
    platform.until(&format!("{predicted} predictions, {words}"), || {
        let status = platform.get(&format!("{PROJECTS}/moods")).ok()?["status"].clone();
        let conditions = status["conditions"].as_array()?;
        let said = conditions.iter().find(|one| one["type"] == "Preannotated")?;
        let is_so = status["preannotation"]["predicted"] == predicted;
        (is_so && said.to_string().contains(words)).then_some(())
    });
}

/// The tasks as everybody sees them who manages the project.
fn tasks(platform: &Platform) -> Vec<Value> {
    let page = platform.get(&format!("{WORK}/tasks?limit=1000")).unwrap();
    page["items"].as_array().unwrap().clone()
}

#[test]
fn a_service_answers_first_and_people_begin_with_what_it_says() {
    let mut platform = Platform::start();
    make(&platform);
    until(&platform, 0, "ServiceNotFound");
    deploy(&platform);
    // Ten answers, of which one is no number and one is no label; the others wait.
    until(&platform, 8, "");
    let failed = platform.ok(&["label", "predict", "moods"]);
    assert!(failed.contains("8 tasks with a prediction"), "{failed}");
    assert!(tasks(&platform).iter().all(|task| !task.to_string().contains("ugly")));

    // Stopped, and killed in the middle of it.
    platform.ok(&["label", "predict", "moods", "--stop"]);
    until(&platform, 8, "Suspended");
    platform.kill();
    platform.up();
    until(&platform, 8, "Suspended");
    let open = format!("{}/serve/default/s/open", platform.serve_url());
    platform.until("the service", || {
        let asked = platform.http.post(&open).bearer_auth(platform.token()).body("").send().ok()?;
        asked.status().is_success().then_some(())
    });
    platform.ok(&["label", "predict", "moods", "--again"]);
    until(&platform, TASKS - 1, "'ugly' is no label of this project");

    for task in tasks(&platform) {
        let number: usize =
            task["key"].as_str().unwrap().split('#').nth(1).unwrap().parse().unwrap();
        let (number, whole) = (number - 2, platform.get(&format!("{WORK}/tasks/{}", task["task"])));
        let whole = whole.unwrap();
        let noted = whole["history"].as_array().unwrap().iter();
        let noted = noted.filter(|event| event["what"] == "predicted").count();
        if number == 5 {
            assert_eq!((noted, &task["predictions"]), (0, &Value::Null));
            continue;
        }
        let label = if number % 2 == 1 { "bad" } else { "good" };
        let expected = json!([{"answer": {"choices": [label]}, "score": 0.75, "model": "mood/7"}]);
        assert_eq!((noted, &task["predictions"]), (1, &expected), "{task}");
    }

    let ann = member(&platform, "ann", "default", "annotator");
    let (code, held) = platform.post_as(&ann.token, &format!("{WORK}/next"), &json!({}));
    assert_eq!(code, 200, "{held}");
    assert_eq!(held["held"]["task"]["predictions"][0]["model"], "mood/7", "{held}");
    let again = format!("{WORK}/predictions/again");
    assert_eq!(platform.post_as(&ann.token, &again, &json!({})).0, 403);

    let file = platform.folder().join("tasks.json");
    let to = file.to_str().unwrap();
    let body = json!({"version": held["held"]["turn"]["version"], "answer": {"choices": ["good"]}});
    let task = &held["held"]["task"]["task"];
    let submit = format!("{WORK}/tasks/{task}/submit");
    assert_eq!(platform.post_as(&ann.token, &submit, &body).0, 200);
    platform.ok(&["label", "export", "moods", "--format", "label-studio", "--to", to]);
    let exported: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let prediction = &exported[0]["predictions"][0];
    assert_eq!(prediction["model_version"], "mood/7", "{exported}");
    assert_eq!(prediction["score"], 0.75, "{exported}");
    assert_eq!(prediction["result"][0]["value"], json!({"choices": ["good"]}), "{exported}");
}
