//! Delivery over webhooks: Alertmanager's message, retries, order, and receivers that fail.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::ear::Ear;
use crate::server::Server;

const TIMES: &str = "group_by: [job], group_wait: 0s, group_interval: 100ms";

fn one(url: &str) -> String {
    format!(
        "route: {{receiver: hook, {TIMES}}}\nreceivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]"
    )
}

#[tokio::test]
async fn a_webhook_hears_alertmanagers_message() {
    let mut ear = Ear::agreeable().await;
    let config = format!(
        "route: {{receiver: hook, group_by: [job], group_wait: 300ms}}\n\
         receivers: [{{name: hook, webhook_configs: [{{url: '{}/x', max_alerts: 1, \
         http_config: {{authorization: {{credentials: token}}}}}}]}}]",
        ear.url
    );
    let server = Server::start(&config).await;
    server.fire(&["alertname=A,job=j,pod=p", "alertname=B,job=j,pod=p"]).await;
    let heard = ear.next().await;
    assert_eq!(heard.headers["authorization"], "Bearer token");
    assert_eq!(heard.headers["content-type"], "application/json");
    let mut body = heard.body;
    let alert = body["alerts"][0].take();
    assert_eq!(
        body,
        json!({
            "version": "4", "groupKey": "{}:{job=\"j\"}", "truncatedAlerts": 1, "status": "firing",
            "receiver": "hook", "groupLabels": {"job": "j"},
            "commonLabels": {"job": "j", "pod": "p"}, "commonAnnotations": {},
            "externalURL": "https://dais.example.org/alerts", "alerts": [null],
        })
    );
    assert_eq!(alert["status"], "firing");
    assert_eq!(alert["endsAt"], "0001-01-01T00:00:00Z");
    assert_eq!(alert["fingerprint"].as_str().unwrap().len(), 16);
}

#[tokio::test]
async fn what_a_receiver_cannot_take_now_is_tried_again_in_order() {
    let answer = |number| match number {
        0 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        1 => StatusCode::TOO_MANY_REQUESTS.into_response(),
        _ => StatusCode::OK.into_response(),
    };
    let mut ear = Ear::open(answer).await;
    let server = Server::start(&one(&ear.url)).await;
    server.fire(&["alertname=A,job=j"]).await;
    let first = ear.next().await;
    // Meanwhile something else happens, which must not overtake.
    server.fire(&["alertname=B,job=k"]).await;
    assert_eq!(first.alerts(), ["firing A"]);
    assert_eq!(ear.next().await.alerts(), ["firing A"]);
    assert_eq!(ear.next().await.alerts(), ["firing A"]);
    assert_eq!(ear.next().await.alerts(), ["firing B"]);
    server.resolve("alertname=A,job=j").await;
    assert_eq!(ear.next().await.alerts(), ["resolved A"]);
    let root = server.administrator();
    let is_calm = |value: &Value| value[0]["integrations"][0]["queued"] == 0;
    let told = root.until("/api/v2/dais/receivers", is_calm).await;
    let health = &told[0]["integrations"][0]["health"];
    assert_eq!(health["failingSince"], Value::Null);
    assert_eq!(health["lastError"]["status"], 429);
    assert_eq!(ear.rest(), 0);
}

