//! What OpenAPI v2 can say of what v3 says.
//!
//! v2 has no alternatives, no null and no defaults in Kubernetes: what a schema can't say,
//! it leaves open, so that a client that checks objects by it refuses none that is right.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::REFERENCE;

/// Keywords that have no counterpart.
const LOST: [&str; 7] = ["allOf", "anyOf", "default", "not", "nullable", "oneOf", "title"];
/// What is left of a schema that admits more than v2 can say.
const OPEN: [&str; 2] = ["description", "x-kubernetes-group-version-kind"];

/// A definition, or a schema inside one.
pub(super) fn schema(v3: &Value) -> Value {
    let Value::Object(fields) = v3 else { return v3.clone() };
    let is = |keyword: &str| fields.get(keyword) == Some(&Value::Bool(true));
    let mut lowered = Map::new();
    for (keyword, value) in fields {
        let value = match keyword.as_str() {
            lost if LOST.contains(&lost) => continue,
            "$ref" => v2_reference(value),
            "properties" => properties(value),
            "items" | "additionalProperties" => schema(value),
            _ => value.clone(),
        };
        lowered.insert(keyword.clone(), value);
    }
    if is("nullable") {
        lowered.retain(|keyword, _| {
            OPEN.contains(&keyword.as_str()) || keyword.starts_with("x-kubernetes-")
        });
    } else if is("x-kubernetes-preserve-unknown-fields") {
        for keyword in ["properties", "items", "additionalProperties", "required"] {
            lowered.shift_remove(keyword);
        }
    } else if is("x-kubernetes-int-or-string") {
        lowered.shift_remove("type");
    } else {
        alternatives(fields, &mut lowered);
    }
    Value::Object(lowered)
}

/// A reference with something beside it, and the two built-in types that are one or the
/// other.
fn alternatives(v3: &Map<String, Value>, lowered: &mut Map<String, Value>) {
    if let Some([Value::Object(only)]) =
        v3.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        && let Some(reference) = only.get("$ref")
    {
        lowered.insert("$ref".to_owned(), v2_reference(reference));
    }
    let either = v3.get("oneOf").and_then(Value::as_array).is_some_and(|alternatives| {
        alternatives.iter().any(|alternative| alternative == &json!({"type": "string"}))
    });
    if either && !v3.contains_key("type") {
        lowered.insert("type".to_owned(), "string".into());
    }
}

fn properties(v3: &Value) -> Value {
    let properties = v3.as_object().into_iter().flatten();
    properties
        .map(|(name, property)| (name.clone(), schema(property)))
        .collect::<Map<_, _>>()
        .into()
}

fn v2_reference(reference: &Value) -> Value {
    reference.as_str().unwrap_or_default().replace(REFERENCE, "#/definitions/").into()
}

/// An item of `paths`.
pub(super) fn path(v3: &Value) -> Value {
    let mut item = Map::new();
    for (method, operation) in v3.as_object().into_iter().flatten() {
        let lowered =
            if method == "parameters" { parameters(operation) } else { self::operation(operation) };
        item.insert(method.clone(), lowered);
    }
    Value::Object(item)
}

fn parameters(v3: &Value) -> Value {
    let lowered = v3.as_array().into_iter().flatten().map(|parameter| {
        let mut lowered = parameter.clone();
        if let Some(fields) = lowered.as_object_mut()
            && let Some(Value::Object(schema)) = fields.shift_remove("schema")
        {
            fields.extend(schema);
        }
        lowered
    });
    lowered.collect()
}

fn operation(v3: &Value) -> Value {
    let mut lowered = v3.clone();
    let Some(fields) = lowered.as_object_mut() else { return lowered };
    let content = v3.pointer("/requestBody/content").and_then(Value::as_object);
    let consumed: Vec<&str> = match content {
        Some(content) => content.keys().map(String::as_str).collect(),
        None => vec!["*/*"],
    };
    let body = v3.get("requestBody").map(body);
    let given = parameters(&v3["parameters"]);
    let given: Vec<Value> =
        body.into_iter().chain(given.as_array().into_iter().flatten().cloned()).collect();
    let responses = v3["responses"].as_object().into_iter().flatten();
    let produced: BTreeSet<&str> = responses
        .clone()
        .filter_map(|(_, response)| response["content"].as_object())
        .flat_map(|content| content.keys().map(String::as_str))
        .collect();
    let responses: Map<String, Value> =
        responses.map(|(code, v3)| (code.clone(), response(v3))).collect();
    fields.shift_remove("requestBody");
    fields.insert("consumes".to_owned(), consumed.into());
    fields.insert("produces".to_owned(), produced.into_iter().collect());
    fields.insert("schemes".to_owned(), json!(["https"]));
    fields.insert("parameters".to_owned(), given.into());
    fields.insert("responses".to_owned(), responses.into());
    lowered
}

/// In v2 the body is a parameter, of one type whatever the media.
fn body(v3: &Value) -> Value {
    let mut body = json!({"name": "body", "in": "body"});
    if v3["required"] == true {
        body["required"] = true.into();
    }
    if let Some(first) = first_content(v3) {
        body["schema"] = schema(&first["schema"]);
    }
    body
}

fn response(v3: &Value) -> Value {
    let mut response = json!({"description": v3["description"]});
    if let Some(first) = first_content(v3) {
        response["schema"] = schema(&first["schema"]);
    }
    response
}

fn first_content(v3: &Value) -> Option<&Value> {
    v3.get("content")?.as_object()?.values().next()
}
