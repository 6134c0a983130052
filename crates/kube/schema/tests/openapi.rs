//! OpenAPI documents: what kubectl looks for, and agreement with those of a real server
//! (with `DAIS_KUBERNETES_GOLDEN`).

use std::path::{Path, PathBuf};
use std::process::Command;

use dais_schema::Gvk;
use dais_schema::openapi::{CustomKind, Resource, Subresource, v2, v3};
use serde_json::{Map, Value, json};

fn verbs(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn pods() -> Resource {
    let sub = |name: &str, allowed: &str| Subresource {
        name: name.to_owned(),
        gvk: Gvk::new("", "v1", "Pod"),
        verbs: verbs(allowed),
    };
    Resource {
        gvk: Gvk::new("", "v1", "Pod"),
        plural: "pods".to_owned(),
        namespaced: true,
        verbs: verbs("get list create update patch delete deletecollection watch"),
        subresources: vec![sub("status", "get patch update"), sub("log", "get")],
    }
}

fn schema() -> Value {
    json!({"type": "object", "description": "Trains.", "properties": {
        "metadata": {"type": "object"},
        "spec": {"type": "object", "properties": {
            "workers": {"type": "integer", "default": 1, "description": "How many."},
            "port": {"x-kubernetes-int-or-string": true},
            "note": {"type": "string", "nullable": true},
            "pod": {"type": "object", "x-kubernetes-embedded-resource": true,
                "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"extra": {"type": "string"}}},
            "either": {"type": "object", "oneOf": [{"required": ["a"]}],
                "properties": {"a": {"type": "string"}}}}}}})
}

fn training_jobs(schema: &Value) -> CustomKind<'_> {
    CustomKind {
        gvk: Gvk::new("ai.example.com", "v1", "TrainingJob"),
        plural: "trainingjobs".to_owned(),
        namespaced: true,
        schema: Some(schema),
        status: true,
        scale: true,
    }
}

fn parsed(document: &[u8]) -> Value {
    serde_json::from_slice(document).expect("JSON")
}

fn definition<'d>(document: &'d Value, name: &str) -> &'d Value {
    let schemas = document.pointer("/components/schemas").or(document.get("definitions"));
    schemas.and_then(|all| all.get(name)).unwrap_or_else(|| panic!("no definition {name}"))
}

