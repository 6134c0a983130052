use dais_api::ABTestSpec;
use dais_api::abtest::{Builtin, Metric, MetricSource, Series};
use serde_json::json;

use super::*;

const NOW: i64 = 1_764_000_000_000;

fn known() -> Known {
    let named = |name: &str| Metric { name: name.to_owned(), ..Metric::default() };
    let errors = MetricSource { builtin: Some(Builtin::Errors), ..MetricSource::default() };
    let before = Series { feedback: Some("before".to_owned()), ..Series::default() };
    let metrics = vec![
        Metric { covariate: Some(before), ..named("bought") },
        Metric { source: Some(errors), ..named("errors") },
    ];
    let mut test = ABTest::new("t", ABTestSpec { metrics, ..ABTestSpec::default() });
    test.metadata.uid = Some("uid".to_owned());
    Known::of("team", &[test])
}

fn taken(item: Value) -> Result<Outcome, Refusal> {
    read(0, &item, &known(), NOW)
}

fn refused(item: Value) -> (&'static str, String) {
    let refusal = taken(item).unwrap_err();
    (refusal.field, refusal.reason)
}

#[test]
fn a_request_or_a_person_is_named() {
    let of_request = taken(json!({"requestId": "r", "metric": "bought", "value": true})).unwrap();
    assert_eq!(of_request.whose, Whose::Request("r".to_owned()));
    assert_eq!((of_request.value, of_request.time), (1.0, NOW));
    let item = json!({"test": "t", "key": "王五", "metric": "before", "value": 2.5, "id": 7,
        "time": "2025-11-24T16:00:00Z"});
    let of_person = taken(item).unwrap();
    let subject = key_hash("uid", "王五").cast_signed();
    assert_eq!(of_person.whose, Whose::Subject { test: "uid".to_owned(), subject });
    assert_eq!((of_person.id.as_str(), of_person.time), ("7", NOW));
}

#[test]
fn what_cannot_be_is_refused_by_its_field() {
    let with = |field: &str, value: Value| {
        let mut item = json!({"requestId": "r", "metric": "bought", "value": 1});
        item[field] = value;
        refused(item)
    };
    assert_eq!(with("metric", json!("sold")).0, "metric");
    assert_eq!(with("metric", json!("errors")).0, "metric");
    assert_eq!(with("metric", Value::Null), ("metric", "is missing".to_owned()));
    assert_eq!(with("value", json!("1")).0, "value");
    assert_eq!(with("value", json!(1e300)).0, "value");
    assert_eq!(with("value", Value::Null).0, "value");
    assert_eq!(with("id", json!("x".repeat(254))).0, "id");
    assert_eq!(with("requestId", json!("a\u{0}b")).0, "requestId");
    assert_eq!(with("requestId", json!({"a": 1})).0, "requestId");
    assert_eq!(with("time", json!("tomorrow")).0, "time");
    assert_eq!(with("time", json!("2999-01-01T00:00:00Z")).0, "time");
    assert_eq!(with("test", json!("t")).0, "test");
    assert_eq!(refused(json!({"test": "u", "key": "k", "metric": "bought", "value": 1})).0, "test");
    assert_eq!(refused(json!({"test": "t", "metric": "bought", "value": 1})).0, "key");
    assert_eq!(refused(json!({"metric": "bought", "value": 1})).0, "requestId");
    assert_eq!(refused(json!(3)), ("", "is not an object".to_owned()));
}

#[test]
fn a_project_is_said_somewhere() {
    let item = json!({"project": "a"});
    assert_eq!(project(0, &item, Some("b")).unwrap(), "a");
    assert_eq!(project(0, &json!({}), Some("b")).unwrap(), "b");
    assert_eq!(project(0, &json!({}), None).unwrap_err().field, "project");
    assert_eq!(project(0, &json!({"project": 1}), Some("b")).unwrap_err().field, "project");
}
