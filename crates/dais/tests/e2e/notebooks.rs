//! Notebooks: JupyterLab behind the gateway, asleep and awake, and jobs out of them.

use std::time::Duration;

use reqwest::blocking::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::kubectl::kubectl;
use crate::support::Platform;
use crate::tenants::member;

const NOTEBOOKS: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/notebooks";
const PATH: &str = "/notebook/default/work";

/// The gateway's way to the notebook.
struct Lab<'a> {
    platform: &'a Platform,
    token: String,
}

impl Lab<'_> {
    fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        let url = format!("{}{PATH}{path}", self.platform.serve_url());
        self.platform.http.request(method, url).bearer_auth(&self.token)
    }

    fn get(&self, path: &str) -> Response {
        self.request(reqwest::Method::GET, path).send().unwrap()
    }

    /// As a browser opens a page: it waits for what sleeps.
    fn visit(&self) -> Response {
        let request = self.request(reqwest::Method::GET, "/lab");
        let request = request.header("accept", "text/html").header("sec-fetch-mode", "navigate");
        request.timeout(Duration::from_secs(120)).send().unwrap()
    }

    fn save(&self, path: &str, body: &Value) {
        let request = self.request(reqwest::Method::PUT, &format!("/api/contents/{path}"));
        let saved = request.json(body).send().unwrap();
        assert!(saved.status().is_success(), "{path}: {}", saved.status());
    }

    fn kernels(&self) -> Vec<String> {
        let kernels: Value = self.get("/api/kernels").json().unwrap_or_default();
        let ids =
            kernels.as_array().into_iter().flatten().filter_map(|kernel| kernel["id"].as_str());
        ids.map(str::to_owned).collect()
    }
}

fn notebook(platform: &Platform) -> Value {
    platform.get(&format!("{NOTEBOOKS}/work")).unwrap()
}

fn reason(platform: &Platform) -> String {
    let notebook = notebook(platform);
    let ready = notebook["status"]["conditions"][0].clone();
    ready["reason"].as_str().unwrap_or_default().to_owned()
}

fn change(platform: &Platform, spec: &Value) {
    let request = platform.http.patch(format!("{}{NOTEBOOKS}/work", platform.url()));
    let request = request
        .bearer_auth(platform.token())
        .header("content-type", "application/merge-patch+json")
        .body(json!({"spec": spec}).to_string());
    let changed = request.send().unwrap();
    assert_eq!(changed.status(), 200, "{}", changed.text().unwrap());
}

/// One cell that uses the module beside it.
fn cells(source: &[&str]) -> Value {
    json!({
        "cells": [{"cell_type": "code", "id": "one", "source": source, "outputs": [], "metadata": {},
                   "execution_count": null}],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    })
}