#[test]
fn pods_can_be_explained() {
    let document = parsed(&v3("", "v1", &[pods()], &[]));
    let pod = definition(&document, "io.k8s.api.core.v1.Pod");
    assert_eq!(
        pod["x-kubernetes-group-version-kind"],
        json!([{"group": "", "kind": "Pod", "version": "v1"}])
    );
    let spec = &pod["properties"]["spec"];
    assert_eq!(spec["allOf"][0]["$ref"], "#/components/schemas/io.k8s.api.core.v1.PodSpec");
    assert!(spec["description"].is_string());
    let containers =
        &definition(&document, "io.k8s.api.core.v1.PodSpec")["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
    definition(&document, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
}

#[test]
fn patches_say_what_the_server_can_do_itself() {
    let schema = schema();
    let document = parsed(&v3("", "v1", &[pods()], &[training_jobs(&schema)]));
    let item = &document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"];
    let patch = &item["patch"];
    let names: Vec<&Value> =
        patch["parameters"].as_array().expect("a list").iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
    assert_eq!(patch["x-kubernetes-action"], "patch");
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "Pod");
    let strategic = "application/strategic-merge-patch+json";
    assert!(patch["requestBody"]["content"][strategic].is_object());
    assert_eq!(patch["operationId"], "patchCoreV1NamespacedPod");
    // Custom resources of another group version are in a document of their own.
    assert!(!document["paths"].as_object().expect("paths").keys().any(|p| p.contains("training")));
    let own = parsed(&v3("ai.example.com", "v1", &[pods()], &[training_jobs(&schema)]));
    let path = "/apis/ai.example.com/v1/namespaces/{namespace}/trainingjobs/{name}";
    let content = &own["paths"][path]["patch"]["requestBody"]["content"];
    assert!(content["application/apply-patch+yaml"].is_object() && content[strategic].is_null());
    assert!(own["paths"][format!("{path}/scale")]["get"].is_object());
}

#[test]
fn custom_kinds_have_the_fields_of_every_object() {
    let schema = schema();
    let document = parsed(&v3("ai.example.com", "v1", &[], &[training_jobs(&schema)]));
    let name = "com.example.ai.v1.TrainingJob";
    let kind = definition(&document, name);
    assert_eq!(kind["x-kubernetes-group-version-kind"][0]["group"], "ai.example.com");
    let metadata = &kind["properties"]["metadata"]["allOf"][0]["$ref"];
    assert!(metadata.as_str().expect("a reference").ends_with("meta.v1.ObjectMeta"));
    let spec = &kind["properties"]["spec"]["properties"];
    assert_eq!(spec["workers"]["default"], 1);
    assert!(spec["pod"]["properties"]["metadata"].is_object());
    let list = definition(&document, "com.example.ai.v1.TrainingJobList");
    let items = &list["properties"]["items"]["items"]["$ref"];
    assert_eq!(items.as_str(), Some(&*format!("#/components/schemas/{name}")));
}

#[test]
fn what_v2_cannot_say_is_left_open() {
    let schema = schema();
    let document = parsed(&v2(&[pods()], &[training_jobs(&schema)]));
    let spec =
        &definition(&document, "com.example.ai.v1.TrainingJob")["properties"]["spec"]["properties"];
    assert_eq!(spec["workers"], json!({"type": "integer", "description": "How many."}));
    assert_eq!(spec["port"], json!({"x-kubernetes-int-or-string": true}));
    assert_eq!(spec["note"], json!({}));
    assert!(spec["pod"]["properties"].is_null() && spec["pod"]["type"] == "object");
    assert!(spec["either"]["oneOf"].is_null() && spec["either"]["properties"].is_object());
    let container = definition(&document, "io.k8s.api.core.v1.Container");
    let resources = &container["properties"]["resources"];
    assert_eq!(resources["$ref"], "#/definitions/io.k8s.api.core.v1.ResourceRequirements");
    let quantity = definition(&document, "io.k8s.apimachinery.pkg.api.resource.Quantity");
    assert_eq!(quantity["type"], "string");
    let patch = &document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"];
    assert_eq!(patch["parameters"][0]["in"], "body");
    assert_eq!(patch["consumes"][0], "application/apply-patch+yaml");
    assert_eq!(patch["responses"]["200"]["schema"]["$ref"], "#/definitions/io.k8s.api.core.v1.Pod");
    let text = document.to_string();
    assert!(!text.contains("#/components/") && !text.contains("\"allOf\":[{\"$ref"));
}

fn unpacked(path: &Path) -> Value {
    let text = Command::new("gzip").arg("-dc").arg(path).output().expect("gzip runs");
    serde_json::from_slice(&text.stdout).expect("JSON")
}

/// The resources of a recorded discovery document.
fn discovered(document: &Value) -> Vec<Resource> {
    let (group, version) = document["groupVersion"]
        .as_str()
        .map(|text| text.rsplit_once('/').unwrap_or(("", text)))
        .expect("a group version");
    let gvk = |entry: &Value| {
        let part = |key: &str, own: &str| entry[key].as_str().unwrap_or(own).to_owned();
        Gvk::new(part("group", group), part("version", version), part("kind", ""))
    };
    let allowed = |entry: &Value| {
        let list = entry["verbs"].as_array().into_iter().flatten();
        list.filter_map(|verb| Some(verb.as_str()?.to_owned())).collect()
    };
    let mut resources: Vec<Resource> = Vec::new();
    for entry in document["resources"].as_array().expect("resources") {
        let name = entry["name"].as_str().expect("a name");
        match name.split_once('/') {
            None => resources.push(Resource {
                gvk: gvk(entry),
                plural: name.to_owned(),
                namespaced: entry["namespaced"] == true,
                verbs: allowed(entry),
                subresources: Vec::new(),
            }),
            Some((plural, sub)) => {
                let owner = resources.iter_mut().find(|one| one.plural == plural).expect("owner");
                owner.subresources.push(Subresource {
                    name: sub.to_owned(),
                    gvk: gvk(entry),
                    verbs: allowed(entry),
                });
            }
        }
    }
    resources
}

/// What a recorded schema says that ours says too: no descriptions, unions, or list types
/// where we know only that a list is atomic.
fn comparable(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let mut kept = Map::new();
    for (key, value) in fields {
        let value = match key.as_str() {
            "description" | "x-kubernetes-unions" => continue,
            "x-kubernetes-list-type" if value == "atomic" => continue,
            "x-kubernetes-map-type" if value == "granular" => continue,
            "properties" => value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, property)| (name.clone(), comparable(property)))
                .collect::<Map<_, _>>()
                .into(),
            "required" => {
                let mut names = value.as_array().cloned().unwrap_or_default();
                names.sort_by_key(Value::to_string);
                names.into()
            }
            // The table of types has no enums of items.
            "items" | "additionalProperties" => {
                let mut items = comparable(value);
                items.as_object_mut().map(|items| items.remove("enum"));
                items
            }
            _ => value.clone(),
        };
        kept.insert(key.clone(), value);
    }
    // A reference alone needs no wrapping: whether it has company depends on descriptions.
    match kept.get("allOf").and_then(|all| all.get(0)).cloned() {
        Some(only) if kept.len() == 1 => only,
        _ => Value::Object(kept),
    }
}

