//! Algorithms: versions, jobs that run them, what is shared and what is not, and those that
//! come with dais.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Platform, text};
use crate::tenants::{Person, person};

const ALL: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/algorithms";
const MAIN: &str = "echo \"$DAIS_ALGORITHM with $DAIS_PARAMETERS\"
cat \"$DAIS_INPUT_DATA\"/*.csv; echo rate $DAIS_PARAM_RATE and \"$1\"\n";

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["target"],
        "additionalProperties": false,
        "properties": {
            "target": {"type": "string"},
            "rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.1},
            "deep": {"type": "boolean", "default": false},
        },
    })
}

/// A folder with code, its schema, and a dataset to run it on.
fn prepare(platform: &Platform) -> String {
    let folder = platform.folder();
    let code = folder.join("forest");
    write(&code, "main.sh", MAIN);
    write(folder, "schema.json", &schema().to_string());
    write(&folder.join("flowers"), "flowers.csv", "a,b\n1,2\n");
    platform.ok(&["upload", "flowers", folder.join("flowers").to_str().unwrap()]);
    code.to_str().unwrap().to_owned()
}

fn create(platform: &Platform, code: &str, options: &[&str]) -> String {
    let schema = platform.folder().join("schema.json");
    let schema = schema.to_str().unwrap();
    let mut words = vec!["algorithm", "create", "forest", "--code", code, "--parameters", schema];
    words.extend(["--input", "data"]);
    words.extend(options);
    words.extend(["--", "sh", "main.sh", "$(DAIS_PARAM_RATE)"]);
    platform.ok(&words)
}

fn run(platform: &Platform, name: &str, words: &[&str]) -> (Option<i32>, String) {
    let mut all = vec!["run", "--name", name];
    all.extend(words);
    let output = platform.dais(&all);
    (output.status.code(), text(&output))
}

