//! Rules over a real store, one turn after the other at times of the tests' choosing.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use dais_metrics::promql::{Limits, Source};
use dais_metrics::rules::{
    Alert, Group, RefusedRule, RuleGroup, RuleHealth, Rules, RulesConfig, RulesView,
};
use dais_metrics::{
    Api, Config, Labels, Metadata, STALE, Sample, Scope, Store, Targets, is_marker, now, router,
};
use http_body_util::BodyExt;
use promql_parser::label::{MatchOp, Matcher};
use serde_json::{Value, json};
use tower::ServiceExt;

const MINUTE: i64 = 60_000;

struct World {
    store: Store,
    config: RulesConfig,
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        World { store, config: RulesConfig::default(), directory }
    }

    fn put(&self, minute: i64, series: &[(&str, &str, f64)]) {
        let samples = series.iter().map(|(name, namespace, value)| {
            let labels = Labels::new([("__name__", *name), ("namespace", *namespace)]);
            (labels, Sample { time: minute * MINUTE, value: *value })
        });
        self.store.append(samples.collect()).unwrap();
    }

    fn turn(&self, group: &mut Group, minute: i64) -> Vec<Alert> {
        group.evaluate(&self.store, &self.config, minute * MINUTE)
    }

    /// Minutes and values of a series of one name and, where one is given, alert state.
    fn kept(&self, name: &str, state: &str) -> Vec<(i64, f64)> {
        let matchers = [
            Matcher::new(MatchOp::Equal, "__name__", name),
            Matcher::new(MatchOp::Equal, "alertstate", state),
        ];
        let found = self.store.select(&matchers, i64::MIN, i64::MAX).unwrap();
        let samples = found.into_iter().flat_map(|series| series.samples);
        samples.map(|sample| (sample.time / MINUTE, sample.value)).collect()
    }
}

fn group(rules: Value) -> RuleGroup {
    let mut group: RuleGroup =
        serde_json::from_value(json!({"name": "g", "interval": "1m", "rules": rules})).unwrap();
    group.source = "tests".into();
    group
}

fn down_for(hold: &str, keep_firing: &str) -> Value {
    json!([{
        "alert": "Down", "expr": "up == 0", "for": hold, "keep_firing_for": keep_firing,
        "labels": {"severity": "page"},
        "annotations": {"summary": "{{ $labels.namespace }} has {{ $value }}"},
    }])
}

fn minutes(samples: &[(i64, f64)]) -> Vec<i64> {
    samples.iter().map(|(minute, _)| *minute).collect()
}

