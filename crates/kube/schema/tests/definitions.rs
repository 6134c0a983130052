//! Defaults and validation of CustomResourceDefinitions, alone and against what a real
//! server said (with `DAIS_KUBERNETES_GOLDEN`).

use std::path::PathBuf;

use dais_schema::custom::definition::{default, validate};
use serde_json::{Value, json};

fn definition(schema: Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "jobs.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "jobs", "kind": "TrainingJob"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema}}]
        }
    })
}

fn with(schema: Value, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut definition = definition(schema);
    change(&mut definition);
    default(&mut definition);
    validate(&definition, None).iter().map(ToString::to_string).collect()
}

fn of_schema(schema: Value) -> Vec<String> {
    with(schema, |_| {})
}

fn of_spec(spec: Value) -> Vec<String> {
    of_schema(json!({"type": "object", "properties": {"spec": spec}}))
}

#[test]
fn names_conversion_and_status_are_filled_in() {
    let mut object = definition(json!({"type": "object"}));
    default(&mut object);
    assert_eq!(object["spec"]["names"]["singular"], "trainingjob");
    assert_eq!(object["spec"]["names"]["listKind"], "TrainingJobList");
    assert_eq!(object["spec"]["conversion"], json!({"strategy": "None"}));
    let status = json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": ["v1"]});
    assert_eq!(object["status"], status);
    let once = object.clone();
    default(&mut object);
    assert_eq!(object, once);
    assert_eq!(validate(&object, None), []);
}

#[test]
fn a_new_storage_version_joins_the_stored_ones() {
    let mut object = definition(json!({"type": "object"}));
    default(&mut object);
    object["spec"]["versions"][0]["name"] = "v2".into();
    default(&mut object);
    assert_eq!(object["status"]["storedVersions"], json!(["v1", "v2"]));
    let errors = validate(&object, None);
    assert!(errors[0].to_string().starts_with("status.storedVersions[0]: Invalid value: \"v1\""));
}

#[test]
fn established_names_stay() {
    let mut old = definition(json!({"type": "object"}));
    default(&mut old);
    let mut new = old.clone();
    new["spec"]["scope"] = "Cluster".into();
    assert_eq!(validate(&new, Some(&old)), []);
    old["status"]["conditions"] = json!([{"type": "Established", "status": "True"}]);
    let errors: Vec<String> = validate(&new, Some(&old)).iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["spec.scope: Invalid value: \"Cluster\": field is immutable"]);
}

#[test]
fn parts_that_differ_between_versions_are_named_by_version() {
    let errors = with(json!({"type": "object"}), |object| {
        let mut second = object["spec"]["versions"][0].clone();
        second["name"] = "v2".into();
        second["storage"] = false.into();
        second["schema"]["openAPIV3Schema"]["type"] = "string".into();
        object["spec"]["versions"].as_array_mut().expect("a list").push(second);
    });
    assert_eq!(
        errors,
        ["spec.versions[1].schema.openAPIV3Schema.type: Invalid value: \"string\": must be \
          object at the root"]
    );
}

#[test]
fn structural_schemas_of_code_generators_pass() {
    let errors = of_spec(json!({
        "type": "object",
        "required": ["image", "source"],
        "properties": {
            "image": {"type": "string", "pattern": "^[a-z/]+$", "nullable": true},
            "port": {"x-kubernetes-int-or-string": true,
                "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "source": {"type": "object",
                "oneOf": [{"required": ["git"]}, {"required": ["bucket"]}],
                "properties": {"git": {"type": "object", "properties": {"url": {"type": "string"}}},
                    "bucket": {"type": "string"}}},
            "env": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"],
                    "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "template": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "retries": {"type": "integer", "format": "int32", "minimum": 0.0, "default": 3}
        },
        "x-kubernetes-validations": [
            {"rule": "!has(self.port) || self.env.all(e, e.name != 'x')"},
            {"rule": "self.labels.exists(k, self.labels[k] == '')", "message": "m"},
            {"rule": "self.source.git.url.startsWith('https')", "reason": "FieldValueForbidden"},
            {"rule": "self.template.anything.goes == 1"},
            {"rule": "!oldSelf.hasValue() || oldSelf.value().image == self.image",
                "optionalOldSelf": true}]
    }));
    assert_eq!(errors, [] as [&str; 0]);
}