#[test]
fn a_change_of_what_runs_is_a_version_and_a_job_keeps_the_one_it_ran() {
    let mut platform = Platform::start();
    let code = prepare(&platform);
    assert!(create(&platform, &code, &[]).contains("forest@v1"));
    // The same again is none, nor is what is only said of it.
    assert!(create(&platform, &code, &["--title", "A forest"]).contains("forest@v1"));

    let words = ["--algorithm", "forest", "--data", "flowers", "--param", "target=b"];
    let (exit, said) = run(&platform, "one", &words);
    assert_eq!(exit, Some(0), "{said}\n{}", platform.tail());
    // Typed by the schema, defaults filled in, the same value by every way.
    assert!(said.contains(r#"forest@v1 with {"target":"b","rate":0.1,"deep":false}"#), "{said}");
    assert!(said.contains("a,b\n1,2\nrate 0.1 and 0.1"), "{said}");
    let job = platform.job("one");
    assert_eq!(job["status"]["algorithm"]["version"], "v1", "{job:#}");
    assert_eq!(job["status"]["algorithm"]["parameters"]["rate"], "0.1", "{job:#}");
    assert!(job["spec"]["command"].is_null(), "{job:#}");

    write(Path::new(&code), "more.sh", "true\n");
    let said = create(&platform, &code, &["--cpu", "1", "--why", "counts more"]);
    assert!(said.contains("forest@v2"), "{said}");
    platform.kill();
    platform.up();
    let versions = platform.ok(&["algorithm", "versions", "forest"]);
    assert!(versions.contains("counts more") && versions.contains("admin"), "{versions}");
    assert!(!versions.contains("v3"), "{versions}");
    let diff = platform.ok(&["algorithm", "diff", "forest", "v1", "v2"]);
    assert!(diff.contains("added: more.sh") && diff.contains("resources.limits.cpu"), "{diff}");
    assert!(!diff.contains("main.sh"), "{diff}");

    // Exactly is the version that ran; with the newest, the newest.
    let again = platform.ok(&["rerun", "one", "--name", "again"]);
    assert!(again.contains("forest@v1 with"), "{again}");
    let newest = platform.ok(&["rerun", "one", "--newest", "--name", "newest"]);
    assert!(newest.contains("forest@v2 with"), "{newest}");
    let pods = platform.get("/k8s/api/v1/namespaces/default/pods/newest-1").unwrap();
    let limits = &pods["spec"]["containers"][0]["resources"]["limits"];
    assert_eq!(limits["cpu"], "1", "{pods:#}");
    let run = job["status"]["runId"].as_str().unwrap();
    let run =
        platform.get(&format!("/mlflow/p/default/api/2.0/mlflow/runs/get?run_id={run}")).unwrap();
    let tags = run["run"]["data"]["tags"].as_array().unwrap();
    let tag = tags.iter().find(|tag| tag["key"] == "dais.algorithm").unwrap();
    assert_eq!(tag["value"], "forest@v1");

    // A version that should not be used is left out where none is named, and else warns.
    platform.ok(&["algorithm", "deprecate", "forest", "v2", "--reason", "counts wrong"]);
    let (_, said) = run_plain(&platform, "old", "forest");
    assert!(said.contains("forest@v1 with"), "{said}");
    let (exit, said) = run_plain(&platform, "warned", "forest@v2");
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("forest@v2 is deprecated: counts wrong"), "{said}");
    assert!(create(&platform, &code, &["--cpu", "1"]).contains("forest@v2"), "no version of it");
    let refused = text(&platform.dais(&["algorithm", "deprecate", "forest", "v9", "--undo"]));
    assert!(refused.contains("no version \"v9\"; its newest is v2"), "{refused}");
}

fn run_plain(platform: &Platform, name: &str, algorithm: &str) -> (Option<i32>, String) {
    run(platform, name, &["--algorithm", algorithm, "--data", "flowers", "--param", "target=b"])
}

#[test]
fn what_an_algorithm_does_not_take_is_refused_with_its_field() {
    let platform = Platform::start();
    let code = prepare(&platform);
    create(&platform, &code, &[]);
    for (at, (words, said)) in [
        (&["--data", "flowers"][..], "spec.parameters.target: is required"),
        (&["--param", "target=b"][..], "spec.datasets: the algorithm's input \"data\""),
        (
            &["--data", "flowers", "--param", "target=b", "--param", "rate=7"][..],
            "spec.parameters.rate: 7 is greater than the maximum of 1",
        ),
        (
            &["--data", "flowers", "--param", "target=b", "--param", "deph=7"][..],
            "spec.parameters.deph: the algorithm has no such parameter; it has",
        ),
        (
            &["--data", "x=flowers", "--param", "target=b"][..],
            "spec.datasets[0].input: the algorithm has no input \"x\"; it has data",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut all = vec!["--algorithm", "forest"];
        all.extend(words);
        let (exit, told) = run(&platform, &format!("bad-{at}"), &all);
        assert_ne!(exit, Some(0), "{told}");
        assert!(told.contains(said), "{told}");
    }
    let jobs = "/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs";
    let job = |spec: Value| json!({"apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob", "metadata": {"generateName": "j-"}, "spec": spec});
    for (spec, said) in [
        (json!({}), "exactly one of spec.command and spec.algorithm"),
        (json!({"command": ["true"], "algorithm": {"name": "forest"}}), "exactly one of"),
        (json!({"algorithm": {"name": "a/b/c"}}), "spec.algorithm.name"),
        (json!({"algorithm": {"name": "forest", "version": "2"}}), "spec.algorithm.version"),
    ] {
        let (status, answer) = platform.post(jobs, &job(spec));
        assert_eq!(status, 422, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(said), "{answer}");
    }
    // One that is not there yet is waited for.
    platform.post(jobs, &json!({"apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob", "metadata": {"name": "early"}, "spec": {"algorithm": {"name": "late"}}}));
    platform.until("the job to wait", || {
        let job = platform.job("early");
        let words = job["status"]["conditions"][0]["message"].as_str()?.to_owned();
        words.contains("spec.algorithm: no Algorithm \"late\"").then_some(())
    });
    let late = json!({"apiVersion": "dais.io/v1alpha1", "kind": "Algorithm", "metadata": {"name": "late"}, "spec": {"command": ["true"]}});
    assert_eq!(platform.post(ALL, &late).0, 201);
    platform.until_phase("early", "Succeeded");

    // A schema that is none makes no version.
    let bad = json!({"apiVersion": "dais.io/v1alpha1", "kind": "Algorithm", "metadata": {"name": "bad"}, "spec": {"command": ["true"], "parameters": {"type": "object", "properties": {"a": {"type": "nmber"}}}}});
    assert_eq!(platform.post(ALL, &bad).0, 201);
    let status = platform.until("the schema to be refused", || {
        let status = platform.get(&format!("{ALL}/bad")).ok()?["status"].clone();
        (status["conditions"][0]["reason"] == "Invalid").then_some(status)
    });
    let words = status["conditions"][0]["message"].as_str().unwrap();
    assert!(words.starts_with("spec.parameters.properties.a.type: "), "{words}");
    assert!(status["latest"].is_null(), "{status}");
}

fn as_person(platform: &Platform, who: &Person, words: &[&str]) -> (Option<i32>, String) {
    let output = platform
        .command(words)
        .args(["-p", who.project])
        .env("DAIS_URL", platform.url())
        .env("DAIS_TOKEN", &who.token)
        .output()
        .unwrap();
    (output.status.code(), text(&output))
}

#[test]
fn what_is_shared_runs_elsewhere_and_nothing_else_does() {
    let platform = Platform::start();
    let code = prepare(&platform);
    create(&platform, &code, &[]);
    let bob = person(&platform, "bob", "far");
    let folder = platform.folder().join("flowers");
    let (_, said) = as_person(&platform, &bob, &["upload", "flowers", folder.to_str().unwrap()]);
    let words = |name: &'static str| {
        let all = ["run", "--name", name, "--detach", "--algorithm", "default/forest"];
        all.into_iter().chain(["--data", "flowers", "--param", "target=b"]).collect::<Vec<_>>()
    };
    let (_, told) = as_person(&platform, &bob, &words("early"));
    let jobs = "/k8s/apis/dais.io/v1alpha1/namespaces/far/trainingjobs";
    let message = platform.until("the job to be told", || {
        let job = platform.get(&format!("{jobs}/early")).ok()?;
        job["status"]["conditions"][0]["message"].as_str().map(str::to_owned)
    });
    assert!(message.contains("is shared with project \"far\""), "{said}{told}{message}");
    let shared = platform.get_as(&bob.token, "/api/algorithms/far/shared").unwrap();
    assert_eq!(shared["algorithms"], json!([]));
    assert!(platform.get_as(&bob.token, "/api/algorithms/default/shared").is_err());
    assert!(platform.get_as(&bob.token, ALL).is_err());

    // A pod of somebody's own making gets no further than a job.
    let pod = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "main", "image": "host", "command": ["cat", "/c/main.sh"],
                                "volumeMounts": [{"name": "code", "mountPath": "/c"}]}],
                "volumes": [{"name": "code", "csi": {
                    "driver": "code.dais.io", "readOnly": true,
                    "volumeAttributes": {"algorithm": "default/forest", "algorithmVersion": "v1"},
                }}],
            },
        })
    };
    let pods = "/k8s/api/v1/namespaces/far/pods";
    assert_eq!(platform.post_as(&bob.token, pods, &pod("thief")).0, 201);
    platform.until("the pod to be refused", || {
        let events = platform.get("/k8s/api/v1/namespaces/far/events").ok()?;
        let refused = |event: &&Value| {
            let words = event["message"].as_str().unwrap_or_default();
            event["reason"] == "FailedMount" && words.contains("is shared with project")
        };
        events["items"].as_array()?.iter().find(refused).map(drop)
    });
    let thief = platform.get(&format!("{pods}/thief")).unwrap();
    assert_ne!(thief["status"]["phase"], "Succeeded", "{thief:#}");

    // Once it is shared, the job that waited runs: the code and no more.
    platform.ok(&["algorithm", "share", "forest", "--with", "far"]);
    platform.until("the job to have run", || {
        let job = platform.get(&format!("{jobs}/early")).ok()?;
        (job["status"]["phase"] == "Succeeded").then_some(())
    });
    let (_, log) = as_person(&platform, &bob, &["logs", "early"]);
    assert!(log.contains("default/forest@v1 with"), "{log}");
    let shared = platform.get_as(&bob.token, "/api/algorithms/far/shared").unwrap();
    let one = &shared["algorithms"][0];
    assert_eq!(one["name"], "default/forest");
    assert_eq!(one["versions"][0]["spec"]["parameters"]["required"], json!(["target"]));
    assert!(one["versions"][0]["spec"]["code"].is_null() && !one.to_string().contains("sha256"));
    let (_, list) = as_person(&platform, &bob, &["algorithm", "list"]);
    assert!(list.contains("default/forest"), "{list}");
    assert!(platform.get_as(&bob.token, ALL).is_err());

    platform.ok(&["algorithm", "share", "forest", "--not-with", "far"]);
    as_person(&platform, &bob, &words("late"));
    platform.until("the next job to wait", || {
        let job = platform.get(&format!("{jobs}/late")).ok()?;
        (job["status"]["conditions"][0]["reason"] == "AlgorithmNotFound").then_some(())
    });
}

