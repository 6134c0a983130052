//! What paths of columns, scales and selectable fields find.

use dais_schema::jsonpath::JsonPath;
use serde_json::{Value, json};

fn object() -> Value {
    json!({
        "metadata": {"labels": {"example.com/a.b": "dotted"}, "name": "x"},
        "spec": {"replicas": 3, "ports": [{"port": 80}, {"port": 443, "name": "https"}]},
        "status": {"conditions": [
            {"type": "Ready", "status": "True", "age": 7},
            {"type": "Live", "status": "False", "age": 9}]}
    })
}

fn find(path: &str) -> Vec<Value> {
    let object = object();
    let path = JsonPath::parse(path).expect("a path");
    path.find(&object).into_iter().cloned().collect()
}

#[test]
fn fields_and_positions() {
    assert_eq!(find(".spec.replicas"), [json!(3)]);
    assert_eq!(find(".spec.ports[0].port"), [json!(80)]);
    assert_eq!(find(".spec.ports[-1].port"), [json!(443)]);
    assert_eq!(find(".spec.ports[*].port"), [json!(80), json!(443)]);
    assert_eq!(find("."), [object()]);
    for nowhere in [".spec.nope", ".spec.ports.port", ".spec.ports[2]", ".spec.ports[-3].port"] {
        assert_eq!(find(nowhere), [] as [Value; 0], "{nowhere}");
    }
}

#[test]
fn names_with_dots() {
    for path in [
        r".metadata.labels.example\.com/a\.b",
        ".metadata.labels['example.com/a.b']",
        r#".metadata.labels["example.com/a.b"]"#,
        r".metadata.labels.['example\.com/a\.b']",
    ] {
        assert_eq!(find(path), [json!("dotted")], "{path}");
    }
}

#[test]
fn filters_take_items() {
    assert_eq!(find(r#".status.conditions[?(@.type=="Ready")].status"#), [json!("True")]);
    assert_eq!(find(".status.conditions[?(@.type == 'Live')].status"), [json!("False")]);
    assert_eq!(find(r#".status.conditions[?(@.type!="Ready")].age"#), [json!(9)]);
    assert_eq!(find(".status.conditions[?(@.age>=8)].type"), [json!("Live")]);
    assert_eq!(find(".status.conditions[?(@.age<8)].type"), [json!("Ready")]);
    assert_eq!(find(".spec.ports[?(@.name)].port"), [json!(443)]);
    assert_eq!(find(r#".status.conditions[?(@.type=="]")]"#), [] as [Value; 0]);
}

#[test]
fn what_is_no_path_says_why() {
    let refused = |path: &str| JsonPath::parse(path).expect_err(path);
    assert_eq!(refused(""), "must not be empty");
    assert_eq!(refused("spec.x"), "must be a simple json path starting with .");
    assert_eq!(refused(".spec["), "unterminated array");
    assert_eq!(refused(".spec[x]"), "invalid array index x");
    assert_eq!(refused(".spec..x"), "must not have an empty field name");
    assert!(refused(".spec[?(x==1)]").contains('@'));
    assert!(refused(".spec[?(@.x==y)]").contains("\"y\""));
}

#[test]
fn plain_paths_name_their_fields() {
    let fields = |path: &str| {
        let path = JsonPath::parse(path).expect("a path");
        path.fields().map(|names| names.join("/"))
    };
    assert_eq!(fields(r".spec.a\.b").as_deref(), Some("spec/a.b"));
    assert_eq!(fields(".spec.ports[0]"), None);
}
