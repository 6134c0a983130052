//! How messages read, and that nothing from outside is more than text in them.

use super::*;
use crate::alert::Known;
use crate::labels::{Fingerprint, Labels};
use crate::message::Told;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn told(name: &str, summary: &str, is_firing: bool) -> Told {
    let labels = labels(&[
        ("alertname", name),
        ("namespace", "training"),
        ("pod", "trainer-0"),
        ("severity", "critical"),
        ("team", "vision"),
    ]);
    let annotations = self::labels(&[("summary", summary), ("value", "97 %")]);
    let alert = Known {
        labels: labels.clone(),
        annotations,
        starts_at: "2026-11-26T04:00:00Z".parse().unwrap(),
        ends_at: "2026-11-26T05:30:00Z".parse().unwrap(),
        updated_at: "2026-11-26T04:00:00Z".parse().unwrap(),
        generator_url: "https://example.org/explore?q=1".into(),
    };
    let acknowledged_by = is_firing.then(|| "mei".to_owned());
    Told { fingerprint: Fingerprint::of(&labels), alert, is_firing, acknowledged_by }
}

fn message(alerts: Vec<Told>) -> Message {
    Message {
        group: "{}:{}".into(),
        group_labels: labels(&[("alertname", "DiskFull"), ("namespace", "training")]),
        receiver: "team".into(),
        at: "2026-11-26T06:05:00Z".parse().unwrap(),
        alerts,
    }
}

fn tell(own: &[raw::Template], message: &Message, language: Language, format: Format) -> Words {
    let zone = crate::intervals::time_zone("Asia/Shanghai").unwrap();
    let templates = Templates::compile(own, &zone).unwrap();
    let template = match own {
        [] => templates.default_of(language),
        [first, ..] => templates.named(&first.name, language).unwrap(),
    };
    let style = Style { language, format, zone: &zone, external_url: "https://dais.example.org" };
    template.tell(message, &style).unwrap()
}

#[test]
fn the_default_in_english() {
    let message = message(vec![told("DiskFull", "The disk is full", true)]);
    let words = tell(&[], &message, Language::En, Format::Markdown);
    assert_eq!(words.title, "[FIRING:1] DiskFull (training)");
    assert_eq!(
        words.alerts[0],
        "**DiskFull** · critical · acknowledged by mei\n\
         What: The disk is full\n\
         Where: training / trainer-0\n\
         Since: 2026-11-26 12:00:00 CST (2h 5m)\n\
         Value: 97 %\n\
         Labels: team=vision\n\
         [Details](https://example.org/explore?q=1)"
    );
}

#[test]
fn the_default_in_chinese_of_what_is_resolved() {
    let message = message(vec![told("DiskFull", "磁盘已满", false)]);
    let words = tell(&[], &message, Language::Zh, Format::Mrkdwn);
    assert_eq!(words.title, "[恢复:1] DiskFull(training)");
    assert_eq!(
        words.alerts[0],
        "*DiskFull* · critical · 已恢复\n\
         内容:磁盘已满\n\
         位置:training / trainer-0\n\
         时间:2026-11-26 12:00:00 CST 至 2026-11-26 13:30:00 CST(共 1 小时 30 分)\n\
         当前值:97 %\n\
         标签:team=vision\n\
         <https://example.org/explore?q=1|查看详情>"
    );
}

#[test]
fn what_comes_from_outside_is_nothing_but_text() {
    let sly = "<at id=all></at> <!channel> <script> [x](https://evil.example.org) {{ 7*7 }}";
    let message = message(vec![told("A", sly, true)]);
    let text = |format| tell(&[], &message, Language::En, format).alerts[0].clone();
    assert!(!text(Format::Markdown).contains('<'));
    assert!(!text(Format::Markdown).contains("](https://evil"));
    assert!(text(Format::Mrkdwn).contains("&lt;!channel&gt;"));
    assert!(text(Format::Html).contains("&lt;script&gt;"));
    assert!(text(Format::Plain).contains("{{ 7*7 }}"));
}

#[test]
fn a_link_is_one_only_to_the_web() {
    let mut alert = told("A", "x", true);
    alert.alert.generator_url = "javascript:alert(1)".into();
    let text = tell(&[], &message(vec![alert]), Language::En, Format::Html).alerts[0].clone();
    assert!(!text.contains("href"), "{text}");
}

#[test]
fn a_template_of_ones_own() {
    let own: raw::Template = serde_json::from_value(serde_json::json!({
        "name": "brief",
        "title": "{{ status|upper }} {{ firing }}/{{ resolved }}",
        "alert": "{{ labels.team }}|{{ annotations.nothing }}|{% for n, v in labels|items %}{{ n }},{% endfor %}",
    }))
    .unwrap();
    let message = message(vec![told("A", "x", true), told("B", "x", false)]);
    let words = tell(&[own], &message, Language::En, Format::Plain);
    assert_eq!(words.title, "FIRING 1/1");
    assert_eq!(words.alerts[0], "vision||alertname,namespace,pod,severity,team,");
}

#[test]
fn a_message_is_cut_between_alerts() {
    let last = "three".repeat(20);
    let alerts = vec!["one".to_owned(), "two".to_owned(), last.clone()];
    let words = Words { title: String::new(), alerts, language: Language::En };
    assert_eq!(words.fit(1000, str::len), format!("one\n\ntwo\n\n{last}"));
    let cut = "one\n\ntwo\n\n… and 1 more alert that found no room here";
    assert_eq!(words.fit(cut.len(), str::len), cut);
    let shorter = "one\n\n… and 2 more alerts that found no room here";
    assert_eq!(words.fit(cut.len() - 1, str::len), shorter);
    assert_eq!(words.fit(0, str::len), "");
}
