//! Alertmanager's API, asked in process.

use serde_json::{Value, json};

use crate::server::{Server, alert, names};

const CONFIG: &str = "\
route:
  receiver: all
  group_by: [job]
  group_wait: 0s
  routes:
    - {receiver: pages, matchers: [severity=page]}
inhibit_rules:
  - {source_matchers: [alertname=Down], target_matchers: [alertname=Slow], equal: [job]}
receivers: [{name: all}, {name: pages}]
";

fn at(seconds: i64) -> String {
    (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string()
}

fn silence(name: &str, value: &str) -> Value {
    json!({
        "matchers": [{"name": name, "value": value, "isRegex": false, "isEqual": true}],
        "startsAt": at(-60), "endsAt": at(3600), "createdBy": "somebody else", "comment": "why",
    })
}

#[tokio::test]
async fn alerts_are_posted_and_read_with_filters() {
    let server = Server::start(CONFIG).await;
    let root = server.administrator();
    let posted = json!([
        {
            "labels": {"alertname": "Slow", "job": "j"}, "annotations": {"summary": "s"},
            "startsAt": at(-600), "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://example.org/graph",
        },
        {"labels": {"alertname": "Down", "job": "j", "severity": "page"}},
        {"labels": {"alertname": "Idle", "job": "k"}},
    ]);
    assert_eq!(root.ask("POST", "/api/v2/alerts", Some(posted)).await.0, 200);
    assert_eq!(root.names("").await, ["Down", "Idle", "Slow"]);
    assert_eq!(root.names("?filter=job%3D%22j%22&filter=severity%3D%22%22").await, ["Slow"]);
    assert_eq!(root.names("?filter=alertname=~%22I.*%7CD.*%22").await, ["Down", "Idle"]);
    assert_eq!(root.names("?inhibited=false").await, ["Down", "Idle"]);
    assert_eq!(root.names("?receiver=pag.*").await, ["Down"]);
    let active = root.get("/api/v2/alerts?unprocessed=false").await;
    let slow =
        active.as_array().unwrap().iter().find(|own| own["labels"]["alertname"] == "Slow").unwrap();
    let down =
        active.as_array().unwrap().iter().find(|own| own["labels"]["alertname"] == "Down").unwrap();
    assert_eq!(slow["status"]["state"], "suppressed");
    assert_eq!(slow["status"]["inhibitedBy"], json!([down["fingerprint"]]));
    assert_eq!(slow["generatorURL"], "https://example.org/graph");
    assert_eq!(slow["receivers"], json!([{"name": "all"}]));
    assert_eq!(root.names("?active=false").await, ["Slow"]);

    let groups = root.get("/api/v2/alerts/groups?inhibited=false").await;
    let shown: Vec<(&Value, &Value, Vec<String>)> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (&group["labels"]["job"], &group["receiver"]["name"], names(&group["alerts"])))
        .collect();
    assert!(shown.contains(&(&json!("j"), &json!("pages"), vec!["Down".into()])), "{groups}");
    assert!(shown.contains(&(&json!("k"), &json!("all"), vec!["Idle".into()])), "{groups}");
    assert_eq!(shown.len(), 2);

    server.resolve("alertname=Down,job=j,severity=page").await;
    assert_eq!(root.names("").await, ["Idle", "Slow"]);
}

