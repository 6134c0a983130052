//! One version of a custom resource, compiled for use.

use dais_schema::custom::CustomSchema;
use dais_schema::jsonpath::JsonPath;
use serde_json::Value;

use crate::object;
use crate::registry::resource::{Resource, Subresource, Verbs};

/// A column of `kubectl get`.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: String,
    pub format: String,
    pub description: String,
    pub priority: i64,
    /// The path as it was declared.
    pub source: String,
    pub path: JsonPath,
}

/// Where a custom resource keeps what the scale subresource shows.
#[derive(Debug, Clone)]
pub struct ScalePaths {
    pub spec_replicas: String,
    pub status_replicas: String,
    pub label_selector: Option<String>,
}

/// What the server needs to know about one version beyond its names.
#[derive(Debug)]
pub struct CustomKind {
    /// Differs whenever objects are to be read differently.
    pub epoch: u64,
    pub schema: Option<CustomSchema>,
    pub open_api: Option<Value>,
    pub columns: Vec<Column>,
    pub selectable: Vec<(String, JsonPath)>,
    pub scale: Option<ScalePaths>,
    pub storage_version: String,
    pub deprecation: Option<String>,
    /// The definition is being deleted: nothing new may be made.
    pub terminating: bool,
}

impl CustomKind {
    /// Makes a stored object what this version serves: its `apiVersion`, without
    /// fields that the schema does not know, with defaults filled in.
    pub fn read(&self, resource: &Resource, object: &mut Value) {
        object::set_api_version(object, &resource.api_version());
        if let Some(schema) = &self.schema {
            schema.prune(object);
            schema.default(object);
        }
    }
}

/// The served versions of a definition as resources. A version whose schema
/// cannot be compiled is left out.
pub fn resources(definition: &Value, epoch: u64) -> Vec<Resource> {
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let versions = versions.map(Vec::as_slice).unwrap_or_default();
    versions
        .iter()
        .filter(|version| version.get("served").and_then(Value::as_bool).unwrap_or(false))
        .filter_map(|version| resource(definition, version, epoch))
        .collect()
}

fn resource(definition: &Value, version: &Value, epoch: u64) -> Option<Resource> {
    let text = |pointer: &str| object::text(definition, pointer).to_owned();
    let names = |field: &str| strings(definition.pointer(&format!("/spec/names/{field}")));
    let group = text("/spec/group");
    let plural = text("/spec/names/plural");
    let kind = text("/spec/names/kind");
    let custom = custom(definition, version, epoch)?;
    Some(Resource {
        list_kind: text("/spec/names/listKind"),
        singular: text("/spec/names/singular"),
        version: object::text(version, "/name").to_owned(),
        short_names: names("shortNames"),
        categories: names("categories"),
        namespaced: text("/spec/scope") == "Namespaced",
        verbs: Verbs::ALL,
        subresources: subresources(version, &kind),
        stored_as: (group.clone(), plural.clone()),
        custom: Some(std::sync::Arc::new(custom)),
        group,
        plural,
        kind,
    })
}

fn custom(definition: &Value, version: &Value, epoch: u64) -> Option<CustomKind> {
    let open_api = version.pointer("/schema/openAPIV3Schema").cloned();
    let schema = match &open_api {
        Some(schema) => match CustomSchema::compile(schema) {
            Ok(schema) => Some(schema),
            Err(error) => {
                tracing::error!(definition = object::name(definition), %error, "a stored schema cannot be compiled");
                return None;
            }
        },
        None => None,
    };
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array)?;
    let storage = versions.iter().find(|one| one.get("storage") == Some(&Value::Bool(true)))?;
    Some(CustomKind {
        epoch,
        schema,
        open_api,
        columns: columns(version),
        selectable: selectable(version),
        scale: scale(version),
        storage_version: object::text(storage, "/name").to_owned(),
        deprecation: deprecation(definition, version),
        terminating: object::is_deleting(definition),
    })
}

fn deprecation(definition: &Value, version: &Value) -> Option<String> {
    if version.get("deprecated") != Some(&Value::Bool(true)) {
        return None;
    }
    let given = object::text(version, "/deprecationWarning");
    if !given.is_empty() {
        return Some(given.to_owned());
    }
    let (group, kind) =
        (object::text(definition, "/spec/group"), object::text(definition, "/spec/names/kind"));
    Some(format!("{group}/{} {kind} is deprecated", object::text(version, "/name")))
}

fn subresources(version: &Value, kind: &str) -> Vec<Subresource> {
    let declared = |name: &str| {
        version.pointer(&format!("/subresources/{name}")).is_some_and(|value| !value.is_null())
    };
    let mut list = Vec::new();
    if declared("status") {
        list.push(Subresource {
            name: "status".into(),
            kind: kind.to_owned(),
            foreign: None,
            verbs: Verbs::READ_WRITE,
        });
    }
    if declared("scale") {
        let foreign = Some(("autoscaling".to_owned(), "v1".to_owned()));
        list.push(Subresource {
            name: "scale".into(),
            kind: "Scale".into(),
            foreign,
            verbs: Verbs::READ_WRITE,
        });
    }
    list
}

fn columns(version: &Value) -> Vec<Column> {
    let list = version.get("additionalPrinterColumns").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(column).collect()
}

fn column(declared: &Value) -> Option<Column> {
    let text = |field: &str| object::text(declared, field).to_owned();
    Some(Column {
        name: text("/name"),
        kind: text("/type"),
        format: text("/format"),
        description: text("/description"),
        priority: declared.get("priority").and_then(Value::as_i64).unwrap_or_default(),
        source: text("/jsonPath"),
        path: JsonPath::parse(object::text(declared, "/jsonPath")).ok()?,
    })
}

fn selectable(version: &Value) -> Vec<(String, JsonPath)> {
    let list = version.get("selectableFields").and_then(Value::as_array);
    let paths = list.into_iter().flatten().map(|field| object::text(field, "/jsonPath"));
    paths
        .filter_map(|path| {
            Some((path.trim_start_matches('.').to_owned(), JsonPath::parse(path).ok()?))
        })
        .collect()
}

fn scale(version: &Value) -> Option<ScalePaths> {
    let declared = version.pointer("/subresources/scale").filter(|scale| scale.is_object())?;
    let pointer = |field: &str| {
        let path = object::text(declared, field);
        (!path.is_empty()).then(|| path.replace('.', "/"))
    };
    Some(ScalePaths {
        spec_replicas: pointer("/specReplicasPath")?,
        status_replicas: pointer("/statusReplicasPath")?,
        label_selector: pointer("/labelSelectorPath"),
    })
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