#[test]
fn a_job_waits_for_the_environment_of_its_algorithm_wherever_that_is() {
    let platform = Platform::start();
    let code = prepare(&platform);
    let bob = person(&platform, "bob", "far");
    let folder = platform.folder().join("flowers");
    as_person(&platform, &bob, &["upload", "flowers", folder.to_str().unwrap()]);
    create(&platform, &code, &["-e", "plain"]);
    platform.ok(&["algorithm", "share", "forest", "--with", "far"]);
    let words = ["--data", "flowers", "--param", "target=b", "--detach"];
    let start = |algorithm: &'static str| {
        let all = ["run", "--name", "waits", "--algorithm", algorithm];
        all.into_iter().chain(words).collect::<Vec<_>>()
    };
    platform.ok(&start("forest"));
    as_person(&platform, &bob, &start("default/forest"));
    let jobs = "/k8s/apis/dais.io/v1alpha1/namespaces/far/trainingjobs/waits";
    let reason = |job: &Value| job["status"]["conditions"][0]["reason"].clone();
    platform.until("both to wait", || {
        let theirs = platform.get(jobs).ok()?;
        let both = [reason(&platform.job("waits")), reason(&theirs)];
        (both == ["EnvironmentNotFound", "EnvironmentNotFound"]).then_some(())
    });
    // Nothing of the other project's environment is told.
    let theirs = platform.get(jobs).unwrap().to_string();
    assert!(!theirs.contains("plain"), "{theirs}");
    let environment = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Environment", "metadata": {"name": "plain"},
        "spec": {"python": {}},
    });
    let all = "/k8s/apis/dais.io/v1alpha1/namespaces/default/environments";
    assert_eq!(platform.post(all, &environment).0, 201);
    platform.until_phase("waits", "Succeeded");
    platform.until("the other to have run", || {
        let job = platform.get(jobs).ok()?;
        (job["status"]["phase"] == "Succeeded").then_some(())
    });
}

