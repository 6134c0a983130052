//! Replays recorded writes of a real API server through the pure functions: each
//! recorded PATCH (and create) on the object as it was before, compared with the answer.
//!
//! Needs `DAIS_KUBERNETES_GOLDEN`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use dais_schema::apply::{Apply, Update, apply, track_update};
use dais_schema::managed::{FieldSet, Manager, manager_of_user_agent};
use dais_schema::{Error, Gvk, Schema, builtin, custom::CustomSchema, patch, strict};
use serde_json::Value;

const SCENARIOS: &[&str] = &[
    "patch/json-patch",
    "patch/kubectl-patch",
    "patch/merge-patch",
    "patch/strategic-lists",
    "patch/strategic-others",
    "ssa/client-side-to-server-side",
    "ssa/conflicts",
    "ssa/crd-lists",
    "ssa/deployment-lists",
    "ssa/managed-fields-edits",
    "ssa/owner-refs-finalizers",
    "crud/field-validation",
];

/// Records that differ: mostly owners of fields that the server fills in before
/// it looks at ownership, which the API server does and its own replay compares;
/// and the words of a few decoding errors. May only fall.
const KNOWN: usize = 31;

#[test]
fn recorded_writes_come_out_the_same() {
    let Some(golden) = std::env::var_os("DAIS_KUBERNETES_GOLDEN") else { return };
    let mut failures = Vec::new();
    let mut compared = 0;
    for scenario in SCENARIOS {
        let path = Path::new(&golden).join(format!("{scenario}.jsonl"));
        let mut world = World::default();
        for line in std::fs::read_to_string(path).expect("a recording").lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            if let Some(outcome) = world.replay(&record) {
                compared += 1;
                if let Err(difference) = outcome {
                    let seq = &record["seq"];
                    failures.push(format!("{scenario} {seq} {}: {difference}", record["step"]));
                }
            }
        }
    }
    assert!(compared > 100, "only {compared} records compared");
    let different = failures.len();
    assert!(different <= KNOWN, "{different} of {compared}:\n{}", failures.join("\n"));
}

/// Objects by path, as last seen in an answer, and the schemas of definitions.
#[derive(Default)]
struct World {
    objects: HashMap<String, Value>,
    custom: HashMap<Gvk, CustomSchema>,
}

impl World {
    fn replay(&mut self, record: &Value) -> Option<Result<(), String>> {
        let request = &record["request"];
        let answer = &record["response"]["body"];
        let path = request["path"].as_str()?.to_owned();
        let method = request["method"].as_str()?;
        let code = record["response"]["status"].as_u64()?;
        if answer["kind"] == "CustomResourceDefinition" && code < 300 {
            self.learn(answer);
        }
        let subresource = ["status", "scale"].iter().find(|s| path.ends_with(&format!("/{s}")));
        let key = match subresource {
            Some(s) => path.trim_end_matches(&format!("/{s}")).to_owned(),
            None if method == "POST" => format!("{path}/{}", answer["metadata"]["name"].as_str()?),
            None => path.clone(),
        };
        let live = self.objects.get(&key).cloned();
        let dry = request["query"].as_str().is_some_and(|q| q.contains("dryRun"));
        let is_object =
            code < 300 && answer["kind"] != "Status" && answer["metadata"]["name"].is_string();
        let scale = subresource.is_some_and(|s| *s == "scale");
        if is_object && !dry && !scale {
            self.objects.insert(key.clone(), answer.clone());
        }
        if method == "DELETE" || scale {
            self.objects.remove(&key);
        }
        if scale
            || !matches!(method, "PATCH" | "POST")
            || (method == "PATCH" && live.is_none() && !is_apply(request))
        {
            return None;
        }
        let ours = self.write(request, live.as_ref(), subresource.copied().unwrap_or_default())?;
        Some(compare(ours, answer, code))
    }

    fn learn(&mut self, definition: &Value) {
        let spec = &definition["spec"];
        for version in spec["versions"].as_array().into_iter().flatten() {
            let gvk = Gvk::new(
                spec["group"].as_str().unwrap_or_default(),
                version["name"].as_str().unwrap_or_default(),
                spec["names"]["kind"].as_str().unwrap_or_default(),
            );
            let schema = CustomSchema::compile(&version["schema"]["openAPIV3Schema"]);
            self.custom.insert(gvk, schema.expect("an accepted schema compiles"));
        }
    }

