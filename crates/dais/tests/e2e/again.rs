//! A project that was deleted and is made again under its name has nothing of the former;
//! and an object that takes a name takes nothing of whoever had it.

use serde_json::{Value, json};

use crate::support::Platform;
use crate::tenants::person;

const NAMESPACES: &str = "/k8s/api/v1/namespaces";

fn delete(platform: &Platform, path: &str) {
    let request = platform.http.delete(format!("{}{path}", platform.url()));
    let answer = request.bearer_auth(platform.token()).send().unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
}

/// The token of a project's own work.
fn workload(platform: &Platform) -> String {
    platform.until("the account's token", || {
        let secret = platform.get(&format!("{NAMESPACES}/risk/secrets/dais-workload")).ok()?;
        let token = secret["data"]["token"].as_str()?;
        let decoded = base64(token);
        Some(decoded)
    })
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::prelude::BASE64_STANDARD.decode(text).unwrap()).unwrap()
}

#[test]
fn a_project_made_again_has_nothing_of_the_former() {
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let folder = platform.folder().join("secret");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.csv"), "of,the,former\n").unwrap();
    let output = platform
        .command(&["upload", "ghost", folder.to_str().unwrap(), "-p", "risk"])
        .env("DAIS_URL", platform.url())
        .env("DAIS_TOKEN", &ann.token)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mlflow = "/mlflow/p/risk/api/2.0/mlflow";
    let ask = |path: &str, body: &Value| {
        let (code, answer) = platform.post_as(&ann.token, &format!("{mlflow}/{path}"), body);
        assert_eq!(code, 200, "{answer}");
        answer
    };
    let run = ask("runs/create", &json!({"experiment_id": "0", "start_time": 1}));
    let run = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let metrics = json!([{"key": "loss", "value": 1, "timestamp": 1, "step": 0}]);
    ask("runs/log-batch", &json!({"run_id": run, "metrics": metrics}));
    ask("registered-models/create", &json!({"name": "secret"}));
    let old = workload(&platform);
    let data = "/data/p/risk/datasets";
    assert!(platform.get_as(&old, data).is_ok());

    delete(&platform, &format!("{NAMESPACES}/risk"));
    let files = platform.data().join("files/data/risk");
    platform.until("the data to go", || (!files.exists()).then_some(()));
    platform.until("the project to go", || {
        platform.get(&format!("{NAMESPACES}/risk")).is_err().then_some(())
    });
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "risk", "labels": {"dais.io/workspace": "other"}},
    });
    assert_eq!(platform.post(NAMESPACES, &namespace).0, 201);
    assert_ne!(workload(&platform), old);
    // The account has its old name; its tokens of before are those of nobody.
    let refused = platform.get_as(&old, data).unwrap_err();
    assert!(refused.starts_with("401"), "{refused}");
    let left = platform.get(data).unwrap();
    assert_eq!(left["datasets"], json!([]), "{left}");
    let (_, found) = platform.post(
        &format!("{mlflow}/runs/search"),
        &json!({"experiment_ids": ["0"], "order_by": ["metrics.loss ASC"]}),
    );
    assert!(found["runs"].as_array().is_none_or(Vec::is_empty), "{found}");
    let models = platform.get(&format!("{mlflow}/registered-models/search")).unwrap();
    assert!(models["registered_models"].as_array().is_none_or(Vec::is_empty), "{models}");
}

#[test]
fn an_application_leaves_what_is_not_its_own() {
    let platform = Platform::start();
    let deployments = "/k8s/apis/apps/v1/namespaces/default/deployments";
    let own = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop-app"},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "none", "command": ["true"]}]},
            },
        },
    });
    let (code, made) = platform.post(deployments, &own);
    assert_eq!(code, 201, "{made}");
    let apps = "/k8s/apis/dais.io/v1alpha1/namespaces/default/applications";
    for spec in [
        json!({"command": ["true"]}),
        json!({"command": ["true"], "schedule": {"cron": "0 3 * * *"}}),
    ] {
        let app = json!({
            "apiVersion": "dais.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "shop"}, "spec": spec,
        });
        let (code, answer) = platform.post(apps, &app);
        assert_eq!(code, 201, "{answer}");
        platform.until("the refusal", || {
            let app = platform.get(&format!("{apps}/shop")).ok()?;
            let condition = app["status"]["conditions"][0].clone();
            (condition["status"] == "False"
                && condition["message"].as_str()?.contains("Deployment shop-app"))
            .then_some(())
        });
        let there = platform.get(&format!("{deployments}/shop-app")).unwrap();
        assert_eq!(there["metadata"]["uid"], made["metadata"]["uid"]);
        assert_eq!(there["spec"], made["spec"]);
        delete(&platform, &format!("{apps}/shop"));
        platform.until("the application to go", || {
            platform.get(&format!("{apps}/shop")).is_err().then_some(())
        });
        assert!(platform.get(&format!("{deployments}/shop-app")).is_ok());
    }
}
