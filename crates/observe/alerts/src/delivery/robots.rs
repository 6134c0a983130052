//! Group robots of DingTalk, WeCom and Feishu. Each takes a message of a few kilobytes and
//! answers with HTTP 200 even when it does not take it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Codes, DINGTALK, FEISHU, WECOM, judge_code};
use super::post::post;
use super::{Bag, Outcome, signature};
use crate::config::receiver::Robot;
use crate::secret::Source;
use crate::template::{Format, Words};

/// DingTalk takes a body of 20,000 bytes; what surrounds the text needs some of them.
const DINGTALK_BODY: usize = 19_000;
/// WeCom takes 4,096 bytes of Markdown.
const WECOM_TEXT: usize = 4096;
/// Feishu takes a body of 20 KiB.
const FEISHU_BODY: usize = 19_000;
/// In lists of conversations no more of a title is shown anyway, in characters.
const TITLE: usize = 120;

pub(super) async fn dingtalk(
    bag: &Bag<'_>,
    robot: &Robot,
    now: Timestamp,
) -> Result<Outcome, String> {
    let body = dingtalk_body(&bag.words(Format::Markdown)?);
    let mut also = Vec::new();
    if let Some(secret) = &robot.secret {
        let milliseconds = now.as_millisecond();
        let sign = signature::dingtalk(secret.read()?.reveal(), milliseconds);
        also = vec![("timestamp", milliseconds.to_string()), ("sign", sign)];
    }
    send(bag, &robot.url, &also, &body, &DINGTALK).await
}

pub(super) async fn wecom(bag: &Bag<'_>, robot: &Robot) -> Result<Outcome, String> {
    let body = wecom_body(&bag.words(Format::Markdown)?);
    send(bag, &robot.url, &[], &body, &WECOM).await
}

pub(super) async fn feishu(
    bag: &Bag<'_>,
    robot: &Robot,
    now: Timestamp,
) -> Result<Outcome, String> {
    let mut body = feishu_body(&bag.words(Format::Markdown)?, bag.message.firing() > 0);
    if let Some(secret) = &robot.secret {
        let seconds = now.as_second();
        body["timestamp"] = json!(seconds.to_string());
        body["sign"] = json!(signature::feishu(secret.read()?.reveal(), seconds));
    }
    send(bag, &robot.url, &[], &body, &FEISHU).await
}

async fn send(
    bag: &Bag<'_>,
    url: &Source,
    also: &[(&str, String)],
    body: &Value,
    codes: &Codes,
) -> Result<Outcome, String> {
    let (request, address) = bag.courier.request(url, also)?;
    let said = post(request, body, &[&address]).await;
    Ok(said.map_or_else(|lost| lost, |said| judge_code(said, codes)))
}

/// A line ends where an empty one follows, as its Markdown has it.
fn dingtalk_body(words: &Words) -> Value {
    let title = title(words);
    let lines =
        |text: &str| text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n\n");
    let content = |text: &str| format!("### {title}\n\n{}", lines(text));
    let text = content(&words.fit(DINGTALK_BODY, |text| in_json(&content(text))));
    json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}})
}

fn wecom_body(words: &Words) -> Value {
    let content = |text: &str| format!("### {}\n{text}", title(words));
    let text = content(&words.fit(WECOM_TEXT, |text| content(text).len()));
    json!({"msgtype": "markdown", "markdown": {"content": text}})
}

fn feishu_body(words: &Words, is_firing: bool) -> Value {
    let text = words.fit(FEISHU_BODY, in_json);
    json!({
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": true},
            "header": {
                "template": if is_firing { "red" } else { "green" },
                "title": {"tag": "plain_text", "content": title(words)},
            },
            "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": text}}],
        },
    })
}

fn title(words: &Words) -> String {
    words.title.chars().take(TITLE).collect()
}

/// The bytes that a text takes inside a JSON body.
fn in_json(text: &str) -> usize {
    text.bytes().map(|byte| if byte < b' ' || byte == b'"' || byte == b'\\' { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::language::Language;

    fn long(language: Language) -> Words {
        let alerts =
            (0..300).map(|n| format!("**节点 {n}**\n内容:磁盘已满 \"x\"\n{}", "字".repeat(90)));
        Words { title: "告警".repeat(200), alerts: alerts.collect(), language }
    }

    #[test]
    fn messages_stay_within_what_each_service_takes() {
        let words = long(Language::Zh);
        let dingtalk = dingtalk_body(&words);
        assert!(dingtalk.to_string().len() <= 20_000);
        let wecom = wecom_body(&words);
        assert!(wecom["markdown"]["content"].as_str().unwrap().len() <= 4096);
        let feishu = feishu_body(&words, true);
        assert!(feishu.to_string().len() <= 20 << 10);
        // Each says how many are missing, and together with those shown they are all.
        for text in [
            &dingtalk["markdown"]["text"],
            &wecom["markdown"]["content"],
            &feishu["card"]["elements"][0]["text"]["content"],
        ] {
            let text = text.as_str().unwrap();
            let shown = text.matches("**节点").count();
            assert!(shown > 0);
            assert!(text.ends_with(&format!("……另有 {} 条告警未列出", 300 - shown)), "{text}");
        }
    }

    #[test]
    fn one_alert_that_is_too_long_is_cut_itself() {
        let words = Words {
            title: "t".into(),
            alerts: vec!["长".repeat(9000), "b".into()],
            language: Language::En,
        };
        let text = wecom_body(&words)["markdown"]["content"].as_str().unwrap().to_owned();
        assert!(text.len() <= 4096 && text.len() > 4000);
        assert!(text.ends_with("… and 1 more alert that found no room here"));
    }
}