#[test]
fn an_alert_waits_fires_is_told_again_and_ends() {
    let world = World::new();
    let mut group = Group::new(group(down_for("2m", "0s")));
    let mut told = Vec::new();
    for minute in 0..10 {
        world.put(minute, &[("up", "red", if (1..7).contains(&minute) { 0.0 } else { 1.0 })]);
        let due = world.turn(&mut group, minute);
        told.extend(due.into_iter().map(|alert| (minute, alert)));
    }
    let firing = told.iter().filter(|(_, alert)| alert.is_firing);
    // Resent when more than a minute passed since the last time.
    assert_eq!(firing.map(|(minute, _)| *minute).collect::<Vec<_>>(), [3, 5]);
    let (minute, first) = &told[0];
    assert_eq!(
        first.labels,
        Labels::new([("alertname", "Down"), ("namespace", "red"), ("severity", "page")])
    );
    assert_eq!(first.annotations["summary"], "red has 0");
    assert_eq!((first.starts_at, first.ends_at), (MINUTE, (minute + 4) * MINUTE));
    assert_eq!(first.generator_url, "/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
    let (minute, ended) = told.iter().find(|(_, alert)| !alert.is_firing).unwrap();
    assert_eq!((*minute, ended.ends_at, ended.starts_at), (7, 7 * MINUTE, MINUTE));
    let pending = world.kept("ALERTS", "pending");
    assert_eq!(minutes(&pending), [1, 2, 3]);
    assert!(is_marker(pending[2].1), "it is no longer pending");
    let firing = world.kept("ALERTS", "firing");
    assert_eq!(minutes(&firing), [3, 4, 5, 6, 7]);
    assert!(is_marker(firing[4].1) && firing[0].1 == 1.0);
    assert_eq!(world.kept("ALERTS_FOR_STATE", "")[0], (1, 60.0));
}

#[test]
fn an_alert_goes_on_firing_for_a_while_without_its_series() {
    let world = World::new();
    let mut group = Group::new(group(down_for("0s", "3m")));
    for minute in 0..9 {
        let is_down = (1..3).contains(&minute) || minute == 4;
        world.put(minute, &[("up", "red", if is_down { 0.0 } else { 1.0 })]);
        world.turn(&mut group, minute);
    }
    // Seen last at 4; missing since 5, kept until before 8.
    assert_eq!(minutes(&world.kept("ALERTS", "firing")), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(is_marker(world.kept("ALERTS", "firing")[7].1));
}

#[test]
fn an_alert_goes_on_where_it_was_after_a_restart() {
    let World { store, config, directory } = World::new();
    let mut world = World { store, config, directory };
    let mut before = Group::new(group(down_for("30m", "0s")));
    for minute in 0..=20 {
        world.put(minute, &[("up", "red", 0.0), ("up", "blue", 1.0)]);
        world.turn(&mut before, minute);
    }
    drop((before, std::mem::replace(&mut world.store, World::new().store)));
    world.store = Store::open(Config::new(world.directory.path())).unwrap();
    let mut after = Group::new(group(down_for("30m", "0s")));
    for minute in 35..=46 {
        world.put(minute, &[("up", "red", 0.0), ("up", "blue", 0.0)]);
        let due = world.turn(&mut after, minute);
        // 20 minutes pending before, 15 away: the other 10 are up at minute 45.
        assert_eq!(due.len(), usize::from(minute == 45), "minute {minute}: {due:?}");
    }
    assert_eq!(world.kept("ALERTS_FOR_STATE", "").len(), 21 + 12 * 2);
}

#[test]
fn recording_rules_build_on_each_other_and_their_series_end() {
    let world = World::new();
    let rules = json!([
        {"record": "namespace:load:sum", "expr": "sum by (namespace) (load)", "labels": {"by": "rule"}},
        {"record": "load:twice", "expr": "2 * namespace:load:sum{by=\"rule\"}"},
        {"record": "load:time", "expr": "time()"},
    ]);
    let mut group = Group::new(group(rules));
    world.put(0, &[("load", "red", 3.0)]);
    world.turn(&mut group, 0);
    world.put(1, &[("load", "red", STALE)]);
    world.turn(&mut group, 1);
    let twice = world.kept("load:twice", "");
    assert_eq!(twice[0], (0, 6.0));
    assert!(is_marker(twice[1].1), "{twice:?}");
    assert_eq!(world.kept("load:time", ""), [(0, 0.0), (1, 60.0)]);
    let ended = group.end(&world.store, &world.config, 2 * MINUTE);
    assert_eq!(ended, []);
    assert!(is_marker(world.kept("load:time", "")[2].1));
}

#[test]
fn faults_stay_with_their_rule() {
    let world = World::new();
    world.put(0, &[("load", "red", 3.0), ("load", "blue", 4.0)]);
    let mut config = group(json!([
        {"record": "a:same", "expr": "load", "labels": {"namespace": "x"}},
        {"record": "a:many", "expr": "load"},
        {"record": "a:text", "expr": "\"words\""},
        {"record": "a:bad", "expr": "load("},
        {"record": "a:deep", "expr": format!("{}load", "abs(".repeat(1_900))},
        {"record": "a:long", "expr": format!("load{}", "+load".repeat(5_000))},
        {"alert": "Many", "expr": "load"},
        {"record": "a:good", "expr": "sum(load)"},
    ]));
    config.limit = 1;
    let mut group = Group::new(config);
    assert_eq!(world.turn(&mut group, 0), []);
    let status = group.status(Duration::from_secs(60));
    for (rule, word) in status.rules.iter().zip([
        "same labelset after applying rule labels",
        "exceeded limit of 1 with 2 series",
        "not a vector or scalar",
        "parse error",
        "limit of 60 levels",
        "limit of 200 of them",
        "exceeded limit of 1 with 2 alerts",
    ]) {
        assert_eq!(rule.health, RuleHealth::Err);
        assert!(rule.error.as_ref().unwrap().contains(word), "{word}: {:?}", rule.error);
    }
    assert_eq!(status.rules[7].health, RuleHealth::Ok);
    assert_eq!(world.kept("a:good", ""), [(0, 7.0)]);
}

#[test]
fn a_namespaces_rules_see_and_make_its_series_alone() {
    let world = World::new();
    world.put(0, &[("load", "red", 3.0), ("load", "blue", 4.0)]);
    let mut config = group(json!([
        {"record": "load:all", "expr": "sum(load or load{namespace=\"blue\"})", "labels": {"namespace": "blue"}},
        {"alert": "Any", "expr": "load", "labels": {"namespace": "blue"},
         "annotations": {"seen": "{{ range query \"load\" }}{{ .Labels.namespace }} {{ end }}"}},
    ]));
    config.namespace = Some("red".into());
    let mut group = Group::new(config);
    let due = world.turn(&mut group, 0);
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].labels.get("namespace"), "red");
    assert_eq!(due[0].annotations["seen"], "red ");
    assert_eq!(world.kept("load:all", ""), [(0, 3.0)]);
    let matchers = [Matcher::new(MatchOp::Equal, "namespace", "blue")];
    assert_eq!(world.store.select(&matchers, i64::MIN, i64::MAX).unwrap().len(), 1);
}

