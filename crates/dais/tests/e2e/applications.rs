//! Applications: any program with its releases, behind the gateway or by a schedule.

use serde_json::{Value, json};

use crate::support::Platform;
use crate::tenants;

/// Says its greeting, the length of its secret, the path that it sees, and how often it
/// was asked, which it counts in a file. With $BROKEN it fails.
const PROGRAM: &str = r#"
import http.server, os, pathlib
counter = pathlib.Path(os.environ.get("COUNTER", "/tmp/none"))
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/ready":
            return self.say(200, "ready")
        asked = int(counter.read_text()) if counter.exists() else 0
        if counter.parent.is_dir():
            counter.write_text(str(asked + 1))
        secret = len(os.environ.get("SECRET", ""))
        greeting = os.environ.get("GREETING", "none")
        self.say(500 if "BROKEN" in os.environ else 200, f"{greeting} {secret} {self.path} {asked}")
    def say(self, code, text):
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *words):
        pass
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"#;

const APPS: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/applications";
const REVISIONS: &str = "/k8s/apis/apps/v1/namespaces/default/controllerrevisions";

fn deploy(platform: &Platform, options: &[&str]) -> String {
    let code = platform.folder().join("program");
    std::fs::create_dir_all(&code).unwrap();
    std::fs::write(code.join("serve.py"), PROGRAM).unwrap();
    let mut words = vec!["app", "deploy", "web", "--port", "8080", "--ready-path", "/ready"];
    words.extend(["--code", code.to_str().unwrap()]);
    words.extend(options);
    words.extend(["--", "python3", "serve.py"]);
    platform.ok(&words)
}

fn make(platform: &Platform, resource: &str, object: &Value) {
    let made = platform.post(&format!("/k8s/api/v1/namespaces/default/{resource}"), object);
    assert_eq!(made.0, 201, "{}", made.1);
}

fn change(platform: &Platform, path: &str, change: &Value) -> (u16, Value) {
    let request = platform
        .http
        .patch(format!("{}{path}", platform.url()))
        .bearer_auth(platform.token())
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string());
    let response = request.send().unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().unwrap()).unwrap_or_default())
}

fn ask(platform: &Platform, path: &str) -> (u16, String) {
    ask_as(platform, &platform.token(), path)
}

fn ask_as(platform: &Platform, token: &str, path: &str) -> (u16, String) {
    let address = format!("{}/app/default/web{path}", platform.serve_url());
    let response = platform.http.get(address).bearer_auth(token).send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

fn app(platform: &Platform) -> Value {
    platform.get(&format!("{APPS}/web")).unwrap()
}

/// What its Ready condition says.
fn ready(platform: &Platform) -> (String, String) {
    let app = app(platform);
    let ready = &app["status"]["conditions"][0];
    let text = |key: &str| ready[key].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

/// Of each release, oldest first: number, who, why, changes.
fn releases(platform: &Platform) -> Vec<(i64, String, String, Vec<String>)> {
    let found = platform.get(REVISIONS).unwrap();
    let mut releases: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one["data"][key].as_str().unwrap_or_default().to_owned();
            let changes = serde_json::from_value(one["data"]["changes"].clone()).unwrap();
            (one["revision"].as_i64().unwrap(), text("by"), text("cause"), changes)
        })
        .collect();
    releases.sort();
    releases
}

fn count(platform: &Platform, path: &str) -> usize {
    platform.get(path).unwrap()["items"].as_array().unwrap().len()
}

