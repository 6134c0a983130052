//! Parameters by their JSON Schema: pure.
//!
//! Owns what a schema of parameters may be, and how texts, as a TrainingJob holds them,
//! become the values that it speaks of. Draft 2020-12 itself is the validator's.

use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};

/// Bytes of a schema; a form of some hundred fields.
const LARGEST: usize = 64 << 10;
/// Levels of a schema.
const DEEPEST: usize = 16;
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const DEFINITIONS: &str = "#/$defs/";
/// What would lead out of the schema, or round in it.
const REFUSED: [&str; 5] = ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef"];

/// The parameters of a job, all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filled {
    /// As the schema types them.
    pub values: Map<String, Value>,
    /// As a job holds them.
    pub texts: BTreeMap<String, String>,
}

/// Whether it is a schema of parameters. What is wrong names the field.
pub fn check(schema: &Map<String, Value>) -> Result<(), String> {
    if schema.is_empty() {
        return Ok(());
    }
    let whole = Value::Object(schema.clone());
    let size = whole.to_string().len();
    if size > LARGEST {
        return Err(format!("spec.parameters: is {size} bytes long; at most {LARGEST} are taken"));
    }
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("spec.parameters.type: must be \"object\", with a property for each parameter"
            .to_owned());
    }
    if schema.get("$schema").is_some_and(|draft| draft != DRAFT) {
        return Err(format!("spec.parameters.$schema: must be {DRAFT:?}, or left out"));
    }
    walk(&whole, "spec.parameters", 0, false)?;
    names(schema)?;
    let validator = validator(&whole)?;
    for (name, property) in properties(schema) {
        let Some(default) = property.get("default") else { continue };
        let one = Value::Object(Map::from_iter([(name.clone(), default.clone())]));
        let about = format!("/{}", pointer(name));
        let wrong =
            validator.iter_errors(&one).find(|e| e.instance_path().as_str().starts_with(&about));
        if let Some(wrong) = wrong {
            return Err(format!("spec.parameters.properties.{name}.default: {wrong}"));
        }
    }
    Ok(())
}

/// Refuses what would lead out of the schema or round in it: whoever validates by it must
/// come to an end.
fn walk(value: &Value, path: &str, depth: usize, defined: bool) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("{path}: is nested more than {DEEPEST} levels deep"));
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let at = format!("{path}.{key}");
                if REFUSED.contains(&key.as_str()) && value.is_string() {
                    return Err(format!("{at}: is not taken; refer to {DEFINITIONS}<name>"));
                }
                if key == "$ref" && value.is_string() {
                    let to = value.as_str().unwrap_or_default();
                    if !to.starts_with(DEFINITIONS) {
                        return Err(format!(
                            "{at}: {to:?} leads elsewhere; refer to {DEFINITIONS}<name>"
                        ));
                    }
                    if defined {
                        return Err(format!("{at}: a definition must not refer to another"));
                    }
                }
                walk(value, &at, depth + 1, defined || key == "$defs")?;
            }
            Ok(())
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| walk(value, &format!("{path}[{at}]"), depth + 1, defined)),
        _ => Ok(()),
    }
}

/// Names must differ in the variables too that carry them.
fn names(schema: &Map<String, Value>) -> Result<(), String> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, _) in properties(schema) {
        if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
            return Err(format!(
                "spec.parameters.properties: {name:?} is no name; use letters, digits, _ and -"
            ));
        }
        let variable = crate::program::variable_name(name);
        if let Some(other) = seen.insert(variable.clone(), name) {
            return Err(format!(
                "spec.parameters.properties: {other:?} and {name:?} are both \
                 $DAIS_PARAM_{variable}; rename one"
            ));
        }
    }
    Ok(())
}

fn properties(schema: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        // Linear in the text: a pattern is somebody's, and so is what it is held against.
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| {
            let path = error.instance_path().as_str().replace('/', ".");
            format!("spec.parameters{path}: {error}")
        })
}

/// A name as a part of a JSON Pointer (RFC 6901).
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The parameters that a job gave, and the defaults of the others. Each fault names its
/// field.
pub fn fill(
    schema: &Map<String, Value>,
    given: &BTreeMap<String, String>,
) -> Result<Filled, Vec<String>> {
    if schema.is_empty() {
        return Ok(Filled { values: texts_as_values(given), texts: given.clone() });
    }
    let known: BTreeMap<&String, &Value> = properties(schema).collect();
    let mut values = Map::new();
    for (name, property) in properties(schema) {
        let property = resolved(schema, property);
        let value = match given.get(name) {
            Some(text) => Some(read(property, text)),
            None => property.get("default").cloned(),
        };
        values.extend(value.map(|value| (name.clone(), value)));
    }
    // What the schema does not know stays a text; whether it may be there is its to say.
    let others = given.iter().filter(|(name, _)| !known.contains_key(name));
    values.extend(others.map(|(name, text)| (name.clone(), Value::String(text.clone()))));
    let whole = Value::Object(schema.clone());
    let validator = validator(&whole).map_err(|fault| vec![fault])?;
    let instance = Value::Object(values);
    let faults: Vec<String> = validator.iter_errors(&instance).map(|e| fault(&e, &known)).collect();
    let Value::Object(values) = instance else { unreachable!("made as an object above") };
    if !faults.is_empty() {
        return Err(faults);
    }
    let texts = values.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    Ok(Filled { values, texts })
}

fn texts_as_values(given: &BTreeMap<String, String>) -> Map<String, Value> {
    given.iter().map(|(name, text)| (name.clone(), Value::String(text.clone()))).collect()
}

/// A property, or the definition that it refers to.
fn resolved<'a>(schema: &'a Map<String, Value>, property: &'a Value) -> &'a Value {
    let to = property.get("$ref").and_then(Value::as_str);
    let name = to.and_then(|to| to.strip_prefix(DEFINITIONS));
    let found = name.and_then(|name| schema.get("$defs")?.get(name));
    found.filter(|_| property.get("default").is_none()).unwrap_or(property)
}

/// A text as the value that a property speaks of; as a text where it is none such, so that
/// the validator says what was wanted.
fn read(property: &Value, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    if let Some(choices) = property.get("enum").and_then(Value::as_array) {
        let same = choices.iter().find(|choice| self::text(choice) == text);
        return same.cloned().unwrap_or_else(as_text);
    }
    let types: Vec<&str> = match property.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let json = serde_json::from_str::<Value>(text).ok();
    let fits = |value: &Value| {
        types.iter().any(|type_| match *type_ {
            "integer" | "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => false,
        })
    };
    json.filter(fits).unwrap_or_else(as_text)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn fault(error: &jsonschema::ValidationError<'_>, known: &BTreeMap<&String, &Value>) -> String {
    let path =
        error.instance_path().as_str().replace('/', ".").replace("~1", "/").replace("~0", "~");
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            format!("spec.parameters{path}.{name}: is required")
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected }
            if path.is_empty() =>
        {
            let names: Vec<&str> = known.keys().map(|name| name.as_str()).collect();
            format!(
                "spec.parameters.{}: the algorithm has no such parameter; it has {}",
                unexpected.join(", spec.parameters."),
                names.join(", ")
            )
        }
        _ => {
            let words: String = error.to_string().chars().take(300).collect();
            format!("spec.parameters{path}: {words}")
        }
    }
}

#[cfg(test)]
mod tests;
