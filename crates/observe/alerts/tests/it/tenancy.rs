//! What a caller of some namespaces can see and do, and how they try to get further.

use dais_alerts::{Actor, Scope};
use serde_json::{Value, json};

use crate::server::{Server, names};

const CONFIG: &str = "\
route:
  receiver: operations
  group_wait: 0s
  routes:
    - {receiver: team-a, matchers: [namespace=a]}
    - {receiver: team-b, matchers: [namespace=b]}
inhibit_rules:
  - {source_matchers: [alertname=Down], target_matchers: [alertname=Slow]}
receivers: [{name: operations}, {name: team-a}, {name: team-b}]
";

fn silence(matchers: Value) -> Value {
    let now = jiff::Timestamp::now();
    let later = now + jiff::SignedDuration::from_secs(3600);
    json!({"matchers": matchers, "startsAt": now, "endsAt": later, "createdBy": "x", "comment": "c"})
}

fn equal(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value, "isRegex": false, "isEqual": true})
}

async fn server() -> Server {
    let server = Server::start(CONFIG).await;
    server
        .fire(&[
            "alertname=Slow,namespace=a",
            "alertname=Down,namespace=b",
            "alertname=Node,node=n",
        ])
        .await;
    server
}

#[tokio::test]
async fn nothing_of_another_namespace_shows() {
    let server = server().await;
    let root = server.administrator();
    for matchers in [json!([equal("namespace", "b")]), json!([equal("alertname", "Slow")])] {
        assert_eq!(root.ask("POST", "/api/v2/silences", Some(silence(matchers))).await.0, 200);
    }
    let acknowledged = json!({"matchers": [equal("namespace", "b")]});
    root.ask("POST", "/api/v2/dais/acknowledgements", Some(acknowledged)).await;
    let ana = server.tenant("ana", &["a"]);
    assert_eq!(ana.names("").await, ["Slow"]);
    for query in [
        "?filter=namespace=b",
        "?filter=namespace=~%22.*%22&filter=namespace!=a",
        "?receiver=team-b",
    ] {
        assert!(ana.names(query).await.is_empty(), "{query}");
    }
    let slow = ana.get("/api/v2/alerts").await[0].clone();
    // It is kept quiet, by what is not theirs to see.
    assert_eq!(slow["status"]["state"], "suppressed");
    assert_eq!(slow["status"]["inhibitedBy"], json!([]));
    assert_eq!(slow["status"]["silencedBy"], json!([]));
    let groups = ana.get("/api/v2/alerts/groups").await;
    assert_eq!(groups.as_array().unwrap().len(), 1);
    assert_eq!(names(&groups[0]["alerts"]), ["Slow"]);
    assert_eq!(ana.get("/api/v2/silences").await, json!([]));
    assert_eq!(ana.get("/api/v2/dais/acknowledgements").await, json!([]));
    assert_eq!(ana.get("/api/v2/receivers").await, json!([{"name": "team-a"}]));
    assert_eq!(ana.get("/api/v2/dais/receivers").await, json!([]));
    assert_eq!(ana.get("/api/v2/status").await["config"]["original"], "");
    // An id that leaked is of no use.
    let silences = root.get("/api/v2/silences").await;
    for silence in silences.as_array().unwrap() {
        let path = format!("/api/v2/silence/{}", silence["id"].as_str().unwrap());
        assert_eq!(ana.ask("GET", &path, None).await.0, 404);
        assert_eq!(ana.ask("DELETE", &path, None).await.0, 404);
        let mut own = self::silence(json!([equal("namespace", "a")]));
        own["id"] = silence["id"].clone();
        assert_eq!(ana.ask("POST", "/api/v2/silences", Some(own)).await.0, 404);
    }
    let down = root.get("/api/v2/alerts?filter=alertname=Down").await[0]["fingerprint"].clone();
    let own = json!({"fingerprints": [down]});
    assert_eq!(ana.ask("POST", "/api/v2/dais/acknowledgements", Some(own)).await.0, 404);
    let path = format!("/api/v2/dais/acknowledgements/{}", down.as_str().unwrap());
    assert_eq!(ana.ask("DELETE", &path, None).await.0, 404);
    assert_eq!(ana.ask("POST", "/api/v2/dais/receivers/team-a/test", None).await.0, 403);
}

