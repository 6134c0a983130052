//! Chat services, as their documentation describes what they take and answer. Signatures are
//! computed here by RFC 2104's own words, not by the library that made them.

use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dais_alerts::Verdict;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::ear::Ear;
use crate::server::Server;

fn hmac(key: &str, message: &str) -> String {
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key.as_bytes());
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    STANDARD.encode(Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize())
}

async fn robot(
    kind: &str,
    path: &str,
    secret: Option<&str>,
    answer: &'static str,
) -> (Server, Ear) {
    let ear = Ear::open(move |_| answer.into_response()).await;
    let secret = secret.map(|secret| format!(", secret: '{secret}'")).unwrap_or_default();
    let config = format!(
        "route: {{receiver: team, group_by: [alertname], group_wait: 0s}}\nreceivers: [{{name: team}}]\n---\n\
         language: zh\nreceivers: [{{name: team, {kind}_configs: [{{url: '{}{path}'{secret}}}]}}]",
        ear.url
    );
    (Server::start(&config).await, ear)
}

fn is_now(milliseconds: i64) -> bool {
    (jiff::Timestamp::now().as_millisecond() - milliseconds).abs() < 3_600_000
}

#[tokio::test]
async fn dingtalk_gets_signed_markdown() {
    let answer = r#"{"errcode":0,"errmsg":"ok"}"#;
    let secret = "SECthis is a secret that is longer than the block of the hash, which is 64 bytes";
    let (server, mut ear) =
        robot("dingtalk", "/robot/send?access_token=abc", Some(secret), answer).await;
    server.fire(&["alertname=DiskFull,namespace=training,severity=critical"]).await;
    let heard = ear.next().await;
    assert_eq!(heard.uri.path(), "/robot/send");
    assert_eq!(heard.query("access_token").unwrap(), "abc");
    let timestamp = heard.query("timestamp").unwrap();
    assert!(is_now(timestamp.parse().unwrap()), "{timestamp}");
    assert_eq!(heard.query("sign").unwrap(), hmac(secret, &format!("{timestamp}\n{secret}")));
    assert_eq!(heard.body["msgtype"], "markdown");
    let markdown = &heard.body["markdown"];
    assert_eq!(markdown["title"], "[告警:1] DiskFull");
    let text = markdown["text"].as_str().unwrap();
    assert!(
        text.starts_with("### [告警:1] DiskFull\n\n**DiskFull** · critical\n\n内容:"),
        "{text}"
    );
    assert!(text.contains("\n\n位置:training\n\n"), "{text}");
}

#[tokio::test]
async fn dingtalk_says_no_with_200() {
    let answer =
        r#"{"errcode":310000,"errmsg":"sign not match, more: [https://ding-doc.dingtalk.com]"}"#;
    let (server, _ear) = robot("dingtalk", "/robot/send?access_token=abc", Some("s"), answer).await;
    let (status, said) =
        server.administrator().ask("POST", "/api/v2/dais/receivers/team/test", None).await;
    assert_eq!(status, 200);
    let mut said = said[0].clone();
    said["seconds"] = json!(0);
    assert_eq!(
        said,
        json!({
            "integration": "team/dingtalk[0]", "verdict": "refused", "status": 200,
            "code": 310_000, "answer": answer, "seconds": 0,
        })
    );
}

#[tokio::test]
async fn wecom_gets_markdown() {
    let (server, mut ear) =
        robot("wecom", "/cgi-bin/webhook/send?key=k", None, r#"{"errcode":0,"errmsg":"ok"}"#).await;
    server.fire(&["alertname=DiskFull,namespace=training,pod=<@all>"]).await;
    let heard = ear.next().await;
    assert_eq!(
        (heard.uri.path(), heard.query("key").as_deref()),
        ("/cgi-bin/webhook/send", Some("k"))
    );
    assert_eq!(heard.body["msgtype"], "markdown");
    let content = heard.body["markdown"]["content"].as_str().unwrap();
    assert!(content.starts_with("### [告警:1] DiskFull\n**DiskFull**\n"), "{content}");
    assert!(!content.contains("<@all>"), "{content}");
}

#[tokio::test]
async fn feishu_gets_a_signed_card() {
    let answer = r#"{"code":0,"msg":"success","data":{}}"#;
    let (server, mut ear) =
        robot("feishu", "/open-apis/bot/v2/hook/id", Some("demo"), answer).await;
    server.fire(&["alertname=DiskFull,namespace=training"]).await;
    let heard = ear.next().await;
    assert_eq!(heard.uri.path(), "/open-apis/bot/v2/hook/id");
    let timestamp = heard.body["timestamp"].as_str().unwrap();
    assert!(is_now(timestamp.parse::<i64>().unwrap() * 1000), "{timestamp}");
    assert_eq!(heard.body["sign"], hmac(&format!("{timestamp}\ndemo"), ""));
    assert_eq!(heard.body["msg_type"], "interactive");
    let card = &heard.body["card"];
    assert_eq!(
        card["header"]["title"],
        json!({"tag": "plain_text", "content": "[告警:1] DiskFull"})
    );
    assert_eq!(card["header"]["template"], "red");
    let text = &card["elements"][0]["text"];
    assert_eq!(text["tag"], "lark_md");
    assert!(text["content"].as_str().unwrap().starts_with("**DiskFull**\n内容:"), "{text}");

    let (server, _ear) = robot(
        "feishu",
        "/open-apis/bot/v2/hook/id",
        Some("demo"),
        r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}"#,
    )
    .await;
    let said = server.alerts.test("team").await.unwrap();
    assert_eq!((said[0].verdict, said[0].code), (Verdict::Refused, Some(19_021)));
}

#[tokio::test]
async fn slack_gets_an_attachment() {
    let mut ear = Ear::open(|_| "ok".into_response()).await;
    let config = format!(
        "global: {{slack_api_url: '{}/services/T/B/x'}}\n\
         route: {{receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 100ms}}\n\
         receivers: [{{name: team, slack_configs: [{{channel: '#ops', username: dais, send_resolved: true}}]}}]",
        ear.url
    );
    let server = Server::start(&config).await;
    server.fire(&["alertname=Disk<Full>,namespace=training"]).await;
    let heard = ear.next().await;
    assert_eq!(heard.uri.path(), "/services/T/B/x");
    assert_eq!((&heard.body["channel"], &heard.body["username"]), (&json!("#ops"), &json!("dais")));
    let attachment = &heard.body["attachments"][0];
    assert_eq!(attachment["color"], "danger");
    assert_eq!(attachment["title"], "[FIRING:1] Disk&lt;Full&gt;");
    assert_eq!(attachment["title_link"], "https://dais.example.org/alerts");
    assert_eq!(attachment["mrkdwn_in"], json!(["text"]));
    let text = attachment["text"].as_str().unwrap();
    assert!(text.starts_with("*Disk&lt;Full&gt;*\n"), "{text}");
    assert!(text.contains("<https://dais.example.org/alerts|Details>"), "{text}");
    server.resolve("alertname=Disk<Full>,namespace=training").await;
    assert_eq!(ear.next().await.body["attachments"][0]["color"], "good");
}