#[test]
fn a_sweep_searches_one_version_of_an_algorithm() {
    let platform = Platform::start();
    let code = platform.folder().join("square");
    let program = r#"
import json, os, urllib.request
x = json.loads(os.environ["DAIS_PARAMETERS"])["x"]
assert isinstance(x, (int, float)), x
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": (x - 2) ** 2, "timestamp": 0, "step": 0}
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
address = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers))
"#;
    write(&code, "main.py", program);
    let declared = "command: [python3, main.py]\nparameters:\n  type: object\n  properties:\n    x: {type: number, maximum: 9}\n";
    write(&code, "algorithm.yaml", declared);
    let made = platform.ok(&["algorithm", "create", "square", "--code", code.to_str().unwrap()]);
    assert!(made.contains("square@v1"), "{made}");
    let said = platform.ok(&[
        "sweep",
        "--name",
        "grid",
        "--algorithm",
        "square",
        "--method",
        "grid",
        "--search",
        "x=1..3 step 1",
        "--metric",
        "loss",
        "--minimize",
    ]);
    assert!(said.contains("3 trials ended; the best is trial 2 with 0"), "{said}");
    let sweep = platform.get("/k8s/apis/dais.io/v1alpha1/namespaces/default/sweeps/grid").unwrap();
    assert_eq!(sweep["status"]["algorithm"]["version"], "v1", "{sweep:#}");
    let job = platform.job("grid-2");
    assert_eq!(job["spec"]["algorithm"]["version"], "v1", "{job:#}");
}

