//! OpenAPI documents, v3 per group version and v2 for all.
//!
//! Made on demand from the type graph, with descriptions of the built-in types where we
//! have them; the caller caches the bytes.
//!
//! `paths` says what can be asked of each resource, which names the definitions that a
//! document needs; `built_in` and `custom` make those; `lowered` says all of it again in
//! the poorer words of v2. Not described: the deprecated `/watch/` paths, and protobuf.

mod built_in;
mod custom;
mod descriptions;
mod lowered;
mod parameters;
mod paths;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::gvk::Gvk;

/// The version of Kubernetes whose API this is.
const VERSION: &str = "v1.36.2";
/// What every `$ref` of a v3 document begins with.
const REFERENCE: &str = "#/components/schemas/";
/// What the definitions' names of the types that all kinds share begin with.
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// A served resource, for paths.
#[derive(Clone, Debug)]
pub struct Resource {
    pub gvk: Gvk,
    /// `deployments`
    pub plural: String,
    pub namespaced: bool,
    /// `get list create update patch delete deletecollection watch`
    pub verbs: Vec<String>,
    /// `status`, `scale` … with the verbs of each.
    pub subresources: Vec<Subresource>,
}

/// A served subresource.
#[derive(Clone, Debug)]
pub struct Subresource {
    pub name: String,
    pub gvk: Gvk,
    pub verbs: Vec<String>,
}

/// A version of a custom resource and its schema.
#[derive(Clone, Debug)]
pub struct CustomKind<'a> {
    pub gvk: Gvk,
    pub plural: String,
    pub namespaced: bool,
    /// `openAPIV3Schema`; `None` for one without a schema.
    pub schema: Option<&'a Value>,
    pub status: bool,
    pub scale: bool,
}

/// `/openapi/v3/<path>` of one group version, as JSON bytes. `resources` and `custom` of
/// other group versions are left out.
pub fn v3(
    group: &str,
    version: &str,
    resources: &[Resource],
    custom: &[CustomKind<'_>],
) -> Vec<u8> {
    let (paths, schemas) = of_version((group, version), resources, custom);
    let document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": security()},
    });
    document.to_string().into_bytes()
}

/// `/openapi/v2`, as JSON bytes.
pub fn v2(resources: &[Resource], custom: &[CustomKind<'_>]) -> Vec<u8> {
    let gvks = resources.iter().map(|one| &one.gvk).chain(custom.iter().map(|one| &one.gvk));
    let versions: BTreeSet<(&str, &str)> =
        gvks.map(|gvk| (gvk.group.as_str(), gvk.version.as_str())).collect();
    let (mut all_paths, mut definitions) = (Map::new(), BTreeMap::new());
    for version in versions {
        let (paths, schemas) = of_version(version, resources, custom);
        all_paths.extend(paths.iter().map(|(path, item)| (path.clone(), lowered::path(item))));
        for (name, schema) in schemas {
            definitions.entry(name).or_insert_with(|| lowered::schema(&schema));
        }
    }
    let document = json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": all_paths,
        "definitions": definitions,
        "securityDefinitions": security(),
        "security": [{"BearerToken": []}],
    });
    document.to_string().into_bytes()
}

fn security() -> Value {
    json!({"BearerToken": {
        "description": "Bearer Token authentication",
        "type": "apiKey",
        "name": "authorization",
        "in": "header",
    }})
}

/// The paths of a group version, and the definitions that they come to speak of.
fn of_version(
    (group, version): (&str, &str),
    resources: &[Resource],
    custom: &[CustomKind<'_>],
) -> (Map<String, Value>, BTreeMap<String, Value>) {
    let here = |gvk: &Gvk| gvk.group == group && gvk.version == version;
    let custom: Vec<&CustomKind<'_>> = custom.iter().filter(|kind| here(&kind.gvk)).collect();
    let mut served: Vec<paths::Served> =
        resources.iter().filter(|one| here(&one.gvk)).map(paths::Served::built_in).collect();
    served.extend(custom.iter().map(|kind| paths::Served::custom(kind)));
    let paths = paths::of_version(group, version, &served);
    let own: BTreeMap<String, Value> = custom.into_iter().flat_map(custom::definitions).collect();
    let schemas = reached(&paths, |name| {
        own.get(name).cloned().or_else(|| built_in::definition(name, (group, version)))
    });
    (paths, schemas)
}

/// All definitions that are referred to, directly or by other definitions.
fn reached(
    paths: &Map<String, Value>,
    definition: impl Fn(&str) -> Option<Value>,
) -> BTreeMap<String, Value> {
    let mut names = BTreeSet::new();
    paths.values().for_each(|item| references(item, &mut names));
    let mut found = BTreeMap::new();
    while let Some(name) = names.pop_first() {
        if found.contains_key(&name) {
            continue;
        }
        let schema = definition(&name).unwrap_or_else(|| json!({"type": "object"}));
        references(&schema, &mut names);
        found.insert(name, schema);
    }
    found
}

fn references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) =
                fields.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(REFERENCE))
            {
                names.insert(name.to_owned());
            }
            fields.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, names)),
        _ => {}
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("{REFERENCE}{name}")})
}

/// The definition's name of a kind: the built-in type's, or the reversed group, the
/// version and the kind.
fn definition_name(gvk: &Gvk) -> String {
    if let Some(name) = built_in::name(gvk) {
        return name;
    }
    let mut parts: Vec<&str> = gvk.group.split('.').rev().collect();
    parts.extend([gvk.version.as_str(), gvk.kind.as_str()]);
    parts.join(".")
}

fn list_of(gvk: &Gvk) -> Gvk {
    Gvk { kind: format!("{}List", gvk.kind), ..gvk.clone() }
}

/// As definitions and operations carry it.
fn labelled(gvk: &Gvk) -> Value {
    json!({"group": gvk.group, "kind": gvk.kind, "version": gvk.version})
}
