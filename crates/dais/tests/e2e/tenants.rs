//! Two people in two projects see nothing of each other's.

use serde_json::{Value, json};

use crate::support::{Platform, text};

pub struct Person {
    pub token: String,
    pub project: &'static str,
}

impl Person {
    /// Runs `dais` as this person, in the project; whether it worked, and what it said.
    pub fn command(&self, platform: &Platform, words: &[&str]) -> (bool, String) {
        let output = platform
            .command(words)
            .env("DAIS_PROJECT", self.project)
            .env("DAIS_URL", platform.url())
            .env("DAIS_TOKEN", &self.token)
            .output()
            .unwrap();
        (output.status.success(), text(&output))
    }
}

/// A project with one person who may edit it and nothing else.
pub fn person(platform: &Platform, name: &str, project: &'static str) -> Person {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": project, "labels": {"dais.io/workspace": project}},
    });
    assert_eq!(platform.post("/k8s/api/v1/namespaces", &namespace).0, 201);
    member(platform, name, project, "edit")
}

/// One more person of a project, with one of Kubernetes' roles in it.
pub fn member(platform: &Platform, name: &str, project: &'static str, role: &str) -> Person {
    let user = json!({"name": name, "password": format!("{name}-correct-horse"), "groups": []});
    let (code, answer) = platform.post("/api/users", &user);
    assert!(code < 300, "{answer}");
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": format!("{name}-{role}")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
    });
    let path = format!("/k8s/apis/rbac.authorization.k8s.io/v1/namespaces/{project}/rolebindings");
    assert_eq!(platform.post(&path, &binding).0, 201);
    Person { token: sign_in(platform, name), project }
}

/// Signs in as a browser does and makes an API token.
fn sign_in(platform: &Platform, name: &str) -> String {
    let address = |path: &str| format!("{}{path}", platform.url());
    let session = json!({"user": name, "password": format!("{name}-correct-horse")});
    let response = platform.http.post(address("/api/session")).json(&session).send().unwrap();
    let cookies = response.headers().get_all("set-cookie").iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok()?.split(';').next());
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    assert!(response.status().is_success(), "{}", response.text().unwrap());
    let me = platform.http.get(address("/api/session")).header("cookie", &cookies).send().unwrap();
    let me: Value = me.json().unwrap();
    let csrf = me["csrf"].as_str().unwrap();
    let made = platform
        .http
        .post(address("/api/tokens"))
        .header("cookie", &cookies)
        .header("x-dais-csrf", csrf)
        .json(&json!({"name": "test", "days": 1}))
        .send()
        .unwrap();
    let made: Value = made.json().unwrap();
    made["token"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

impl Person {
    pub fn run(&self, platform: &Platform, job: &str, words: &str) {
        let output = platform
            .command(&[
                "run",
                "--name",
                job,
                "--no-code",
                "-p",
                self.project,
                "--",
                "sh",
                "-c",
                words,
            ])
            .env("DAIS_URL", platform.url())
            .env("DAIS_TOKEN", &self.token)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}\n{}", crate::support::text(&output), platform.tail());
    }

    fn get(&self, platform: &Platform, path: &str) -> Result<Value, String> {
        platform.get_as(&self.token, path)
    }
}

#[test]
fn two_people_see_nothing_of_each_other() {
    let platform = Platform::start();
    let (ann, bob) = (person(&platform, "ann", "risk"), person(&platform, "bob", "vision"));
    ann.run(&platform, "secret-job", "echo ann-secret-line");
    bob.run(&platform, "other-job", "echo bob-line");

    objects(&platform, &ann, &bob);
    runs(&platform, &ann, &bob);
    files(&platform, &ann, &bob);
    logs(&platform, &ann, &bob);
    metrics(&platform, &ann, &bob);
    endpoints(&platform, &bob);
    powers(&platform, &bob);
}

fn forbidden(result: Result<Value, String>) {
    let refusal = result.unwrap_err();
    assert!(refusal.starts_with("403") || refusal.starts_with("404"), "{refusal}");
    assert!(!refusal.contains("ann-secret"), "{refusal}");
}

fn objects(platform: &Platform, ann: &Person, bob: &Person) {
    let jobs = "/k8s/apis/dais.io/v1alpha1/namespaces/risk/trainingjobs";
    ann.get(platform, jobs).unwrap();
    forbidden(bob.get(platform, jobs));
    forbidden(bob.get(platform, &format!("{jobs}/secret-job")));
    forbidden(bob.get(platform, "/k8s/apis/dais.io/v1alpha1/trainingjobs"));
    forbidden(bob.get(platform, "/k8s/api/v1/namespaces/risk/secrets/dais-workload"));
    forbidden(bob.get(platform, "/k8s/api/v1/namespaces/risk/pods/secret-job-1/log"));
    forbidden(bob.get(platform, "/k8s/api/v1/namespaces"));
    let mine: Value = bob.get(platform, "/api/session").unwrap();
    assert!(mine["projects"].to_string().contains("vision"), "{mine}");
    assert!(!mine["projects"].to_string().contains("risk"), "{mine}");
}

