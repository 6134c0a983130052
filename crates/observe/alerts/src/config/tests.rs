//! What is taken, what is refused, and in which words.

use super::*;
use crate::matcher::Matcher;

pub const EXAMPLE: &str = include_str!("../../examples/alertmanager.yml");

const LEAST: &str = "
route: {receiver: a}
receivers: [{name: a}]
";

#[test]
fn the_example_holds_together_and_shows_no_secret() {
    let config = Config::parse(EXAMPLE).unwrap();
    let team = &config.receivers["training-team"];
    assert_eq!(team.language, language::Language::Zh);
    let keys: Vec<&str> = team.integrations.iter().map(|own| own.key.as_str()).collect();
    assert_eq!(
        keys,
        ["training-team/dingtalk[0]", "training-team/wecom[0]", "training-team/feishu[0]"]
    );
    assert_eq!(config.receivers["operations"].integrations.len(), 1);
    let debug = format!("{config:?}");
    for shown in [&config.original, &debug] {
        for secret in ["token", "SECsecret", "key=key", "hook/id"] {
            let is_field =
                |at: usize| shown[at..].starts_with("token_") || shown[..at].ends_with('-');
            let leaks = shown.match_indices(secret).any(|(at, _)| !is_field(at));
            assert!(!leaks, "{secret} in {shown}");
        }
    }
    // The first document alone, as Alertmanager's answer shows it, is a configuration too.
    Config::parse(
        &config.original.replace("/<secret>", "/x").replace("<secret>", "https://x.example.org"),
    )
    .unwrap();
}

#[test]
fn the_least_configuration_has_alertmanagers_defaults() {
    let config = Config::parse(LEAST).unwrap();
    let root = config.routing.route(0);
    let shown =
        [root.group_wait, root.group_interval, root.repeat_interval, config.resolve_timeout]
            .map(|length| length.to_string());
    assert_eq!(shown, ["30s", "5m", "4h", "5m"]);
}

#[test]
fn routes_are_taken_as_in_alertmanager() {
    let config = Config::parse(EXAMPLE).unwrap();
    let receivers = |text: &str| -> Vec<String> {
        let matchers = crate::matcher::parse(text).unwrap();
        let pair = |matcher: &Matcher| (matcher.name.clone(), matcher.value.clone());
        let labels = matchers.iter().map(pair).collect();
        let taken = config.routing.taken_by(&labels);
        taken.into_iter().map(|at| config.routing.route(at).receiver.clone()).collect()
    };
    assert_eq!(receivers("severity=warning"), ["operations"]);
    assert_eq!(receivers("severity=critical"), ["incidents"]);
    assert_eq!(receivers("severity=critical,namespace=training"), ["incidents", "training-team"]);
    assert_eq!(receivers("namespace=training-2"), ["operations"]);
}

#[test]
fn what_a_route_leaves_out_is_its_parents() {
    let config = Config::parse(EXAMPLE).unwrap();
    let labels = [("severity".to_owned(), "critical".to_owned())].into();
    let route = config.routing.route(config.routing.taken_by(&labels)[0]);
    assert_eq!(route.repeat_interval.to_string(), "1h");
    assert_eq!(route.group_interval.to_string(), "5m");
    assert_eq!(route.path, r#"{}/{severity="critical"}"#);
}

#[test]
fn mistakes_name_the_field_the_reason_and_a_hint() {
    let route = |more: &str| format!("route: {{receiver: a, {more}}}\nreceivers: [{{name: a}}]");
    let receiver = |more: &str| format!("route: {{receiver: a}}\nreceivers: [{{name: a, {more}}}]");
    let second = |more: &str| format!("{LEAST}\n---\n{more}");
    for (text, field, word) in [
        ("receivers: []".to_owned(), "configuration", "route"),
        ("route: [".to_owned(), "configuration", "YAML"),
        (
            "route: {receiver: a}\nreceivers: []".to_owned(),
            "route.receiver",
            "no receiver is called",
        ),
        ("route: {}\nreceivers: [{name: a}]".to_owned(), "route.receiver", "missing"),
        (format!("{LEAST}\nglobal: {{smtp_form: x}}"), "global.smtp_form", "smtp_from"),
        (route("group_wait: soon"), "route.group_wait", "no duration"),
        (route("group_interval: 0s"), "route.group_interval", "zero"),
        (route("group_by: [a, a]"), "route.group_by", "twice"),
        (route("group_by: ['...', a]"), "route.group_by", "beside"),
        (route("matchers: [a=b]"), "route.matchers", "root"),
        (route("routes: [{matchers: ['a']}]"), "route.routes[0].matchers[0]", "cannot be read"),
        (route("routes: [{receiver: b}]"), "route.routes[0].receiver", "no receiver is called"),
        (
            route("routes: [{mute_time_intervals: [x]}]"),
            "route.routes[0].mute_time_intervals",
            "no time interval",
        ),
        (receiver("pagerduty_configs: []"), "receivers[0].pagerduty_configs", "unknown field"),
        (receiver("webhook_configs: [{}]"), "receivers[0].webhook_configs[0].url", "missing"),
        (
            receiver("webhook_configs: [{url: 'ftp://x.example.org'}]"),
            "receivers[0].webhook_configs[0].url",
            "not http",
        ),
        (
            receiver("email_configs: [{to: x, from: a@b.c, smarthost: 'm:25'}]"),
            "receivers[0].email_configs[0].to",
            "no mail address",
        ),
        (
            receiver("email_configs: [{to: a@b.c, from: a@b.c, smarthost: m}]"),
            "receivers[0].email_configs[0].smarthost",
            "port",
        ),
        (
            receiver(
                "email_configs: [{to: a@b.c, from: a@b.c, smarthost: 'm:25', auth_username: u, \
                 auth_password: p, require_tls: false}]",
            ),
            "receivers[0].email_configs[0].require_tls",
            "in the clear",
        ),
        (
            format!("{LEAST}\ninhibit_rules: [{{source_matchers: [a=b]}}]"),
            "inhibit_rules[0].target_matchers",
            "missing",
        ),
        (format!("{LEAST}\ntemplates: ['*.tmpl']"), "templates", "Go templates"),
        (second("receivers: [{name: b}]"), "second document: receivers[0].name", "no receiver"),
        (
            second("receivers: [{name: a, wecom_configs: [{url: 'https://x', secret: s}]}]"),
            "second document: receivers[0].wecom_configs[0].secret",
            "sign nothing",
        ),
        (
            second("receivers: [{name: a, template: t}]"),
            "second document: receivers[0].template",
            "no template",
        ),
        (second("language: fr"), "second document: language", "fr"),
        (second("time_zone: Moon"), "second document: time_zone", "no time zone"),
        (
            second("templates: [{name: t, alert: '{{ labels.x'}]"),
            "second document: templates[0].alert",
            "line 1",
        ),
        (
            second("templates: [{name: t, title: '{{ nmae }}'}]"),
            "second document: templates[0].title",
            "nmae",
        ),
        (format!("{LEAST}\n---\nlanguage: en\n---\na: b"), "configuration", "documents"),
    ] {
        let error = Config::parse(&text).unwrap_err();
        let Error::Invalid { field: own, hint, .. } = &error else { panic!("{error}") };
        assert_eq!(own, field, "{text}: {error}");
        assert!(error.to_string().contains(word), "{text}: {error}");
        assert!(!hint.is_empty());
    }
}

#[test]
fn a_secret_is_in_no_error() {
    let text =
        "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'hush hush'}]}]";
    assert!(!Config::parse(text).unwrap_err().to_string().contains("hush"));
}