#[test]
fn code_comes_from_a_git_repository() {
    let platform = Platform::start();
    let repository = platform.folder().join("repository");
    write(&repository.join("train"), "main.sh", "echo from git\n");
    let git = |words: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=ann", "-c", "user.email=ann@example.com"])
            .args(words)
            .current_dir(&repository)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {words:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=one"]);
    git(&["tag", "v1.0"]);
    let first = git(&["rev-parse", "HEAD"]);
    write(&repository.join("train"), "main.sh", "echo changed\n");
    git(&["commit", "--quiet", "--all", "--message=two"]);
    let url = format!("file://{}", repository.display());
    let create = |revision: &str| {
        let words = [
            "algorithm",
            "create",
            "g",
            "--git",
            &url,
            "--revision",
            revision,
            "--folder",
            "train",
            "--",
            "sh",
            "main.sh",
        ];
        platform.dais(&words)
    };
    for revision in ["v1.0", &first] {
        let output = create(revision);
        assert!(text(&output).contains("g@v"), "{}", text(&output));
        let spec = platform.get(&format!("{ALL}/g")).unwrap()["spec"].clone();
        assert_eq!(spec["source"]["commit"], *first, "{spec:#}");
    }
    let (_, said) = run(&platform, "git", &["--algorithm", "g"]);
    assert!(said.contains("from git"), "{said}");
    assert!(text(&create("main")).contains("g@v"), "a branch");
    let (_, said) = run(&platform, "branch", &["--algorithm", "g"]);
    assert!(said.contains("changed"), "{said}");
    let output = create("none");
    assert!(text(&output).contains("has no branch, tag or commit \"none\""), "{}", text(&output));
    let bad = ["algorithm", "create", "g", "--git", "ext::sh -c true", "--", "true"];
    assert!(!platform.dais(&bad).status.success());
}

#[test]
fn the_algorithms_that_come_with_dais_learn() {
    let Ok(python) = std::env::var("DAIS_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "DAIS_TEST_PYTHON names no Python");
        println!("skipped: DAIS_TEST_PYTHON names no Python with scikit-learn");
        return;
    };
    let platform = Platform::start();
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../algorithms/tests.py"))
        .env("MLFLOW_TRACKING_URI", format!("{}/mlflow/p/default", platform.url()))
        .env("MLFLOW_REGISTRY_URI", format!("{}/mlflow/p/default", platform.url()))
        .env("MLFLOW_TRACKING_TOKEN", platform.token())
        .output()
        .unwrap();
    let said = text(&output);
    // Says what was skipped, and why.
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", platform.tail());

    // What they leave is served by dais itself, without a runtime of theirs.
    let rows = json!([5.0, 3.4, 1.5, 0.2]);
    for (model, width) in [("flowers", 4), ("flowers-boosted", 4), ("groups", 2)] {
        platform.ok(&["deploy", &format!("models:/{model}/1"), "--name", model]);
        let values = rows.as_array().unwrap()[..width].to_vec();
        let tensor =
            json!({"name": "input", "shape": [1, width], "datatype": "FP32", "data": values});
        let address =
            format!("{}/serve/default/{model}/v2/models/{model}/infer", platform.serve_url());
        let body = json!({"inputs": [tensor]});
        let answer = platform.http.post(address).bearer_auth(platform.token()).json(&body).send();
        let answer = answer.unwrap();
        let (status, told) = (answer.status(), answer.text().unwrap());
        assert!(status.is_success(), "{model}: {told}");
        let told: Value = serde_json::from_str(&told).unwrap();
        let data: Vec<f64> = serde_json::from_value(told["outputs"][0]["data"].clone()).unwrap();
        if model.starts_with("flowers") {
            assert!(data.len() == 3 && data[0] > 0.9, "{model}: {told}");
        }
    }
}

#[test]
fn one_that_comes_with_dais_is_put_into_a_project_once() {
    let platform = Platform::start();
    let library = platform.ok(&["algorithm", "library"]);
    for name in
        ["classification", "regression", "boosting", "clustering", "time-series", "neural-network"]
    {
        assert!(library.contains(name), "{library}");
    }
    let added = platform.ok(&["algorithm", "add", "time-series", "--name", "sales"]);
    assert!(added.contains("sales is in the project"), "{added}");
    let algorithm = platform.until("its version", || {
        let algorithm = platform.get(&format!("{ALL}/sales")).ok()?;
        (algorithm["status"]["latest"] == "v1").then_some(algorithm)
    });
    assert_eq!(algorithm["spec"]["environment"], "sales", "{algorithm:#}");
    assert_eq!(algorithm["spec"]["outputs"]["model"], "sales");
    let bundle = algorithm["spec"]["code"]["bundle"].as_str().unwrap();
    let files = platform.get(&format!("/data/p/default/code/{bundle}")).unwrap();
    let names: Vec<&str> =
        files["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(names, ["graph.py", "job.py", "main.py", "results.py", "tables.py"]);
    let address = format!("{}/data/p/default/code/{bundle}/files/main.py", platform.url());
    let main = platform.http.get(address).bearer_auth(platform.token()).send().unwrap();
    assert!(main.text().unwrap().contains("def train(parameters)"));
    let missing = format!("{}/data/p/default/code/{bundle}/files/none.py", platform.url());
    let missing = platform.http.get(missing).bearer_auth(platform.token()).send().unwrap();
    assert_eq!(missing.status(), 404);
    let twice = platform.dais(&["algorithm", "add", "time-series", "--name", "sales"]);
    assert!(text(&twice).contains("there is an Algorithm \"sales\""), "{}", text(&twice));
    // The portal packs the same bundle.
    let archive = format!("{}/api/algorithms/library/time-series/code", platform.url());
    let archive = platform.http.get(archive).bearer_auth(platform.token()).send().unwrap();
    let put = format!("{}/data/p/default/code", platform.url());
    let bytes = archive.bytes().unwrap();
    let put = platform.http.put(put).bearer_auth(platform.token()).body(bytes).send().unwrap();
    let put: Value = serde_json::from_str(&put.text().unwrap()).unwrap();
    assert_eq!(put["digest"], bundle);
}
