use serde_json::json;

use super::*;

fn schema(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("{value} is no object") };
    map
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn boosting() -> Map<String, Value> {
    schema(json!({
        "type": "object",
        "properties": {
            "target": {"type": "string", "minLength": 1},
            "learning_rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.1},
            "rounds": {"type": "integer", "minimum": 1, "default": 200},
            "loss": {"enum": ["squared", "absolute", 2], "default": "squared"},
            "early": {"type": "boolean", "default": true},
            "columns": {"type": "array", "items": {"type": "string"}},
            "depth": {"type": ["integer", "null"], "default": null},
        },
        "required": ["target"],
        "additionalProperties": false,
    }))
}

#[test]
fn texts_become_what_the_schema_says_and_defaults_are_filled_in() {
    assert_eq!(check(&boosting()), Ok(()));
    let given = given(&[
        ("target", "7"),
        ("learning_rate", "1e-2"),
        ("loss", "2"),
        ("columns", r#"["a","b"]"#),
        ("early", "false"),
    ]);
    let filled = fill(&boosting(), &given).expect("good parameters");
    assert_eq!(
        Value::Object(filled.values),
        json!({
            "target": "7", "learning_rate": 0.01, "rounds": 200, "loss": 2, "early": false,
            "columns": ["a", "b"], "depth": null,
        })
    );
    assert_eq!(filled.texts["columns"], r#"["a","b"]"#);
    assert_eq!(filled.texts["rounds"], "200");
    assert_eq!(filled.texts["target"], "7");
}

#[test]
fn a_fault_names_its_field() {
    let faults =
        |pairs: &[(&str, &str)]| fill(&boosting(), &given(pairs)).expect_err("a fault").join("\n");
    let too_much = faults(&[("target", "y"), ("learning_rate", "7")]);
    assert_eq!(too_much, "spec.parameters.learning_rate: 7 is greater than the maximum of 1");
    assert_eq!(faults(&[]), "spec.parameters.target: is required");
    let unknown = faults(&[("target", "y"), ("learning_rat", "0.1")]);
    assert!(unknown.starts_with("spec.parameters.learning_rat: the algorithm has no"), "{unknown}");
    assert!(unknown.contains("learning_rate, loss"), "{unknown}");
    let text = faults(&[("target", "y"), ("rounds", "many")]);
    assert!(text.starts_with("spec.parameters.rounds: \"many\" is not of type"), "{text}");
    let half = faults(&[("target", "y"), ("rounds", "1.5")]);
    assert!(half.starts_with("spec.parameters.rounds: 1.5"), "{half}");
    let column = faults(&[("target", "y"), ("columns", "[1]")]);
    assert!(column.starts_with("spec.parameters.columns.0: 1 is not"), "{column}");
}

#[test]
fn without_a_schema_everything_goes_through_as_text() {
    let filled = fill(&Map::new(), &given(&[("a", "1")])).expect("parameters");
    assert_eq!(Value::Object(filled.values), json!({"a": "1"}));
    assert_eq!(check(&Map::new()), Ok(()));
}

#[test]
fn what_is_no_schema_of_parameters_is_refused_with_its_field() {
    let refused = |value: Value| check(&schema(value)).expect_err("a refusal");
    let property = |one: Value| json!({"type": "object", "properties": {"a": one}});
    for (value, field) in [
        (json!({"type": "array"}), "spec.parameters.type"),
        (json!({"properties": {}}), "spec.parameters.type"),
        (property(json!({"type": "numbr"})), "spec.parameters.properties.a.type"),
        (
            property(json!({"type": "integer", "default": "x"})),
            "spec.parameters.properties.a.default",
        ),
        (
            property(json!({"type": "integer", "minimum": 5, "default": 1})),
            "spec.parameters.properties.a.default",
        ),
        (property(json!({"$ref": "https://example.org/x"})), "spec.parameters.properties.a.$ref"),
        (property(json!({"$ref": "#"})), "spec.parameters.properties.a.$ref"),
        (property(json!({"$dynamicRef": "#x"})), "spec.parameters.properties.a.$dynamicRef"),
        (property(json!({"pattern": "("})), "spec.parameters.properties.a.pattern"),
        (
            json!({"type": "object", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}),
            "spec.parameters.$defs.a.allOf[0].$ref",
        ),
        (
            json!({"type": "object", "properties": {"a-b": {}, "a_b": {}}}),
            "spec.parameters.properties",
        ),
        (
            json!({"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}),
            "spec.parameters.$schema",
        ),
        (json!({"type": "object", "description": "x".repeat(LARGEST)}), "spec.parameters"),
    ] {
        let said = refused(value);
        assert!(said.starts_with(&format!("{field}: ")), "{said}");
    }
    let mut deep = json!({});
    for _ in 0..60 {
        deep = json!({"items": deep});
    }
    assert!(refused(property(deep)).contains("levels"));
}

#[test]
fn a_definition_is_read_like_the_property_that_refers_to_it() {
    let schema = schema(json!({
        "type": "object",
        "properties": {"low": {"$ref": "#/$defs/share"}, "high": {"$ref": "#/$defs/share"}},
        "$defs": {"share": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}},
    }));
    assert_eq!(check(&schema), Ok(()));
    let filled = fill(&schema, &given(&[("low", "0.25")])).expect("parameters");
    assert_eq!(Value::Object(filled.values), json!({"low": 0.25, "high": 0.5}));
    assert!(fill(&schema, &given(&[("low", "2")])).is_err());
}

#[test]
fn a_pattern_is_held_against_a_text_in_linear_time() {
    let schema = schema(json!({
        "type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}},
    }));
    assert_eq!(check(&schema), Ok(()));
    let text = format!("{}!", "a".repeat(4000));
    assert!(fill(&schema, &given(&[("a", &text)])).is_err());
}