#[test]
fn changed_groups_keep_what_did_not_change() {
    let world = World::new();
    let pair = json!([
        {"alert": "Stays", "expr": "up == 0"},
        {"alert": "Goes", "expr": "up == 0"},
        {"record": "up:gone", "expr": "up"},
    ]);
    let mut group = Group::new(group(pair.clone()));
    world.put(0, &[("up", "red", 0.0)]);
    assert_eq!(world.turn(&mut group, 0).len(), 2);
    let mut changed = group.config().clone();
    changed.rules = vec![changed.rules[0].clone()];
    group.reshape(changed, &world.config, MINUTE);
    world.put(1, &[("up", "red", 0.0)]);
    let due = world.turn(&mut group, 1);
    assert_eq!(due.len(), 1, "the other one was told a minute ago: {due:?}");
    assert_eq!((due[0].labels.get("alertname"), due[0].is_firing), ("Goes", false));
    assert!(is_marker(world.kept("up:gone", "")[1].1));
    let stays = &group.status(Duration::ZERO).rules[0].alerts[0];
    assert_eq!(stays.active_at, 0, "it goes on as it was");
}

async fn get(world: &World, view: &RulesView, scope: &Scope, path: &str) -> Value {
    let api = Api {
        store: world.store.clone(),
        metadata: Metadata::default(),
        targets: Targets::none(),
        rules: view.clone(),
        limits: Limits::default(),
    };
    let app = router(api).layer(axum::Extension(scope.clone()));
    let response = app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn the_engine_runs_groups_tells_alerts_and_shows_both_to_those_who_may_see() {
    let world = World::new();
    let labels = |namespace: &str| Labels::new([("__name__", "up"), ("namespace", namespace)]);
    let sample = Sample { time: now(), value: 0.0 };
    world.store.append(vec![(labels("red"), sample), (labels("blue"), sample)]).unwrap();
    let mut cluster = group(json!([
        {"alert": "Down", "expr": "up == 0", "labels": {"severity": "{{ if true }}page{{ end }}"}},
        {"record": "up:sum", "expr": "sum(up)", "labels": {"team": "core"}},
    ]));
    cluster.interval = Some(Duration::from_millis(50));
    let mut own =
        RuleGroup { name: "own".into(), namespace: Some("red".into()), ..cluster.clone() };
    own.rules.truncate(1);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let notify = Arc::new(move |alerts: Vec<Alert>| {
        alerts.into_iter().for_each(|alert| tell.send(alert).unwrap())
    });
    let rules = Rules::start(world.store.clone(), world.config.clone(), notify);
    rules.set_groups(vec![cluster.clone(), own]);
    for _ in 0..3 {
        assert!(told.recv().await.unwrap().is_firing);
    }
    let view = rules.view();
    let count = |answer: &Value, of: &str| answer["data"][of].as_array().unwrap().len();
    // The last of the three may be told before its group's state is shown.
    while view.groups().iter().any(|group| group.evaluated_at.is_none()) {
        tokio::task::yield_now().await;
    }
    let (all, red, blue) = (Scope::all(), Scope::only(["red"]), Scope::only(["blue"]));
    let answer = get(&world, &view, &all, "/api/v1/rules").await;
    assert_eq!(count(&answer, "groups"), 2, "{answer}");
    let rule = &answer["data"]["groups"][0]["rules"][0];
    assert_eq!(
        (&rule["state"], &rule["health"], &rule["query"], &rule["type"]),
        (&json!("firing"), &json!("ok"), &json!("up == 0"), &json!("alerting"))
    );
    assert_eq!(rule["alerts"][0]["value"], "0e+00");
    for (path, scope, groups) in [
        ("", &red, 1),
        ("", &blue, 0),
        ("?rule_group[]=g", &all, 1),
        ("?rule_group[]=g", &red, 0),
        ("?type=record", &all, 1),
        ("?rule_name[]=up:sum&rule_name[]=x", &all, 1),
        ("?file[]=elsewhere", &all, 0),
        ("?match[]={team=\"core\"}", &all, 1),
        ("?match[]={severity=\"page\"}", &all, 0),
    ] {
        let path = path.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let answer = get(&world, &view, scope, &format!("/api/v1/rules{path}")).await;
        assert_eq!(count(&answer, "groups"), groups, "{path}: {answer}");
    }
    let bare = get(&world, &view, &all, "/api/v1/rules?exclude_alerts=true").await;
    assert!(bare["data"]["groups"][0]["rules"][0].get("alerts").is_none());
    let answer = get(&world, &view, &all, "/api/v1/rules?type=both").await;
    assert!(answer["error"].as_str().unwrap().contains("type"));
    assert_eq!(count(&get(&world, &view, &all, "/api/v1/alerts").await, "alerts"), 3);
    let blues = get(&world, &view, &blue, "/api/v1/alerts").await;
    assert_eq!(count(&blues, "alerts"), 1);
    assert_eq!(blues["data"]["alerts"][0]["labels"]["namespace"], "blue");
    rules.set_groups(vec![cluster]);
    let ended = told.recv().await.unwrap();
    assert!(!ended.is_firing && ended.labels.get("namespace") == "red");
    assert_eq!(count(&get(&world, &view, &red, "/api/v1/rules").await, "groups"), 0);
}

#[tokio::test]
async fn a_refused_rule_is_shown_with_its_reason_to_those_who_see_its_group() {
    let world = World::new();
    let refused = |name: &str, is_alert| RefusedRule {
        name: name.into(),
        is_alert,
        expr: "sum((".into(),
        labels: [("severity".to_owned(), "page".to_owned())].into(),
        reason: format!("{name}: parse error"),
    };
    let rules = Rules::start(world.store.clone(), world.config.clone(), Arc::new(|_| {}));
    let view = rules.view();
    let own = RuleGroup {
        namespace: Some("red".into()),
        refused: vec![refused("Broken", true), refused("a:b", false)],
        ..group(json!([{"alert": "Down", "expr": "up == 0"}]))
    };
    // One that is refused as a whole, and is gone when it is mended.
    let all_refused =
        RuleGroup { name: "none".into(), refused: vec![refused("Late", true)], ..group(json!([])) };
    rules.set_groups(vec![own.clone(), all_refused]);
    while view.groups().len() < 2 {
        tokio::task::yield_now().await;
    }
    let names = async |scope: &Scope, path: &str| -> Vec<String> {
        let answer = get(&world, &view, scope, &format!("/api/v1/rules{path}")).await;
        let groups = answer["data"]["groups"].as_array().unwrap();
        let all = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
        all.map(|rule| rule["name"].as_str().unwrap().to_owned()).collect()
    };
    let (all, red, blue) = (Scope::all(), Scope::only(["red"]), Scope::only(["blue"]));
    assert_eq!(names(&red, "").await, ["Down", "Broken", "a:b"]);
    assert_eq!(names(&all, "").await, ["Down", "Broken", "a:b", "Late"]);
    assert!(names(&blue, "").await.is_empty());
    assert_eq!(names(&red, "?type=record").await, ["a:b"]);
    assert_eq!(names(&red, "?rule_name[]=Broken").await, ["Broken"]);
    assert_eq!(names(&red, "?match[]=%7Bseverity=%22page%22%7D").await, ["Broken", "a:b"]);
    let answer = get(&world, &view, &red, "/api/v1/rules").await;
    assert_eq!(
        answer["data"]["groups"][0]["rules"][1],
        json!({
            "type": "alerting", "name": "Broken", "query": "sum((", "health": "err",
            "lastError": "Broken: parse error", "state": "inactive", "alerts": [],
            "labels": {"severity": "page"}, "annotations": {}, "duration": 0.0,
            "keepFiringFor": 0.0, "evaluationTime": 0.0, "lastEvaluation": "0001-01-01T00:00:00Z",
        })
    );
    rules.set_groups(vec![RuleGroup { refused: vec![], ..own }]);
    while names(&all, "").await.len() > 1 {
        tokio::task::yield_now().await;
    }
}