#[test]
fn releases_say_who_changed_what_and_can_be_gone_back_to() {
    let platform = Platform::start();
    make(
        &platform,
        "secrets",
        &json!({"metadata": {"name": "s"}, "stringData": {"key": "hunter2"}}),
    );
    make(&platform, "configmaps", &json!({"metadata": {"name": "c"}, "data": {"hello": "hello"}}));
    let options = [
        "--secret-env=SECRET=s/key",
        "--config-env=GREETING=c/hello",
        "--volume=data:/data:1Gi",
        "--env=COUNTER=/data/count",
    ];
    let address = deploy(&platform, &options);
    assert!(address.contains("/app/default/web/"), "{address}");
    assert_eq!(ask(&platform, "/a?b=c"), (200, "hello 7 /a?b=c 0".to_owned()));

    let ann = tenants::member(&platform, "ann", "default", "edit");
    let path = format!("{APPS}/web");
    let more = json!({"metadata": {"annotations": {
        "dais.io/changed-by": "somebody else", "kubernetes.io/change-cause": "louder",
    }}, "spec": {"args": ["--loud"]}});
    let request = platform.http.patch(format!("{}{path}", platform.url())).bearer_auth(&ann.token);
    let request = request.header("content-type", "application/merge-patch+json");
    assert!(request.body(more.to_string()).send().unwrap().status().is_success());
    let told = |number, by: &str, why: &str, changes: &[&str]| {
        let changes = changes.iter().map(|line| (*line).to_owned()).collect();
        (number, by.to_owned(), why.to_owned(), changes)
    };
    let second = told(2, "ann", "louder", &[r#"args: ["--loud"]"#]);
    platform.until("release 2", || releases(&platform).contains(&second).then_some(()));
    platform.until("release 2 to answer from the same storage", || {
        (ask(&platform, "/").1 == "hello 7 / 1").then_some(())
    });

    let shown = platform.ok(&["get", "secrets", "s", "-o", "yaml"]);
    // In base64: hunter2.
    assert!(shown.contains("****") && !shown.contains("aHVudGVyMg"), "{shown}");

    let secret = "/k8s/api/v1/namespaces/default/secrets/s";
    assert_eq!(change(&platform, secret, &json!({"stringData": {"key": "longer-than-it"}})).0, 200);
    platform.until("the new secret to be in use", || {
        ask(&platform, "/").1.starts_with("hello 14").then_some(())
    });
    let third = told(3, "", "", &["secrets/s was changed"]);
    assert_eq!(releases(&platform)[2], third);
    let all = platform.get(REVISIONS).unwrap().to_string();
    assert!(!all.contains("hunter2") && !all.contains("longer-than-it"), "{all}");

    platform.ok(&["app", "rollback", "web", "--to", "1"]);
    platform.until("release 4", || (releases(&platform).len() == 4).then_some(()));
    let fourth = &releases(&platform)[3];
    assert_eq!((fourth.1.as_str(), fourth.2.as_str()), ("admin", "back to release 1"));
    assert_eq!(app(&platform)["spec"].get("rollbackTo"), None);
    assert_eq!(app(&platform)["spec"].get("args"), None);
    let table = platform.ok(&["app", "releases", "web"]);
    assert!(table.contains("back to release 1") && table.contains("louder"), "{table}");

    assert_eq!(change(&platform, &path, &json!({"spec": {"rollbackTo": 77}})).0, 200);
    platform.until("the refusal", || {
        ready(&platform).1.contains("there is no release 77; there are 1, 2, 3, 4").then_some(())
    });
    assert_eq!(change(&platform, &path, &json!({"spec": {"rollbackTo": null}})).0, 200);
    platform.until("release 4 to answer", || {
        (ready(&platform).0 == "Available" && ask(&platform, "/").0 == 200).then_some(())
    });

    platform.ok(&["delete", "application", "web"]);
    platform.until("everything of it to go", || {
        let none = [
            "/k8s/api/v1/namespaces/default/persistentvolumeclaims",
            "/k8s/api/v1/namespaces/default/pods",
            "/k8s/apis/apps/v1/namespaces/default/deployments",
            REVISIONS,
        ];
        let gone = none.iter().all(|path| count(&platform, path) == 0);
        (gone && ask(&platform, "/").0 == 404).then_some(())
    });
}

#[test]
fn a_release_that_fails_is_taken_back_by_itself_and_a_crash_makes_no_second_one() {
    let mut platform = Platform::start();
    let canary = ["--canary=50", "--step=1", "--min-requests=6"];
    deploy(&platform, &canary);
    deploy(&platform, &[&canary[..], &["--env=BROKEN=1"]].concat());
    platform.until("release 2 to be taken back", || {
        ask(&platform, "/x");
        (ready(&platform).0 == "RolledBack").then_some(())
    });
    assert_eq!(app(&platform)["status"]["release"], 1);
    assert!((0..20).all(|_| ask(&platform, "/x").0 == 200));

    let path = format!("{APPS}/web");
    let change_to = |platform: &Platform, value: &str| {
        let env = json!([{"name": "GREETING", "value": value}]);
        assert_eq!(change(platform, &path, &json!({"spec": {"env": env}})).0, 200);
    };
    change_to(&platform, "three");
    platform.kill();
    platform.up();
    platform.until("release 3", || (releases(&platform).len() >= 3).then_some(()));
    platform.until("release 3 to take over", || {
        let (code, text) = ask(&platform, "/x");
        (code == 200 && text.starts_with("three") && app(&platform)["status"]["release"] == 3)
            .then_some(())
    });
    let numbers: Vec<i64> = releases(&platform).iter().map(|one| one.0).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn it_sleeps_says_why_it_is_not_ready_and_belongs_to_its_project() {
    let platform = Platform::start();
    deploy(&platform, &["--scale=0..2", "--idle=1"]);
    platform.until("it to sleep", || (ready(&platform).0 == "Asleep").then_some(()));
    assert_eq!(ask(&platform, "/x").0, 200, "a request wakes it");

    let bob = tenants::person(&platform, "bob", "far");
    assert_eq!(ask_as(&platform, &bob.token, "/x").0, 403);
    assert!(platform.get_as(&bob.token, &format!("{APPS}/web")).is_err());
    assert!(platform.get_as(&bob.token, REVISIONS).is_err());

    platform.ok(&["app", "stop", "web"]);
    platform.until("it to stop", || (ready(&platform).0 == "Stopped").then_some(()));
    platform.ok(&["app", "start", "web"]);

    let path = format!("{APPS}/web");
    let broken = json!({"spec": {
        "autoscaling": null, "command": ["sh", "-c", "echo no such luck >&2; exit 3"],
    }});
    assert_eq!(change(&platform, &path, &broken).0, 200);
    platform.until("the program's own words", || {
        ready(&platform).1.contains("no such luck").then_some(())
    });
    for (bad, words) in [
        (json!({"spec": {"ports": []}}), "spec.route"),
        (json!({"spec": {"command": null}}), "spec.image"),
        (json!({"spec": {"schedule": {"cron": "* * * * *"}}}), "spec.schedule"),
        (json!({"spec": {"volumes": [{"name": "a", "mountPath": "/a"}]}}), "exactly one"),
        (json!({"spec": {"ports": [{"name": "端口", "port": 1}]}}), "spec.ports[0].name"),
        (json!({"spec": {"replicas": -1}}), "spec.replicas"),
    ] {
        let (code, answer) = change(&platform, &path, &bad);
        assert!(code == 422 && answer.to_string().contains(words), "{bad}: {code} {answer}");
    }
}

#[test]
fn a_schedule_runs_at_its_time_and_whenever_it_is_told_to() {
    let platform = Platform::start();
    let schedule = ["app", "deploy", "night", "--schedule", "0 3 * * *"];
    let zone = ["--time-zone", "Asia/Shanghai", "--", "sh", "-c", "echo it is done"];
    platform.ok(&[&schedule[..], &zone[..]].concat());
    let night = || platform.get(&format!("{APPS}/night")).unwrap();
    let next = night()["status"]["nextRun"].as_str().unwrap().to_owned();
    assert!(next.ends_with("T19:00:00Z"), "three o'clock in Shanghai: {next}");
    let told = platform.ok(&["app", "run-now", "night"]);
    let job = told.split_whitespace().last().unwrap().to_owned();
    platform.until("the run to end", || {
        let job =
            platform.get(&format!("/k8s/apis/batch/v1/namespaces/default/jobs/{job}")).ok()?;
        (job["status"]["succeeded"] == 1).then_some(())
    });
    let wrong = json!({"spec": {"schedule": {"cron": "61 * * * *", "timeZone": null}}});
    assert_eq!(change(&platform, &format!("{APPS}/night"), &wrong).0, 200);
    platform.until("the refusal", || {
        let message = night()["status"]["conditions"][0]["message"].as_str()?.to_owned();
        message.starts_with("spec.schedule.cron").then_some(())
    });
    platform.ok(&["delete", "application", "night"]);
    platform.until("its runs to go", || {
        let jobs = count(&platform, "/k8s/apis/batch/v1/namespaces/default/jobs");
        let crons = count(&platform, "/k8s/apis/batch/v1/namespaces/default/cronjobs");
        (jobs + crons == 0).then_some(())
    });
}

#[test]
fn any_name_that_an_object_may_have_works_beside_a_service_of_that_name() {
    let platform = Platform::start();
    let long = "x".repeat(253);
    for name in [long.as_str(), "1.app", "web"] {
        let spec = json!({
            "command": ["sh", "-c", "exec python3 -m http.server --bind $HOST $PORT"],
            "ports": [{"name": "http", "port": 8080}], "route": {},
        });
        let made = json!({
            "apiVersion": "dais.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name}, "spec": spec,
        });
        assert_eq!(platform.post(APPS, &made).0, 201);
    }
    platform.ok(&[
        "deploy",
        "--name",
        "web",
        "--",
        "sh",
        "-c",
        "exec python3 -m http.server --bind $HOST $PORT",
    ]);
    for path in [
        format!("app/default/{long}/"),
        "app/default/1.app/".to_owned(),
        "app/default/web/".to_owned(),
        "serve/default/web/".to_owned(),
    ] {
        platform.until(&path, || {
            let address = format!("{}/{path}", platform.serve_url());
            let answer = platform.http.get(address).bearer_auth(platform.token()).send().ok()?;
            (answer.status() == 200).then_some(())
        });
    }
    for name in ["a b", "应用", "it's", "A", &"x".repeat(254)] {
        let made = json!({
            "apiVersion": "dais.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name}, "spec": {"command": ["true"]},
        });
        let (code, answer) = platform.post(APPS, &made);
        assert!(code == 422 && answer.to_string().contains("metadata.name"), "{name}: {answer}");
    }
}