#[tokio::test]
async fn a_silence_is_made_changed_and_ended() {
    let server = Server::start(CONFIG).await;
    let root = server.administrator();
    server.fire(&["alertname=A,job=j", "alertname=B,job=j"]).await;
    let (status, made) =
        root.ask("POST", "/api/v2/silences", Some(silence("alertname", "A"))).await;
    assert_eq!(status, 200, "{made}");
    let id = made["silenceID"].as_str().unwrap().to_owned();
    let one = root.get(&format!("/api/v2/silence/{id}")).await;
    assert_eq!(one["status"]["state"], "active");
    // Who made it is who asked, whatever they wrote.
    assert_eq!(one["createdBy"], "root");
    assert_eq!(root.names("?silenced=false").await, ["B"]);
    let silenced = root.get("/api/v2/alerts?filter=alertname=A").await;
    assert_eq!(silenced[0]["status"]["silencedBy"], json!([id]));

    // Longer: the same silence. About something else: another, and the old one is over.
    let mut longer = one.clone();
    longer["endsAt"] = json!(at(7200));
    let (_, same) = root.ask("POST", "/api/v2/silences", Some(longer)).await;
    assert_eq!(same["silenceID"], json!(id));
    let mut other = silence("alertname", "B");
    other["id"] = json!(id);
    let (_, another) = root.ask("POST", "/api/v2/silences", Some(other)).await;
    let another = another["silenceID"].as_str().unwrap();
    assert_ne!(another, id);
    assert_eq!(root.get(&format!("/api/v2/silence/{id}")).await["status"]["state"], "expired");
    assert_eq!(root.names("?silenced=false").await, ["A"]);

    assert_eq!(root.ask("DELETE", &format!("/api/v2/silence/{another}"), None).await.0, 200);
    assert_eq!(root.names("?silenced=false").await, ["A", "B"]);
    assert_eq!(root.ask("DELETE", &format!("/api/v2/silence/{another}"), None).await.0, 404);
    assert_eq!(root.get("/api/v2/silences?filter=alertname=B").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_acknowledgement_is_shown_and_withdrawn() {
    let server = Server::start(CONFIG).await;
    let root = server.administrator();
    server.fire(&["alertname=A,job=j", "alertname=B,job=j"]).await;
    let own = json!({"matchers": [{"name": "alertname", "value": "A", "isRegex": false}], "comment": "on it"});
    let (status, done) = root.ask("POST", "/api/v2/dais/acknowledgements", Some(own)).await;
    assert_eq!(status, 200, "{done}");
    let fingerprint = done["acknowledged"][0].as_str().unwrap().to_owned();
    let alert = root.get("/api/v2/alerts?filter=alertname=A").await[0].clone();
    assert_eq!(alert["fingerprint"], json!(fingerprint));
    assert_eq!(alert["status"]["acknowledgedBy"]["user"], "root");
    assert_eq!(alert["status"]["acknowledgedBy"]["comment"], "on it");
    let listed = root.get("/api/v2/dais/acknowledgements").await;
    assert_eq!(names(&listed), ["A"]);
    let path = format!("/api/v2/dais/acknowledgements/{fingerprint}");
    assert_eq!(root.ask("DELETE", &path, None).await.0, 200);
    assert_eq!(root.ask("DELETE", &path, None).await.0, 404);
    let alert = root.get("/api/v2/alerts?filter=alertname=A").await[0].clone();
    assert_eq!(alert["status"]["acknowledgedBy"], Value::Null);
}

#[tokio::test]
async fn mistakes_are_told_as_alertmanager_tells_them() {
    let server = Server::start(CONFIG).await;
    let root = server.administrator();
    let matcher = json!([{"name": "a", "value": "b", "isRegex": false}]);
    for (method, path, body, status, words) in [
        ("POST", "/api/v2/alerts", Some(json!({})), 400, "body: "),
        ("POST", "/api/v2/alerts", Some(json!([{"labels": {}}])), 400, "[0].labels: "),
        ("POST", "/api/v2/alerts", Some(json!([{"labels": {"a": 1}}])), 400, "[0].labels.a: "),
        (
            "POST",
            "/api/v2/alerts",
            Some(json!([{"labels": {"a": "b"}, "startsAt": "soon"}])),
            400,
            "[0].startsAt: ",
        ),
        ("GET", "/api/v2/alerts?filter=a", None, 400, "filter: "),
        ("GET", "/api/v2/alerts?active=maybe", None, 400, "active: "),
        ("GET", "/api/v2/alerts?receiver=(", None, 400, "receiver: "),
        ("GET", "/api/v2/silence/none", None, 404, "silence none not found"),
        (
            "POST",
            "/api/v2/silences",
            Some(json!({"matchers": matcher, "endsAt": at(60)})),
            400,
            "startsAt",
        ),
        (
            "POST",
            "/api/v2/silences",
            Some(
                json!({"matchers": [{"name": "a", "value": "(", "isRegex": true}], "startsAt": at(0), "endsAt": at(60)}),
            ),
            400,
            "matchers[0]",
        ),
        (
            "POST",
            "/api/v2/silences",
            Some(
                json!({"matchers": [{"name": "a", "value": ".*", "isRegex": true}], "startsAt": at(0), "endsAt": at(60)}),
            ),
            400,
            "matchers: ",
        ),
        (
            "POST",
            "/api/v2/silences",
            Some(json!({"matchers": matcher, "startsAt": at(-60), "endsAt": at(-30)})),
            400,
            "endsAt: ",
        ),
        ("POST", "/api/v2/dais/acknowledgements", Some(json!({})), 400, "fingerprints: "),
        (
            "POST",
            "/api/v2/dais/acknowledgements",
            Some(json!({"fingerprints": ["xyz"]})),
            400,
            "fingerprints[0]: ",
        ),
        (
            "POST",
            "/api/v2/dais/acknowledgements",
            Some(json!({"fingerprints": ["0123456789abcdef"]})),
            404,
            "firing alert",
        ),
        ("POST", "/api/v2/dais/receivers/none/test", None, 404, "none"),
        ("GET", "/api/v1/alerts", None, 404, "/api/v1/alerts"),
    ] {
        let (own, answer) = root.ask(method, path, body.clone()).await;
        assert_eq!(own, status, "{method} {path} {body:?}: {answer}");
        // The API's errors are JSON texts.
        let text = answer.as_str().unwrap_or_else(|| panic!("{path}: {answer}"));
        assert!(text.contains(words), "{path}: {text}");
    }
    // One wrong alert among others is told, and the others count.
    let mixed = json!([{"labels": {"alertname": "A"}}, {"labels": {}}]);
    let (status, answer) = root.ask("POST", "/api/v2/alerts", Some(mixed)).await;
    assert_eq!(status, 400);
    assert!(answer.as_str().unwrap().starts_with("[1].labels: "), "{answer}");
    assert_eq!(root.names("").await, ["A"]);
}

#[tokio::test]
async fn the_configuration_is_changed_while_it_runs() {
    let server = Server::start(CONFIG).await;
    let root = server.administrator();
    server.fire(&["alertname=A,job=j"]).await;
    assert!(server.alerts.configure("route: {}").await.is_err());
    assert!(server.alerts.metrics().contains("alertmanager_config_last_reload_successful 0"));
    assert_eq!(root.get("/api/v2/receivers").await, json!([{"name": "all"}, {"name": "pages"}]));
    server.alerts.configure("route: {receiver: new}\nreceivers: [{name: new}]").await.unwrap();
    assert_eq!(root.get("/api/v2/receivers").await, json!([{"name": "new"}]));
    assert_eq!(root.get("/api/v2/alerts").await[0]["receivers"], json!([{"name": "new"}]));
    assert!(server.alerts.metrics().contains("alertmanager_config_last_reload_successful 1"));
}

#[tokio::test]
async fn alerts_without_end_are_cut_and_those_that_are_known_count_on() {
    let server = Server::start(CONFIG).await;
    let flood = (0..100_001).map(|n| alert(&format!("alertname=A,job=j,n={n}"))).collect();
    let error = server.alerts.receive(flood).await.unwrap_err().to_string();
    assert!(error.starts_with("alerts: 100000 alerts are known"), "{error}");
    let metrics = server.alerts.metrics();
    assert!(metrics.contains("alertmanager_alerts{state=\"active\"} 100000"));
    assert!(metrics.contains("alertmanager_alerts_invalid_total 1"));
    assert!(server.alerts.receive(vec![alert("alertname=New")]).await.is_err());
    server.resolve("alertname=A,job=j,n=7").await;
    let one = "/api/v2/alerts?filter=n=7";
    assert_eq!(server.administrator().get(one).await, json!([]));
}