#[tokio::test]
async fn what_a_tenant_silences_is_their_own() {
    let server = server().await;
    let (root, ana) = (server.administrator(), server.tenant("ana", &["a", "c"]));
    // Without a word on the namespace it gets theirs.
    let everything = json!([{"name": "alertname", "value": ".+", "isRegex": true}]);
    let (status, made) = ana.ask("POST", "/api/v2/silences", Some(silence(everything))).await;
    assert_eq!(status, 200, "{made}");
    let id = made["silenceID"].as_str().unwrap();
    let own = root.get(&format!("/api/v2/silence/{id}")).await;
    assert_eq!(own["createdBy"], "ana");
    let namespace = json!({"name": "namespace", "value": "a|c", "isRegex": true, "isEqual": true});
    assert!(own["matchers"].as_array().unwrap().contains(&namespace), "{own}");
    assert_eq!(root.names("?silenced=false").await, ["Down", "Node"]);
    // Who shares one of the namespaces alone does not see it: it tells of the other.
    assert_eq!(server.tenant("ben", &["a"]).get("/api/v2/silences").await, json!([]));
    assert_eq!(
        server
            .tenant("cho", &["a", "b", "c"])
            .get("/api/v2/silences")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for (value, is_regex, is_equal) in [
        ("b", false, true),
        ("a|b", true, true),
        (".*", true, true),
        ("a", false, false),
        ("", false, true),
    ] {
        let namespace =
            json!({"name": "namespace", "value": value, "isRegex": is_regex, "isEqual": is_equal});
        let sly = json!([equal("alertname", "Down"), namespace]);
        let (status, answer) =
            ana.ask("POST", "/api/v2/silences", Some(silence(sly.clone()))).await;
        assert_eq!(status, 403, "{value}: {answer}");
        let sly = json!({"matchers": sly});
        let (status, answer) = ana.ask("POST", "/api/v2/dais/acknowledgements", Some(sly)).await;
        assert_eq!(status, 403, "{value}: {answer}");
    }
    // What they acknowledge without naming a namespace is theirs too.
    let all = json!({"matchers": [{"name": "alertname", "value": ".+", "isRegex": true}]});
    let (_, done) = ana.ask("POST", "/api/v2/dais/acknowledgements", Some(all)).await;
    assert_eq!(done["acknowledged"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_tenant_posts_alerts_of_their_namespaces_alone() {
    let server = server().await;
    let ana = server.tenant("ana", &["a"]);
    for labels in [json!({"alertname": "X"}), json!({"alertname": "X", "namespace": "b"})] {
        let (status, answer) =
            ana.ask("POST", "/api/v2/alerts", Some(json!([{"labels": labels}]))).await;
        assert_eq!(status, 403, "{answer}");
        assert!(answer.as_str().unwrap().contains("[0].labels.namespace"));
    }
    let own = json!([{"labels": {"alertname": "X", "namespace": "a"}}]);
    assert_eq!(ana.ask("POST", "/api/v2/alerts", Some(own)).await.0, 200);
    assert_eq!(ana.names("").await, ["Slow", "X"]);
}

#[tokio::test]
async fn without_extensions_nothing_shows_and_nothing_is_done() {
    let server = server().await;
    let nobody = server.caller(None, Some(Actor { user: "x".into(), write: true }));
    assert!(nobody.names("").await.is_empty());
    let sly = silence(json!([equal("alertname", "Down")]));
    assert_eq!(nobody.ask("POST", "/api/v2/silences", Some(sly.clone())).await.0, 403);
    for actor in [None, Some(Actor { user: "reader".into(), write: false })] {
        let reader = server.caller(Some(Scope::all()), actor);
        assert_eq!(reader.names("").await.len(), 3);
        for (method, path, body) in [
            ("POST", "/api/v2/alerts", Some(json!([{"labels": {"alertname": "X"}}]))),
            ("POST", "/api/v2/silences", Some(sly.clone())),
            ("DELETE", "/api/v2/silence/x", None),
            (
                "POST",
                "/api/v2/dais/acknowledgements",
                Some(json!({"matchers": [equal("alertname", "Down")]})),
            ),
            ("DELETE", "/api/v2/dais/acknowledgements/0123456789abcdef", None),
            ("POST", "/api/v2/dais/receivers/operations/test", None),
        ] {
            assert_eq!(reader.ask(method, path, body).await.0, 403, "{method} {path}");
        }
    }
    assert_eq!(server.administrator().names("?silenced=false").await.len(), 3);
}
