//! The same rules over the same data: what ours makes of them is handed as expectations
//! to Prometheus's own `promtool test rules`, which evaluates them itself. Skipped where
//! there is no promtool, except with `CI=true`. No sample lies on the boundary of a range,
//! which versions before 3 count in.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use dais_metrics::promql::{Data, Engine, Limits};
use dais_metrics::rules::{AlertState, Group, RulesConfig};
use dais_metrics::{Config, Labels, NAME, Sample, Store};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
const MINUTES: i64 = 40;

fn rules() -> Value {
    json!({"groups": [{"name": "g", "interval": "1m", "rules": [
        {"record": "job:requests:rate", "expr": "sum by (job) (rate(requests_total[270s]))"},
        {"record": "job:errors:ratio", "labels": {"kind": "ratio"},
         "expr": "round(sum by (job) (rate(requests_total{code=\"500\"}[270s])) / job:requests:rate, 0.000001)"},
        {"alert": "Down", "expr": "up == 0", "labels": {"severity": "page", "at": "{{ $labels.instance | stripPort | toUpper }}"},
         "annotations": {"summary": "{{ $labels.job }} at {{ $labels.instance }} is down: {{ $value }}"}},
        {"alert": "DownLong", "expr": "up == 0", "for": "5m", "keep_firing_for": "4m"},
        {"alert": "Errors", "expr": "job:errors:ratio > 0.1", "for": "2m",
         "annotations": {
            "ratio": "{{ $value | humanizePercentage }} of {{ with printf `job:requests:rate{job='%s'}` $labels.job | query }}{{ . | first | value | printf \"%.3f\" }}{{ end }}/s",
            "level": "{{ if gt $value 0.5 }}bad{{ else if gt $value 0.2 }}worse{{- else }} so so {{ end }}"}},
        {"alert": "Numbers", "expr": "number",
         "annotations": {
            "plain": "{{ $value }} {{ printf \"%.2f %5.1f|%-8.3g|%e|%08.2f|%+v\" $value $value $value $value $value $value }}",
            "human": "{{ humanize $value }} {{ humanize1024 $value }} {{ humanizeDuration $value }} {{ humanizePercentage $value }} {{ if lt $value 1e9 }}{{ humanizeTimestamp $value }}{{ end }}",
            "words": "{{ title \"some words\" }} {{ reReplaceAll \"(.)b\" \"$1-\" \"abab\" }} {{ match \"^a\" \"abc\" }} {{ stripDomain \"a.b.c:80\" }} {{ toLower \"ÄB\" }}",
            "all": "{{ range $i, $s := query \"up\" | sortByLabel \"instance\" }}{{ $i }}={{ .Labels.instance }}:{{ .Value }};{{ end }}",
            "labels": "{{ range $name, $value := $labels }}{{ $name }}={{ $value }},{{ end }} {{ $labels }} {{ $labels.none }}.",
            "go": "{{ len \"abc\" }} {{ and 1 0 }} {{ or 0 \"x\" }} {{ not true }} {{ eq 1 2 1 }} {{ print 1 2 \"a\" 3 }} {{ index $labels \"job\" }} {{ printf \"%d %s %q %v %t %x\" 7 \"s\" \"q\" 1.5 true 255 }} {{ printf \"%s\" 1.5 }}",
        }},
    ]}]})
}

/// Series by name, a value a minute; `None` is a missing sample.
fn data() -> BTreeMap<&'static str, Vec<Option<f64>>> {
    let each = |value: &dyn Fn(i64) -> Option<f64>| (0..MINUTES).map(value).collect();
    let numbers = [
        0.0, 1.0, -1.5, 123456.0, 1234567.0, 1e17, 0.00001234, 12.3456789, 1023.0, 1024.0,
        98765.4321, 3600.0, 61.0, 59.99996, 0.1, 5e-9, -86461.5, 2e9, 999999.5, 100.0,
    ];
    BTreeMap::from([
        (
            "up{job=\"api\",instance=\"a:80\"}",
            each(&|minute| Some(f64::from(!(5..20).contains(&minute)))),
        ),
        (
            "up{job=\"api\",instance=\"b:80\"}",
            each(&|minute| (minute % 7 != 3).then_some(f64::from(minute % 4 != 1))),
        ),
        (
            "requests_total{job=\"api\",code=\"200\"}",
            each(&|minute| Some((minute * 60 % 1500) as f64)),
        ),
        (
            "requests_total{job=\"api\",code=\"500\"}",
            each(&|minute| Some((minute * minute / 2) as f64)),
        ),
        ("number{job=\"n\"}", each(&|minute| Some(numbers[minute as usize % numbers.len()]))),
    ])
}