#[test]
fn restrictions_speak_of_what_is_declared() {
    let errors = of_spec(json!({
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "anyOf": [{"properties": {"a": {"minLength": 1}, "b": {"minLength": 1}}},
            {"not": {"nullable": true}}]
    }));
    let at = "spec.validation.openAPIV3Schema.properties[spec]";
    assert_eq!(
        errors,
        [
            format!(
                "{at}.properties[b]: Required value: because it is defined in \
                 {at}.anyOf[0].properties[b]"
            ),
            format!("{at}.anyOf[1].not.nullable: Forbidden: must be false to be structural"),
        ]
    );
}

#[test]
fn rules_that_select_undeclared_fields_are_refused() {
    for (rule, column, field) in [
        ("self.nope == 1", 5, "nope"),
        ("has(self.list) && self.list.all(x, x.nope > 1)", 37, "nope"),
        ("self.list[0].gone == 'x'", 13, "gone"),
    ] {
        let errors = of_spec(json!({
            "type": "object",
            "properties": {"list": {"type": "array", "items": {"type": "object",
                "properties": {"k": {"type": "string"}}}}},
            "x-kubernetes-validations": [{"rule": rule}]
        }));
        let place = format!("ERROR: <input>:1:{column}: undefined field '{field}'");
        assert!(errors.len() == 1 && errors[0].contains(&place), "{rule}: {errors:?}");
    }
    let errors = of_spec(json!({"type": "object", "x-kubernetes-validations": [{"rule": "1 +"}]}));
    assert!(errors[0].contains("compilation failed: ERROR: <input>:1:"), "{errors:?}");
    let errors = of_spec(json!({"type": "object", "x-kubernetes-validations": [{"rule": "1"}]}));
    assert!(errors[0].ends_with("must evaluate to a bool"), "{errors:?}");
}

#[test]
fn columns_and_selectable_fields_have_paths() {
    let errors = with(
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "color": {"type": "string"}, "list": {"type": "array", "items": {"type": "string"}}}}}}),
        |object| {
            let version = &mut object["spec"]["versions"][0];
            version["additionalPrinterColumns"] = json!([
                {"name": "A", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                {"name": "", "type": "string", "format": "odd", "jsonPath": ""}]);
            version["selectableFields"] = json!([{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.color"},
                    {"jsonPath": ".spec.list"}, {"jsonPath": ".spec.list[0]"}]);
        },
    );
    let starts = [
        "spec.selectableFields[1].jsonPath: Duplicate value",
        "spec.selectableFields[2].jsonPath: Invalid value: \".spec.list\": is an invalid path",
        "spec.selectableFields[3].jsonPath: Invalid value: \".spec.list[0]\": is an invalid path",
        "spec.additionalPrinterColumns[1].name: Required value",
        "spec.additionalPrinterColumns[1].format: Invalid value: \"odd\": must be one of byte,",
        "spec.additionalPrinterColumns[1].JSONPath: Invalid value: \"\": must not be empty",
    ];
    assert_eq!(errors.len(), starts.len(), "{errors:?}");
    for (error, start) in errors.iter().zip(starts) {
        assert!(error.starts_with(start), "{error}");
    }
}

/// Records whose answers we can't give: estimated costs of rules, and a value printed
/// with the fields of the server's own types.
const OTHERWISE: [(&str, i64); 2] = [("bad-definitions", 21), ("bad-definitions", 27)];

#[test]
fn recorded_definitions_are_judged_as_recorded() {
    let Some(golden) = std::env::var_os("DAIS_KUBERNETES_GOLDEN") else { return };
    let folder = PathBuf::from(golden).join("crd");
    let mut judged = 0;
    for scenario in ["bad-definitions", "cel", "lifecycle", "status-scale", "values"] {
        let text =
            std::fs::read_to_string(folder.join(format!("{scenario}.jsonl"))).expect("a recording");
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).expect("a record");
            let seq = record["seq"].as_i64().unwrap_or_default();
            let mut object = record["request"]["body"].clone();
            let code = record["response"]["status"].as_i64();
            let is_new = record["request"]["method"] == "POST"
                && object["kind"] == "CustomResourceDefinition"
                && matches!(code, Some(201 | 422));
            if !is_new || OTHERWISE.contains(&(scenario, seq)) {
                continue;
            }
            default(&mut object);
            let mut ours: Vec<String> =
                validate(&object, None).iter().map(ToString::to_string).collect();
            let mut wanted: Vec<String> = record["response"]["body"]["details"]["causes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|cause| {
                    let part = |key: &str| cause[key].as_str().unwrap_or_default();
                    format!("{}: {}", part("field"), part("message"))
                })
                .collect();
            ours.sort();
            wanted.sort();
            assert_eq!(ours, wanted, "{scenario} #{seq}");
            judged += 1;
        }
    }
    assert!(judged > 25, "only {judged} definitions");
}
