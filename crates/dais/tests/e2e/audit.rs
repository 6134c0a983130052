//! Every change is on record: who, from where, what it was before; never a secret, never
//! another tenant's, and not lost with a killed platform.

use serde_json::{Value, json};

use crate::support::Platform;
use crate::tenants::person;

fn items(answer: &Value) -> Vec<Value> {
    answer["items"].as_array().unwrap().clone()
}

#[test]
fn a_change_says_who_from_where_and_what_it_was_before() {
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let bob = person(&platform, "bob", "vision");
    let maps = "/k8s/api/v1/namespaces/risk/configmaps";
    let map = |level: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"},
            "data": {"level": level}})
    };
    assert_eq!(platform.post_as(&ann.token, maps, &map("info")).0, 201);
    let put = |body: &Value| {
        let address = format!("{}{maps}/m", platform.url());
        let request = platform.http.put(address).bearer_auth(&ann.token).json(body);
        assert_eq!(request.header("user-agent", "e2e/1").send().unwrap().status(), 200);
    };
    put(&map("debug"));

    let of = |token: &str, query: &str| {
        items(&platform.get_as(token, &format!("/api/audit?{query}")).unwrap())
    };
    // What was acknowledged is on record now, not a moment later.
    let seen = of(&ann.token, "project=risk&resource=configmaps&name=m");
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[0]["changes"], json!([{"path": "data.level", "old": "info", "new": "debug"}]));
    for (field, wanted) in
        [("user", "ann"), ("verb", "update"), ("agent", "e2e/1"), ("source", "127.0.0.1")]
    {
        assert_eq!(seen[0][field], wanted, "{field}");
    }
    assert_eq!(seen[1]["changes"][0]["new"]["data"]["level"], "info");
    assert_eq!(of(&platform.token(), "project=risk&text=DEBUG").len(), 1);

    // Another tenant sees nothing of it, however they ask.
    for query in ["project=risk", "user=ann", "text=debug", "name=m"] {
        assert_eq!(of(&bob.token, query), Vec::<Value>::new(), "{query}");
    }
    let address = format!("{}/api/audit/export/jsonl", platform.url());
    let file = platform.http.get(address).bearer_auth(&bob.token).send().unwrap().text().unwrap();
    assert!(!file.contains("risk") && file.contains("bob"), "{file}");

    let told = platform.ok(&["audit", "--user", "ann", "--resource", "configmaps"]);
    assert!(told.contains("data.level: \"info\" → \"debug\""), "{told}");
}

#[test]
fn no_secret_reaches_the_record() {
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let secret = |value: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"},
            "stringData": {"plain": value}})
    };
    let secrets = "/k8s/api/v1/namespaces/risk/secrets";
    assert_eq!(platform.post_as(&ann.token, secrets, &secret("moonlight-7")).0, 201);
    let address = format!("{}{secrets}/db", platform.url());
    let put = platform.http.put(address).bearer_auth(&ann.token).json(&secret("sunlight-8"));
    assert_eq!(put.send().unwrap().status(), 200);
    let job = json!({"apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob",
        "metadata": {"name": "j"}, "spec": {"command": ["true"],
            "env": [{"name": "API_KEY", "value": "starlight-9"}]}});
    let jobs = "/k8s/apis/dais.io/v1alpha1/namespaces/risk/trainingjobs";
    assert_eq!(platform.post_as(&ann.token, jobs, &job).0, 201);

    let seen = platform.get("/api/audit?project=risk&name=db").unwrap();
    let change = &items(&seen)[0]["changes"][0];
    assert_eq!(change["path"], "data.plain");
    assert!(change["old"].as_str().unwrap().starts_with("**** ("), "{change}");
    assert_ne!(change["old"], change["new"], "it shows that it changed");
    // moonlight-7 and sunlight-8 as a Secret holds them.
    let hidden = ["moonlight-7", "bW9vbmxpZ2h0LTc", "sunlight-8", "c3VubGlnaHQtOA", "starlight-9"];
    let database = platform.data().join("relations");
    for entry in std::fs::read_dir(&database).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for words in hidden {
            let found = bytes.windows(words.len()).any(|window| window == words.as_bytes());
            assert!(!found, "{words} stands in {}", path.display());
        }
    }
}

#[test]
fn an_acknowledged_write_has_its_record_after_a_kill() {
    let mut platform = Platform::start();
    let maps = "/k8s/api/v1/namespaces/default/configmaps";
    for round in 0..3 {
        for at in 0..20 {
            let name = format!("c{round}-{at}");
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
            assert_eq!(platform.post(maps, &map).0, 201);
        }
        platform.kill();
        platform.up();
    }
    let query = "/api/audit?project=default&resource=configmaps&verb=create&limit=1000";
    let seen = items(&platform.get(query).unwrap());
    let mut names: Vec<&str> = seen.iter().map(|one| one["name"].as_str().unwrap()).collect();
    names.retain(|name| name.starts_with('c') && name.contains('-'));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((count, names.len()), (60, 60), "each once");
}

#[test]
fn a_moved_alias_and_a_silence_are_on_record() {
    let platform = Platform::start();
    let api = "/mlflow/p/default/api/2.0/mlflow";
    let post = |path: &str, body: Value| {
        let (code, answer) = platform.post(&format!("{api}{path}"), &body);
        assert_eq!(code, 200, "{path}: {answer}");
    };
    post("/registered-models/create", json!({"name": "digits"}));
    for _ in 0..2 {
        post("/model-versions/create", json!({"name": "digits", "source": "mlflow-artifacts:/x"}));
    }
    for version in ["1", "2"] {
        let alias = json!({"name": "digits", "alias": "champion", "version": version});
        post("/registered-models/alias", alias);
    }
    let seen = items(&platform.get("/api/audit?text=registered-models/alias").unwrap());
    assert_eq!(seen[0]["changes"], json!([{"path": "version", "old": "1", "new": "2"}]));
    assert_eq!((&seen[0]["name"], &seen[0]["namespace"]), (&json!("digits"), &json!("default")));

    let silence = json!({"matchers": [{"name": "alertname", "value": "x", "isRegex": false}],
        "startsAt": "2030-01-01T00:00:00Z", "endsAt": "2030-01-02T00:00:00Z",
        "createdBy": "admin", "comment": "planned work"});
    assert_eq!(platform.post("/alertmanager/api/v2/silences", &silence).0, 200);
    let seen = items(&platform.get("/api/audit?text=planned%20work").unwrap());
    assert_eq!(seen[0]["code"], 200, "{seen:?}");
}