fn labels_of(series: &str) -> Labels {
    let (name, inside) = series.trim_end_matches('}').split_once('{').unwrap();
    let pairs = inside.split(',').map(|pair| pair.split_once('=').unwrap());
    let pairs = pairs.map(|(name, value)| (name, value.trim_matches('"')));
    Labels::new([(NAME, name)].into_iter().chain(pairs))
}

fn map(labels: &Labels, without: &str) -> BTreeMap<String, String> {
    let kept = labels.iter().filter(|(name, _)| *name != without);
    kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Evaluates the rules with ours and writes down what came out as promtool's expectations.
fn expectations() -> (Vec<Value>, Vec<Value>) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    let mut group = Group::new(serde_json::from_value(rules()["groups"][0].clone()).unwrap());
    let (mut alerts, mut samples) = (Vec::new(), Vec::new());
    for minute in 0..MINUTES {
        let now = minute * MINUTE;
        let batch = data().into_iter().filter_map(|(series, values)| {
            Some((labels_of(series), Sample { time: now, value: values[minute as usize]? }))
        });
        store.append(batch.collect()).unwrap();
        group.evaluate(&store, &RulesConfig::default(), now);
        let status = group.status(Duration::from_secs(60));
        for (rule, state) in group.config().rules.iter().zip(&status.rules) {
            assert_eq!(state.error, None);
            let firing = state.alerts.iter().filter(|alert| alert.state == AlertState::Firing);
            let firing: Vec<Value> = firing
                .map(|alert| json!({"exp_labels": map(&alert.labels, "alertname"), "exp_annotations": *alert.annotations}))
                .collect();
            if matches!(rule, dais_metrics::rules::Rule::Alerting(_)) {
                alerts.push(json!({"eval_time": format!("{minute}m"), "alertname": rule.name(), "exp_alerts": firing}));
            }
        }
        for query in ["ALERTS", "ALERTS_FOR_STATE", "{__name__=~\"job:.*\"}"] {
            let engine = Engine { source: &store, limits: Limits::default() };
            let Data::Vector(vector) = engine.instant(query, now).unwrap().data else { panic!() };
            let expected: Vec<Value> = vector
                .iter()
                .map(|(labels, sample)| {
                    let name = labels.get(NAME);
                    json!({"labels": format!("{name}{}", labels.without_name()), "value": sample.value})
                })
                .collect();
            samples.push(
                json!({"eval_time": format!("{minute}m"), "expr": query, "exp_samples": expected}),
            );
        }
    }
    (alerts, samples)
}

#[test]
fn promtool_evaluates_the_same() {
    if Command::new("promtool").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "promtool is needed (Debian's prometheus)");
        eprintln!("skipped: there is no promtool");
        return;
    }
    let (alerts, samples) = expectations();
    let firing = alerts.iter().filter(|test| test["exp_alerts"] != json!([])).count();
    assert!(firing > 60, "{firing} expectations are of firing alerts");
    let series: Vec<Value> = data()
        .into_iter()
        .map(|(series, values)| {
            let written =
                values.iter().map(|value| value.map_or("_".into(), |value| value.to_string()));
            json!({"series": series, "values": written.collect::<Vec<_>>().join(" ")})
        })
        .collect();
    let tests = json!({
        "rule_files": ["rules.json"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": alerts, "promql_expr_test": samples}],
    });
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("rules.json"), rules().to_string()).unwrap();
    std::fs::write(directory.path().join("tests.json"), tests.to_string()).unwrap();
    let output = Command::new("promtool")
        .args(["test", "rules", "tests.json"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("SUCCESS"), "{text}");
}

#[test]
fn what_is_there_for_another_prometheus_is_read_by_one() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../deploy/prometheus");
    for (check, file) in [
        (&["check", "rules", "--lint-fatal"][..], "dais-rules.yaml"),
        (&["check", "config", "--syntax-only"][..], "scrape.yaml"),
    ] {
        let checked = Command::new("promtool").args(check).arg(format!("{folder}/{file}")).output();
        let output = match checked {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "scripts/prepare test");
                eprintln!("skipped: no promtool is installed");
                return;
            }
            other => other.unwrap(),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}: {said}");
    }
}