#[tokio::test]
async fn a_receiver_that_refuses_is_reported_and_holds_up_no_other() {
    let mut deaf = Ear::open(|_| (StatusCode::NOT_FOUND, "no such hook").into_response()).await;
    let mut ear = Ear::agreeable().await;
    let config = format!(
        "route: {{receiver: both, {TIMES}}}\n\
         receivers: [{{name: both, webhook_configs: [{{url: '{}/secret-path'}}, {{url: '{}'}}]}}]",
        deaf.url, ear.url
    );
    let server = Server::start(&config).await;
    server.fire(&["alertname=A,job=j"]).await;
    assert_eq!(ear.next().await.alerts(), ["firing A"]);
    // It counts as not told, so the group's next flush tries again; the other is told once.
    deaf.next().await;
    deaf.next().await;
    server.fire(&["alertname=B,job=k"]).await;
    assert_eq!(ear.next().await.alerts(), ["firing B"]);
    let root = server.administrator();
    let told = root
        .until("/api/v2/dais/receivers", |value| {
            value[0]["integrations"][0]["health"]["lastError"] != Value::Null
        })
        .await;
    let [first, second] = [0, 1].map(|at| &told[0]["integrations"][at]["health"]);
    assert_eq!(first["lastError"]["verdict"], "refused");
    assert_eq!(first["lastError"]["status"], 404);
    assert_eq!(first["lastError"]["answer"], "no such hook");
    assert_ne!(first["failingSince"], Value::Null);
    assert_eq!(second["lastError"], Value::Null);
    assert!(!told.to_string().contains("secret-path"));
    let metrics = server.alerts.metrics();
    let value = |name: &str| -> f64 {
        let start = format!("{name}{{integration=\"webhook\",receiver_name=\"both\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("{name} in {metrics}")).parse().unwrap()
    };
    assert!(value("alertmanager_notifications_failed_total") >= 1.0);
    assert!(
        value("alertmanager_notifications_total")
            > value("alertmanager_notifications_failed_total")
    );
    assert_eq!(
        value("alertmanager_notification_latency_seconds_count"),
        value("alertmanager_notification_requests_total")
    );
}

#[tokio::test]
async fn a_receiver_that_is_not_there_holds_up_no_other() {
    // A port that was free a moment ago, and nobody listens on.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut ear = Ear::agreeable().await;
    let config = format!(
        "route: {{receiver: both, {TIMES}}}\n\
         receivers: [{{name: both, webhook_configs: [{{url: 'http://{nobody}'}}, {{url: '{}'}}]}}]",
        ear.url
    );
    let server = Server::start(&config).await;
    server.fire(&["alertname=A,job=j"]).await;
    assert_eq!(ear.next().await.alerts(), ["firing A"]);
    server.fire(&["alertname=B,job=k"]).await;
    assert_eq!(ear.next().await.alerts(), ["firing B"]);
    let root = server.administrator();
    let is_waiting = |value: &Value| value[0]["integrations"][0]["queued"] == 2;
    let told = root.until("/api/v2/dais/receivers", is_waiting).await;
    let error = &told[0]["integrations"][0]["health"]["lastError"];
    assert_eq!(error["verdict"], "retry");
    assert!(!error["answer"].as_str().unwrap().contains("http://"), "{error}");
    // The configuration is mended: what waited goes out at once.
    let mut other = Ear::agreeable().await;
    server
        .alerts
        .configure(&config.replace(&format!("http://{nobody}"), &other.url))
        .await
        .unwrap();
    assert_eq!(other.next().await.alerts(), ["firing A"]);
    assert_eq!(other.next().await.alerts(), ["firing B"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut other = Ear::agreeable().await;
    let target = other.url.clone();
    let answer = move |_| (StatusCode::FOUND, [("location", target.clone())]).into_response();
    let ear = Ear::open(answer).await;
    let server = Server::start(&one(&ear.url)).await;
    let said = server.alerts.test("hook").await.unwrap();
    assert_eq!((said[0].verdict, said[0].status), (dais_alerts::Verdict::Refused, Some(302)));
    assert!(said[0].answer.contains("redirect"));
    assert_eq!(other.rest(), 0);
}

#[tokio::test]
async fn a_long_answer_is_cut_and_a_secret_in_it_is_hidden() {
    let body = format!("bad token hush-hush {}", "x".repeat(1 << 20));
    let ear = Ear::open(move |_| (StatusCode::UNAUTHORIZED, body.clone()).into_response()).await;
    let config = format!(
        "route: {{receiver: hook}}\nreceivers: [{{name: hook, webhook_configs: [{{url: '{}', \
         http_config: {{basic_auth: {{username: u, password: hush-hush}}}}}}]}}]",
        ear.url
    );
    let server = Server::start(&config).await;
    let (status, said) =
        server.administrator().ask("POST", "/api/v2/dais/receivers/hook/test", None).await;
    assert_eq!(status, 200);
    assert_eq!(said[0]["verdict"], "refused");
    assert_eq!(said[0]["status"], 401);
    let answer = said[0]["answer"].as_str().unwrap();
    assert!(answer.starts_with("bad token **** xxx") && answer.len() < 1100, "{answer}");
    assert!(!format!("{:?}", server.alerts.test("hook").await).contains("hush"));
}