    fn write(
        &self,
        request: &Value,
        live: Option<&Value>,
        subresource: &str,
    ) -> Option<Result<Value, Error>> {
        let body = &request["body"];
        let gvk = Gvk::of(live.unwrap_or(body));
        let custom = self.custom.get(&gvk);
        let schema = match custom {
            Some(custom) => custom.schema().clone(),
            None => builtin::schema(&gvk)?,
        };
        let query = request["query"].as_str().unwrap_or_default();
        let option = |name: &str| {
            query
                .split('&')
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        let agent = request["headers"]["user-agent"].as_str().unwrap_or_default();
        let name = option("fieldManager").unwrap_or_else(|| manager_of_user_agent(agent));
        let api_version = gvk.api_version();
        let manager = Manager { name: &name, subresource, api_version: &api_version, time: "now" };
        let ignored = ignored(&gvk, custom.is_some(), subresource);
        let finish = |mut object: Value| {
            if custom.is_none() {
                builtin::normalize(&schema, &mut object);
            }
            object
        };
        if is_apply(request) {
            if name.is_empty()
                || !body.is_object()
                || body["kind"] != gvk.kind.as_str()
                || body["apiVersion"].is_null()
            {
                return None;
            }
            let force = option("force").is_some_and(|f| f == "true");
            let request = Apply { live, config: body, manager, force, ignored: &ignored };
            return Some(apply(&schema, &request).map(finish));
        }
        let result = patched(&schema, custom.is_some(), request, live)?;
        Some(result.map(|object| {
            let mut object = finish(object);
            let update = Update { live, manager, ignored: &ignored };
            track_update(&schema, &mut object, &update);
            object
        }))
    }
}

fn is_apply(request: &Value) -> bool {
    request["headers"]["content-type"].as_str().is_some_and(|t| t.contains("apply-patch"))
}

/// What the endpoints of the recorded kinds reset.
fn ignored(gvk: &Gvk, custom: bool, subresource: &str) -> FieldSet {
    match (gvk.kind.as_str(), subresource) {
        (_, "status") => FieldSet::of_fields(&[&["spec"], &["metadata", "labels"]]),
        ("Deployment" | "Lists", _) => FieldSet::of_fields(&[&["status"]]),
        _ if custom => FieldSet::of_fields(&[&["status"]]),
        _ => FieldSet::default(),
    }
}

fn patched(
    schema: &Schema,
    custom: bool,
    request: &Value,
    live: Option<&Value>,
) -> Option<Result<Value, Error>> {
    let body = &request["body"];
    let Some(live) = live else {
        let strict = request["query"].as_str().is_some_and(|q| q.contains("Strict"));
        let fits = strict::check_types(schema, body).is_ok();
        return (body.is_object() && fits && !strict).then(|| Ok(body.clone()));
    };
    let text = match body {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.as_bytes();
    let kind = request["headers"]["content-type"].as_str().unwrap_or_default();
    let result = match kind {
        "application/json-patch+json" => patch::json::apply(live, text),
        "application/merge-patch+json" => patch::merge::apply(live, text),
        "application/strategic-merge-patch+json" if !custom => {
            patch::strategic::apply(schema, live, text)
        }
        _ => return None,
    };
    Some(result.map(|(object, _)| object))
}

/// Errors must agree in code and text; objects in ownership, and in every field that we
/// have (the server's defaults are not ours).
fn compare(ours: Result<Value, Error>, answer: &Value, code: u64) -> Result<(), String> {
    let object = match ours {
        Err(error) => {
            let same = u64::from(error.code()) == code && answer["message"] == error.to_string();
            let causes = answer["details"]["causes"].as_array().map_or(0, Vec::len);
            return if same && causes == error.causes().len() {
                Ok(())
            } else {
                Err(format!("ours {error}\n  theirs {}", answer["message"]))
            };
        }
        // Refusals by later stages (validation, immutable fields) aren't ours.
        Ok(_) if code >= 400 => return Ok(()),
        Ok(object) => object,
    };
    let (mine, theirs) = (owners(&object), owners(answer));
    if mine != theirs {
        return Err(format!("owners\n  ours   {mine:?}\n  theirs {theirs:?}"));
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        if name != "metadata" {
            contained(value, &answer[name]).map_err(|e| format!("{name}{e}"))?;
        }
    }
    for name in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let (mine, theirs) = (&object["metadata"][name], &answer["metadata"][name]);
        if mine != theirs && name != "annotations" {
            return Err(format!("metadata.{name} is {mine}, not {theirs}"));
        }
    }
    Ok(())
}

fn owners(object: &Value) -> BTreeMap<String, String> {
    let list = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    list.map(|e| {
        let who = format!("{} {} {}", e["manager"], e["operation"], e["subresource"]);
        let set = FieldSet::parse(&e["fieldsV1"]).map(|set| set.to_value().to_string());
        (who, set.unwrap_or_default())
    })
    .collect()
}

fn contained(mine: &Value, theirs: &Value) -> Result<(), String> {
    match (mine, theirs) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, value) in fields {
                let empty = value.as_object().is_some_and(|o| o.is_empty());
                match others.get(name) {
                    Some(other) => contained(value, other).map_err(|e| format!(".{name}{e}"))?,
                    None if empty => {}
                    None => return Err(format!(".{name} is only ours: {value}")),
                }
            }
            Ok(())
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => items
            .iter()
            .zip(others)
            .enumerate()
            .try_for_each(|(n, (a, b))| contained(a, b).map_err(|e| format!("[{n}]{e}"))),
        _ if mine == theirs => Ok(()),
        _ => Err(format!(" is {mine}, not {theirs}")),
    }
}