#[test]
fn documents_agree_with_the_recorded_ones() {
    let Some(golden) = std::env::var_os("DAIS_KUBERNETES_GOLDEN") else { return };
    let folder = PathBuf::from(golden).join("openapi");
    let mut definitions = 0;
    for entry in std::fs::read_dir(&folder).expect("golden folder") {
        let path = entry.expect("entry").path();
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(name) = file.strip_prefix("openapi-v3-api") else { continue };
        let discovery = unpacked(&folder.join(format!("discovery-api{name}")));
        let resources = discovered(&discovery);
        let gvk = Gvk::parse(discovery["groupVersion"].as_str().expect("text"), "");
        let ours = parsed(&v3(&gvk.group, &gvk.version, &resources, &[]));
        let recorded = unpacked(&path);
        let schemas = |document: &Value| {
            document["components"]["schemas"].as_object().expect("schemas").clone()
        };
        for (name, wanted) in &schemas(&recorded) {
            let Some(have) = schemas(&ours).get(name).cloned() else {
                panic!("{file}: no definition {name}");
            };
            let (mut wanted, mut have) = (comparable(wanted), comparable(&have));
            if name.ends_with(".DeleteOptions") || name.ends_with(".WatchEvent") {
                for one in [&mut wanted, &mut have] {
                    one["x-kubernetes-group-version-kind"] = Value::Null;
                }
            }
            assert_eq!(have, wanted, "{file}: {name}");
            definitions += 1;
        }
        paths_agree(&file, &ours["paths"], &recorded["paths"]);
    }
    assert!(definitions > 500, "only {definitions} definitions");
}

fn paths_agree(file: &str, ours: &Value, recorded: &Value) {
    for (path, item) in recorded.as_object().expect("paths") {
        // Old watches, and what follows a proxy.
        if path.contains("/watch/") || path.ends_with("/{path}") {
            continue;
        }
        for (method, wanted) in item.as_object().expect("an item") {
            let have = &ours[path][method];
            if method == "parameters" || matches!(method.as_str(), "head" | "options") {
                continue;
            }
            if wanted["x-kubernetes-action"] == "connect" && have.is_null() {
                continue;
            }
            for key in
                ["operationId", "x-kubernetes-action", "x-kubernetes-group-version-kind", "tags"]
            {
                assert_eq!(have[key], wanted[key], "{file}: {method} {path} {key}");
            }
        }
    }
    for path in ours.as_object().expect("paths").keys() {
        assert!(recorded[path].is_object(), "{file}: {path} is not in the recording");
    }
}
