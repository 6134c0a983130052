//! What a person may write, and what an answer may be.

use dais_labeling::{Answer, Assignment, Kind, Label, LabelConfig, Policy, Rejected};
use serde_json::{Map, Value, json};

use crate::databases::{data, labels};

fn config(change: Value) -> LabelConfig {
    let mut json = json!({ "kind": "textClassification", "labels": [{ "name": "cat" }] });
    json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_configuration_is_read_as_the_kind_has_it() {
    let written = json!({
        "kind": "imageBoxes",
        "labels": [{ "name": "猫 \"1\"", "color": "#1677ff", "hotkey": "1",
            "description": { "en": "a cat", "zh": "一只猫" } }],
        "instructions": "*all* of them",
        "several": false, "minimum": 1, "maximum": 9, "ties": false,
        "fields": ["photo"],
    });
    let read: LabelConfig = serde_json::from_value(written.clone()).unwrap();
    read.validate().unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
    assert_eq!(read.fields(), ["photo"]);
    assert_eq!(labels(Kind::Preference).fields(), ["left", "right"]);
    let policy: Policy =
        serde_json::from_value(json!({ "assignment": "person", "rejected": "toQueue" })).unwrap();
    assert_eq!(policy.assignment, Assignment::Person);
    assert_eq!((policy.rejected, policy.overlap), (Rejected::ToQueue, 1));
    assert!(serde_json::from_value::<Policy>(json!({ "overlop": 2 })).is_err());
}

#[test]
fn a_wrong_configuration_is_refused_with_its_field() {
    let long = "长".repeat(85);
    for (change, wanted) in [
        (json!({ "labels": [] }), "labels: there are 0"),
        (json!({ "labels": [{ "name": "a" }, { "name": "a" }] }), "labels[1].name: 'a' is there"),
        (json!({ "labels": [{ "name": " a" }] }), "labels[0].name: ' a' is empty or has spaces"),
        (json!({ "labels": [{ "name": "a\nb" }] }), "labels[0].name: 'a\\nb' has a control"),
        (json!({ "labels": [{ "name": long }] }), "labels[0].name: is longer than 253 bytes"),
        (json!({ "labels": [{ "name": "a", "color": "red" }] }), "labels[0].color: 'red' is no"),
        (
            json!({ "labels": [{ "name": "a", "hotkey": "ab" }] }),
            "labels[0].hotkey: 'ab' is no key",
        ),
        (json!({ "minimum": 2 }), "minimum: is 2, and an answer may have at most 1"),
        (json!({ "several": true, "minimum": 3, "maximum": 2 }), "minimum: is 3"),
        (json!({ "maximum": 0 }), "maximum: is 0"),
        (json!({ "kind": "textSpans", "several": true }), "several: is of classifications"),
        (json!({ "ties": true }), "ties: is of preferences"),
        (json!({ "kind": "preference" }), "labels: a preference has none"),
        (json!({ "fields": ["a", "b"] }), "fields: has 2 names"),
        (json!({ "kind": "preference", "labels": [], "fields": ["a", "a"] }), "fields[1]: 'a' is"),
    ] {
        let error = config(change).validate().unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error} is not {wanted}");
    }
    let hotkey =
        |name: &str| Label { name: name.to_owned(), hotkey: "1".to_owned(), ..Label::default() };
    let twice = LabelConfig { labels: vec![hotkey("a"), hotkey("b")], ..config(json!({})) };
    assert!(twice.validate().unwrap_err().to_string().starts_with("labels[1].hotkey: '1'"));
    for (change, wanted) in [
        (json!({ "overlap": 0 }), "overlap: is 0"),
        (json!({ "overlap": 101 }), "overlap: is 101"),
        (json!({ "leaseSeconds": 0 }), "leaseSeconds: is 0"),
        (json!({ "goldRate": 1.5 }), "goldRate: is 1.5"),
    ] {
        let policy: Policy = serde_json::from_value(change).unwrap();
        let error = policy.validate().unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error} is not {wanted}");
    }
}

