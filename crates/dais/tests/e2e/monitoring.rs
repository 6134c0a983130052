//! From a pod that asks to be scraped to a person who is told, through the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::support::Platform;

/// Serves one metric and claims to be of another namespace.
const TARGET: &str = r#"
import http.server, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b'# TYPE cups gauge\ncups{namespace="kube-system",size="big"} 7\n')
    def log_message(self, *_): pass
http.server.HTTPServer((os.environ["POD_IP"], 8000), Page).serve_forever()
"#;

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "kitchen", "labels": {"dais.io/app": "kitchen"}, "annotations": {
            "prometheus.io/scrape": "true", "prometheus.io/port": "8000",
        }},
        "spec": {"restartPolicy": "Never", "containers": [{
            "name": "main", "image": "host", "command": ["python3", "-c", TARGET],
            "ports": [{"containerPort": 8000}],
            "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        }]},
    })
}

fn rule() -> Value {
    json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
        "metadata": {"name": "kitchen"},
        "spec": {"groups": [{"name": "kitchen", "interval": "1s", "rules": [
            {"alert": "Broken", "expr": "sum(("},
            {"record": "kitchen:cups", "expr": "sum by (size) (cups)"},
            {
                "alert": "ManyCups", "expr": "kitchen:cups > 5", "labels": {"severity": "info"},
                "annotations": {"summary": "{{ $value }} {{ $labels.size }} cups"},
            },
        ]}]},
    })
}

fn query(platform: &Platform, query: &str) -> Vec<Value> {
    let path = format!("/prometheus/api/v1/query?query={query}");
    let answer = platform.get(&path).unwrap();
    answer["data"]["result"].as_array().unwrap().clone()
}

#[test]
fn a_pod_is_scraped_a_rule_fires_and_a_person_is_told() {
    let platform = Platform::start();
    let told = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "route: {{receiver: hook, group_wait: 0s, group_by: [alertname]}}\n\
         receivers:\n- name: hook\n  webhook_configs: [{{url: 'http://{}/'}}]\n",
        told.local_addr().unwrap()
    );
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "alertmanager"},
        "stringData": {"alertmanager.yaml": config},
    });
    assert_eq!(platform.post("/k8s/api/v1/namespaces/dais-system/secrets", &secret).0, 201);
    assert_eq!(platform.post("/k8s/api/v1/namespaces/default/pods", &pod()).0, 201);
    let rules = "/k8s/apis/monitoring.coreos.com/v1/namespaces/default/prometheusrules";
    let (code, answer) = platform.post(rules, &rule());
    assert_eq!(code, 201, "{answer}");

    let cups = platform.until("the pod to be scraped", || query(&platform, "cups").pop());
    assert_eq!(cups["value"][1], "7");
    for (label, value) in
        [("namespace", "default"), ("pod", "kitchen"), ("job", "kubernetes-pods"), ("size", "big")]
    {
        assert_eq!(cups["metric"][label], value, "{cups}");
    }
    told_of_many_cups(&told);
    let alerts = platform.get("/alertmanager/api/v2/alerts").unwrap();
    let ours =
        alerts.as_array().unwrap().iter().find(|alert| alert["labels"]["alertname"] == "ManyCups");
    assert_eq!(ours.unwrap()["labels"]["namespace"], "default", "{alerts}");

    let shown = platform.get("/prometheus/api/v1/rules?rule_name[]=Broken").unwrap();
    let broken = &shown["data"]["groups"][0]["rules"][0];
    assert_eq!(broken["health"], "err", "{shown}");
    assert!(broken["lastError"].as_str().unwrap().contains("expr"), "{shown}");

    kept_events(&platform);
}

/// The alert arrives as Alertmanager's webhook message.
fn told_of_many_cups(told: &TcpListener) {
    loop {
        let (stream, _) = told.accept().unwrap();
        let message = read_message(stream);
        let alerts = message["alerts"].as_array().unwrap();
        if let Some(alert) = alerts.iter().find(|alert| alert["labels"]["alertname"] == "ManyCups")
        {
            assert_eq!(alert["annotations"]["summary"], "7 big cups", "{message}");
            return;
        }
    }
}

fn read_message(stream: TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// The rule that cannot be read was told in an event, and the event is kept with the logs.
fn kept_events(platform: &Platform) {
    let search = json!({"query": {"term": {"fields.event.reason": "InvalidRule"}}});
    let hit = platform.until("the event to be kept", || {
        let (_, found) = platform.post("/elasticsearch/events/_search", &search);
        found["hits"]["hits"].as_array()?.first().cloned()
    });
    let event = &hit["_source"];
    assert_eq!(event["namespace"], "default", "{event}");
    assert_eq!(event["severity"], "warn", "{event}");
    assert!(event["message"].as_str().unwrap().contains("Broken"), "{event}");
}