fn runs(platform: &Platform, ann: &Person, bob: &Person) {
    let search = |project: &str| {
        format!("/mlflow/p/{project}/api/2.0/mlflow/experiments/search?max_results=100")
    };
    let experiments = ann.get(platform, &search("risk")).unwrap();
    assert!(experiments.to_string().contains("secret-job"), "{experiments}");
    forbidden(bob.get(platform, &search("risk")));
    let own = bob.get(platform, &search("vision")).unwrap();
    assert!(!own.to_string().contains("secret-job"), "{own}");
}

fn files(platform: &Platform, ann: &Person, bob: &Person) {
    let output = platform
        .command(&["upload", "private", "/etc/hostname", "-p", "risk"])
        .env("DAIS_URL", platform.url())
        .env("DAIS_TOKEN", &ann.token)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", crate::support::text(&output));
    let versions = "/data/p/risk/datasets/private/versions";
    ann.get(platform, versions).unwrap();
    forbidden(bob.get(platform, versions));
    forbidden(bob.get(platform, "/data/p/vision/../risk/datasets/private/versions"));
    let own = bob.get(platform, "/data/p/vision/datasets").unwrap();
    assert!(!own.to_string().contains("private"), "{own}");
}

fn logs(platform: &Platform, ann: &Person, bob: &Person) {
    let query =
        json!({"query": {"query_string": {"query": "message:ann-secret-line OR namespace:risk"}}});
    let found = |person: &Person| {
        let (code, answer) = platform.post_as(&person.token, "/elasticsearch/_search", &query);
        assert_eq!(code, 200, "{answer}");
        answer["hits"]["hits"].as_array().unwrap().len()
    };
    platform.until("ann's line in the log store", || (found(ann) > 0).then_some(()));
    assert_eq!(found(bob), 0);
    let names = json!({"size": 0, "aggs": {"n": {"terms": {"field": "namespace"}}}});
    let (_, answer) = platform.post_as(&bob.token, "/elasticsearch/_search", &names);
    assert!(!answer.to_string().contains("risk"), "{answer}");
}

fn metrics(platform: &Platform, ann: &Person, bob: &Person) {
    let query = "/prometheus/api/v1/query?query=kube_pod_info";
    platform.until("ann's pods in the metrics", || {
        ann.get(platform, query).ok()?.to_string().contains("secret-job").then_some(())
    });
    let seen = bob.get(platform, query).unwrap().to_string();
    assert!(!seen.contains("secret-job") && !seen.contains("risk"), "{seen}");
    let names = bob.get(platform, "/prometheus/api/v1/label/namespace/values").unwrap().to_string();
    assert!(!names.contains("risk"), "{names}");
}

fn endpoints(platform: &Platform, bob: &Person) {
    let address = format!("{}/serve/risk/digits/v2/health/ready", platform.serve_url());
    let answer = platform.http.get(&address).bearer_auth(&bob.token).send().unwrap();
    assert!(answer.status().is_client_error());
    let answer = platform.http.get(format!("{}/api/predict/risk/digits", platform.url()));
    assert!(answer.bearer_auth(&bob.token).send().unwrap().status().is_client_error());
}

/// What would give bob more than his project.
fn powers(platform: &Platform, bob: &Person) {
    let pods = "/k8s/api/v1/namespaces/vision/pods";
    let host = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "thief"},
        "spec": {
            "containers": [{"name": "c", "image": "host", "command": ["cat", "/x/client.json"],
                            "volumeMounts": [{"name": "x", "mountPath": "/x"}]}],
            "volumes": [{"name": "x", "hostPath": {"path": "/"}}],
        },
    });
    let (code, answer) = platform.post_as(&bob.token, pods, &host);
    assert_eq!(code, 403, "{answer}");
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "me"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}],
    });
    let path = "/k8s/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    assert_eq!(platform.post_as(&bob.token, path, &binding).0, 403);
    for path in ["/api/users", "/api/backup"] {
        assert!(platform.get_as(&bob.token, path).unwrap_err().starts_with("403"), "{path}");
    }
    let records = platform.get("/api/audit?user=bob").unwrap();
    assert!(records.to_string().contains("clusterrolebindings"), "the refused write's record");
}

#[test]
fn a_container_sees_neither_the_platforms_files_nor_another_projects() {
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let data = platform.data();
    let data = data.display();
    ann.run(&platform, "look", &format!("! cat {data}/client.json && ! ls {data}/keys/* && ! cat {data}/kube/objects.db && id -u"));
}

#[test]
fn a_quota_holds_and_says_so() {
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"},
        "spec": {"hard": {"pods": "0"}},
    });
    assert_eq!(platform.post("/k8s/api/v1/namespaces/risk/resourcequotas", &quota).0, 201);
    let job = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob",
        "metadata": {"name": "over"}, "spec": {"command": ["true"]},
    });
    let path = "/k8s/apis/dais.io/v1alpha1/namespaces/risk/trainingjobs";
    assert_eq!(platform.post_as(&ann.token, path, &job).0, 201);
    let message = platform.until("the job to say that it was refused", || {
        let job = ann.get(&platform, &format!("{path}/over")).ok()?;
        let ready = job["status"]["conditions"][0].clone();
        (ready["reason"] == "PodRefused").then(|| ready["message"].as_str().unwrap().to_owned())
    });
    assert!(message.contains("exceeded quota: small"), "{message}");
}
