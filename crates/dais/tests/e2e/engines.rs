//! Another platform in the part of a company's own Elasticsearch and Jaeger.

use serde_json::{Value, json};

use crate::support::{Platform, text};

/// A platform whose logs and traces are the other's.
fn before(theirs: &Platform) -> Platform {
    let token = theirs.folder().join("token");
    std::fs::write(&token, format!("Bearer {}", theirs.token())).unwrap();
    let bearer = theirs.folder().join("bearer");
    std::fs::write(&bearer, theirs.token()).unwrap();
    let (token, bearer) = (token.display().to_string(), bearer.display().to_string());
    let url = theirs.url();
    let options = [
        ("--elasticsearch-url", format!("{url}/elasticsearch")),
        ("--elasticsearch-token-file", token),
        ("--jaeger-url", format!("{url}/jaeger")),
        ("--jaeger-token-file", bearer.clone()),
        ("--otlp-export-url", url),
        ("--otlp-export-token-file", bearer),
    ];
    let options: Vec<String> =
        options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    Platform::start_with_options(&options)
}

fn messages(platform: &Platform, index: &str, query: &Value) -> Vec<String> {
    let path = format!("/elasticsearch/{index}/_search");
    let (_, found) = platform.post(&path, &json!({"query": query}));
    let hits = found["hits"]["hits"].as_array().cloned().unwrap_or_default();
    hits.iter().filter_map(|hit| Some(hit["_source"]["message"].as_str()?.to_owned())).collect()
}

fn send_span(platform: &Platform) {
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let (start, end) = (now.as_nanos(), now.as_nanos() + 5_000_000);
    let (status, answer) = platform.post(
        "/v1/traces",
        &json!({"resourceSpans": [{
            "resource": {"attributes": [attribute("service.name", "shop"), attribute("k8s.namespace.name", "default")]},
            "scopeSpans": [{"spans": [{
                "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "buy", "kind": 2,
                "startTimeUnixNano": start.to_string(), "endTimeUnixNano": end.to_string(),
            }]}],
        }]}),
    );
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn logs_and_traces_are_kept_by_others_and_read_from_them() {
    let mut theirs = Platform::start();
    let ours = before(&theirs);
    ours.ok(&["run", "--name", "told", "--no-code", "--", "sh", "-c", "echo elsewhere it is"]);
    let words = json!({"match_phrase": {"message": "elsewhere it is"}});
    for (platform, index) in [(&ours, "logs"), (&theirs, "dais-logs-*")] {
        platform.until("the line to be found", || messages(platform, index, &words).pop());
    }
    assert!(messages(&theirs, "logs", &words).is_empty(), "behind the prefix alone");
    // Kubernetes events go the same way.
    let pods = json!({"term": {"fields.event.kind": "Pod"}});
    for (platform, index) in [(&ours, "events"), (&theirs, "dais-events-*")] {
        platform.until("an event to be kept", || messages(platform, index, &pods).pop());
    }
    send_span(&ours);
    let trace = "/jaeger/api/traces/0af7651916cd43dd8448eb211c80319c";
    for platform in [&theirs, &ours] {
        let found = platform.until("the trace to be found", || platform.get(trace).ok());
        assert_eq!(found["data"][0]["spans"][0]["operationName"], "buy", "{found}");
    }
    let status = ours.ok(&["status"]);
    assert!(status.contains("elasticsearch") && status.contains("answers: Jaeger"), "{status}");

    theirs.kill();
    for (path, words) in [("/elasticsearch/logs/_search", "dais status"), (trace, "--jaeger-url")] {
        let refusal = ours.get(path).unwrap_err();
        assert!(refusal.starts_with("502") && refusal.contains(words), "{refusal}");
    }
    let output = ours.dais(&["status"]);
    assert!(
        !output.status.success() && text(&output).contains("does not answer"),
        "{}",
        text(&output)
    );
    // What is written meanwhile waits for it.
    ours.ok(&["run", "--name", "later", "--no-code", "--", "sh", "-c", "echo it was away"]);
    theirs.up();
    let words = json!({"match_phrase": {"message": "it was away"}});
    ours.until("the line to arrive after all", || messages(&ours, "logs", &words).pop());
    assert_eq!(messages(&ours, "logs", &words).len(), 1);
}

#[test]
fn a_doctor_says_which_engines_do_not_answer() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{gone}");
    let output = std::process::Command::new(crate::support::DAIS)
        .args([
            "doctor",
            "--prometheus-url",
            &url,
            "--elasticsearch-url",
            &url,
            "--jaeger-url",
            &url,
        ])
        .env("DAIS_LANG", "en")
        .output()
        .unwrap();
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    for engine in ["prometheus", "elasticsearch", "jaeger"] {
        let line = said.lines().find(|line| line.contains(engine) && line.contains("missing"));
        assert!(line.is_some(), "{said}");
    }
}