fn answered(config: &LabelConfig, of: &Map<String, Value>, answer: Value) -> Result<(), String> {
    let answer: Answer = serde_json::from_value(answer).map_err(|error| error.to_string())?;
    answer.validate(config, of).map_err(|error| error.to_string())
}

#[test]
fn answers_fit_their_kind_or_are_refused_with_their_field() {
    let image = data(json!({ "image": "a.jpg" }));
    let text = data(json!({ "text": "猫😀a" }));
    let shape = |change: Value| {
        let mut shape = json!({ "label": "cat", "x": 1, "y": 2, "width": 3, "height": 4 });
        shape.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "boxes": { "shapes": [shape] } })
    };
    let corners =
        |points: Value| json!({ "polygons": { "shapes": [{ "label": "cat", "points": points }] } });
    let span =
        |start: i64, end: i64| json!({ "spans": [{ "label": "cat", "start": start, "end": end }] });
    use Kind::{ImageBoxes, ImagePolygons, Preference, TextClassification, TextSpans};
    for (kind, answer, wanted) in [
        (TextClassification, json!({ "choices": ["cat"] }), ""),
        (TextClassification, json!({ "choices": [] }), ""),
        (TextClassification, json!({ "choices": ["cat", "dog"] }), "choices: has 2"),
        (TextClassification, json!({ "choices": ["cow"] }), "choices[0]: 'cow' is no label"),
        (TextClassification, span(0, 1), ": has spans"),
        (ImageBoxes, shape(json!({})), ""),
        (ImageBoxes, shape(json!({ "rotation": 45 })), ""),
        (ImageBoxes, shape(json!({ "x": 98 })), "boxes.shapes[0].x + width: is 101"),
        (ImageBoxes, shape(json!({ "x": -1 })), "boxes.shapes[0].x: is -1"),
        (ImageBoxes, shape(json!({ "width": 0 })), "boxes.shapes[0].width: is 0"),
        (ImageBoxes, shape(json!({ "rotation": 400 })), "boxes.shapes[0].rotation: is 400"),
        (ImageBoxes, shape(json!({ "label": "cow" })), "boxes.shapes[0].label: 'cow'"),
        (ImageBoxes, shape(json!({ "size": 1 })), "unknown field `size`"),
        (ImagePolygons, corners(json!([[0, 0], [5, 0], [5, 5]])), ""),
        (ImagePolygons, corners(json!([[0, 0], [5, 0]])), "polygons.shapes[0].points: has 2"),
        (
            ImagePolygons,
            corners(json!([[0, 0], [5, 5], [9, 9]])),
            "polygons.shapes[0].points: enclose",
        ),
        (
            ImagePolygons,
            corners(json!([[0, 0], [5, 0], [5, 500]])),
            "polygons.shapes[0].points[2][1]",
        ),
        (TextSpans, span(0, 3), ""),
        (TextSpans, span(2, 4), "spans[0]: 2..4 is not in a text of 3 characters"),
        (TextSpans, span(1, 1), "spans[0]: 1..1"),
        (TextSpans, span(-1, 1), "invalid value"),
        (Preference, json!({ "preference": "left" }), ""),
        (Preference, json!({ "preference": "tie" }), "preference: is tie"),
        (Preference, json!({ "preference": "both" }), "unknown variant"),
    ] {
        let of = if kind.is_image() { &image } else { &text };
        match answered(&labels(kind), of, answer.clone()) {
            Ok(()) => assert_eq!(wanted, "", "{answer} is taken"),
            Err(error) => assert!(!wanted.is_empty() && error.starts_with(wanted), "{error}"),
        }
    }
    let least = LabelConfig { minimum: 2, maximum: Some(3), ..labels(ImageBoxes) };
    let error = answered(&least, &image, shape(json!({}))).unwrap_err();
    assert_eq!(error, "boxes: has 1");
    let draft: Answer = serde_json::from_value(shape(json!({}))).unwrap();
    draft.validate_draft(&least, &image).unwrap();
}