#[test]
fn a_notebook_is_entered_by_its_people_sleeps_wakes_and_becomes_jobs() {
    let mut platform = Platform::start();
    let data = platform.folder().join("rows.csv");
    std::fs::write(&data, "a,b\n1,2\n").unwrap();
    platform.ok(&["upload", "rows", data.to_str().unwrap()]);
    let said = platform.ok(&["notebook", "create", "work", "--idle", "0", "-d", "rows"]);
    assert!(said.starts_with(&format!("{}{PATH}/\n", platform.serve_url())), "{said}");

    let reader = member(&platform, "reader", "default", "view");
    let lab = Lab { platform: &platform, token: platform.token() };
    // Whoever may not run programs stays outside, by whichever way.
    let outside = Lab { platform: &platform, token: reader.token.clone() };
    assert_eq!(outside.get("/api/kernels").status(), 403);
    assert_eq!(outside.visit().status(), 403);
    let files = "/notebooks/p/default/work/files";
    assert!(platform.get_as(&reader.token, files).unwrap_err().contains("403"));
    let anonymous = platform.http.get(format!("{}{PATH}/api/kernels", platform.serve_url()));
    assert_eq!(anonymous.send().unwrap().status(), 401);
    let pods = platform.get("/k8s/api/v1/namespaces/default/pods").unwrap();
    let of_work = |pod: &&Value| pod["metadata"]["labels"]["dais.io/kind"] == "Notebook";
    let ip = pods["items"].as_array().unwrap().iter().find(of_work).unwrap()["status"]["podIP"]
        .as_str()
        .unwrap()
        .to_owned();
    let past_the_gateway = format!("http://{ip}:8888{PATH}/api/kernels");
    let refused = platform.http.get(&past_the_gateway).bearer_auth(platform.token());
    assert_eq!(refused.send().unwrap().status(), 403, "its port lets in the gateway alone");

    let page = lab.visit();
    assert_eq!(page.status(), 200);
    let page = page.text().unwrap();
    assert!(page.contains("jupyter-config-data") && page.contains(r#""token": """#), "{page}");
    let me: Value = lab.get("/api/me").json().unwrap();
    assert_eq!(me["identity"]["username"], "admin");

    lab.save("digits", &json!({"type": "directory"}));
    let sum = ["import os, sums\n", "print('sum', sums.total('/data/rows/rows.csv'))\n", "%pwd"];
    lab.save("digits/train.ipynb", &json!({"type": "notebook", "content": cells(&sum)}));
    let module =
        "def total(path):\n    return sum(map(int, open(path).read().split()[1].split(',')))\n";
    lab.save("digits/sums.py", &json!({"type": "file", "format": "text", "content": module}));
    lab.save(
        "fails.ipynb",
        &json!({"type": "notebook", "content": cells(&["raise ValueError('no')"])}),
    );

    let ran = platform.ok(&["notebook", "run", "work", "digits/train.ipynb"]);
    assert!(ran.contains("sum 3"), "{ran}");
    let failed = platform.dais(&["notebook", "run", "work", "fails.ipynb"]);
    assert_eq!(failed.status.code(), Some(1));
    let code = "/notebooks/p/default/work/code";
    for (path, status) in [("../x.py", 400), ("readme.md", 400), ("digits/none.py", 404)] {
        let (code, answer) = platform.post(code, &json!({"path": path}));
        assert_eq!((code, &answer["error"]["field"]), (status, &json!("path")), "{path}: {answer}");
    }

    // Inside, the command line acts for the project, and cannot reach its secrets.
    if let Some(kubectl) = kubectl(&platform) {
        let inside = |words: &[&str]| {
            let exec = ["exec", "deploy/work-notebook", "--", "dais"];
            kubectl.command(&[&exec, words].concat()).output().unwrap()
        };
        let listed = inside(&["get", "notebooks", "-o", "json"]);
        assert!(String::from_utf8_lossy(&listed.stdout).contains(r#""work""#), "{listed:?}");
        let job =
            inside(&["run", "--name", "inner", "--no-code", "--", "python", "-c", "print(6*7)"]);
        assert!(String::from_utf8_lossy(&job.stdout).contains("42"), "{job:?}");
        assert!(!inside(&["get", "secrets"]).status.success());
    }

    // What runs outlives the platform.
    let started = lab.request(reqwest::Method::POST, "/api/kernels").send().unwrap();
    assert_eq!(started.status(), 201);
    let kernels = lab.kernels();
    assert_eq!(kernels.len(), 1);
    platform.kill();
    platform.up();
    let lab = Lab { platform: &platform, token: platform.token() };
    platform.until("the way back in", || (lab.get("/api/kernels").status() == 200).then_some(()));
    assert_eq!(lab.kernels(), kernels);

    change(&platform, &json!({"idleSeconds": 2}));
    platform.until("sleep", || (reason(&platform) == "Asleep").then_some(()));
    platform.until("no pod", || {
        let pods = platform.get("/k8s/api/v1/namespaces/default/pods").unwrap();
        pods["items"].as_array().unwrap().iter().all(|pod| !of_work(&pod)).then_some(())
    });
    // A page that was left open asks in vain; a visit wakes it.
    assert_eq!(lab.get("/api/kernels").status(), 503);
    assert_eq!(reason(&platform), "Asleep");
    change(&platform, &json!({"idleSeconds": 600}));
    assert_eq!(lab.visit().status(), 200);
    assert_eq!(lab.get("/api/contents/digits/sums.py").status(), 200, "its home is as it was");
    assert!(lab.kernels().is_empty());

    platform.ok(&["notebook", "stop", "work"]);
    platform.until("stop", || (reason(&platform) == "Stopped").then_some(()));
    platform.ok(&["notebook", "start", "work"]);
    assert_eq!(lab.visit().status(), 200);

    platform.ok(&["delete", "notebook", "work"]);
    platform.until("nothing left of it", || {
        let left = |path: &str| {
            let listed = platform.get(path).unwrap();
            let items = listed["items"].as_array().unwrap().clone();
            items.iter().any(|item| item["metadata"]["name"] == "work-notebook")
        };
        let of = [
            "/k8s/api/v1/namespaces/default/persistentvolumeclaims",
            "/k8s/api/v1/namespaces/default/secrets",
            "/k8s/api/v1/namespaces/default/configmaps",
            "/k8s/apis/dais.io/v1alpha1/namespaces/default/environments",
            "/k8s/apis/apps/v1/namespaces/default/deployments",
        ];
        (!of.iter().any(|path| left(path))).then_some(())
    });
    assert_eq!(lab.get("/api/kernels").status(), 404);
}

#[test]
fn what_a_notebook_cannot_stand_on_is_said() {
    let platform = Platform::start();
    let make = |name: &str, spec: Value| {
        let object = json!({"apiVersion": "dais.io/v1alpha1", "kind": "Notebook",
                            "metadata": {"name": name}, "spec": spec});
        platform.post(NOTEBOOKS, &object)
    };
    let said = |name: &str| {
        platform.until("the reason", || {
            let notebook = platform.get(&format!("{NOTEBOOKS}/{name}")).ok()?;
            let ready = notebook["status"]["conditions"][0].clone();
            Some((ready["reason"].as_str()?.to_owned(), ready["message"].as_str()?.to_owned()))
        })
    };
    let both = json!({"environment": "e", "requirements": ["pandas"]});
    let (code, answer) = make("both", both);
    assert_eq!(code, 422);
    assert!(answer["message"].as_str().unwrap().contains("spec.requirements"), "{answer}");
    assert_eq!(make("odd", json!({"idleSeconds": -1})).0, 422);

    assert_eq!(make("nowhere", json!({"environment": "none"})).0, 201);
    let (reason, message) = said("nowhere");
    assert_eq!(reason, "EnvironmentNotFound");
    assert!(message.starts_with("spec.environment: no Environment \"none\""), "{message}");

    let bare = json!({"apiVersion": "dais.io/v1alpha1", "kind": "Environment",
                      "metadata": {"name": "bare"}, "spec": {"python": {}}});
    let environments = "/k8s/apis/dais.io/v1alpha1/namespaces/default/environments";
    assert_eq!(platform.post(environments, &bare).0, 201);
    assert_eq!(make("bare", json!({"environment": "bare"})).0, 201);
    let message = platform.until("the build", || {
        let (reason, message) = said("bare");
        (reason == "Invalid").then_some(message)
    });
    assert!(message.contains("does not hold jupyterlab"), "{message}");

    // Names that a label or a Service may not have.
    let long = format!("n{}", "x".repeat(252));
    assert_eq!(make(&long, json!({"environment": "bare"})).0, 201);
    assert_eq!(make("1.st", json!({"environment": "bare"})).0, 201);
    assert_eq!(said(&long).0, "Invalid");
    assert_eq!(said("1.st").0, "Invalid");
}
