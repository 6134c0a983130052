//! The paths of a group version and what can be done at each.

use serde_json::{Map, Value, json};

use super::reference;
use super::{
    CustomKind, META, Resource, Subresource, definition_name, labelled, list_of, parameters,
};
use crate::gvk::Gvk;

const VERBS: [&str; 8] =
    ["get", "list", "create", "update", "patch", "delete", "deletecollection", "watch"];
/// Subresources that open a connection instead of answering with an object.
const CONNECTED: [&str; 4] = ["attach", "exec", "portforward", "proxy"];

/// A resource, built in or not.
pub(super) struct Served {
    resource: Resource,
    is_custom: bool,
}

impl Served {
    pub(super) fn built_in(resource: &Resource) -> Served {
        Served { resource: resource.clone(), is_custom: false }
    }

    pub(super) fn custom(kind: &CustomKind<'_>) -> Served {
        let verbs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut subresources = Vec::new();
        let scale = Gvk::new("autoscaling", "v1", "Scale");
        for (there, name, gvk) in
            [(kind.status, "status", &kind.gvk), (kind.scale, "scale", &scale)]
        {
            if there {
                let verbs = verbs(&["get", "patch", "update"]);
                subresources.push(Subresource { name: name.to_owned(), gvk: gvk.clone(), verbs });
            }
        }
        let resource = Resource {
            gvk: kind.gvk.clone(),
            plural: kind.plural.clone(),
            namespaced: kind.namespaced,
            verbs: verbs(&VERBS),
            subresources,
        };
        Served { resource, is_custom: true }
    }
}

/// All paths, sorted.
pub(super) fn of_version(group: &str, version: &str, served: &[Served]) -> Map<String, Value> {
    let base = if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    };
    let mut paths = vec![(format!("{base}/"), index(group, version))];
    for served in served {
        let scope = if served.resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let collection = format!("{base}{scope}/{}", served.resource.plural);
        let item = format!("{collection}/{{name}}");
        paths.push((collection, collection_item(served)));
        if served.resource.namespaced {
            paths.push((format!("{base}/{}", served.resource.plural), everywhere(served)));
        }
        for sub in &served.resource.subresources {
            paths.push((format!("{item}/{}", sub.name), subresource_item(served, sub)));
        }
        paths.push((item, object_item(served)));
    }
    // Reviews and bindings can be created, and nothing else.
    paths.retain(|(_, item)| item.as_object().is_some_and(|item| item.len() > 1));
    paths.sort_by(|(one, _), (other, _)| one.cmp(other));
    Map::from_iter(paths)
}

fn index(group: &str, version: &str) -> Value {
    let id = format!("get{}APIResources", title(group, version));
    let list = reference(&format!("{META}APIResourceList"));
    json!({
        "get": {
            "tags": [tag(group, version)],
            "description": "get available resources",
            "operationId": id,
            "responses": responses(&["200"], Some(list)),
        },
        "parameters": [],
    })
}

/// One operation, before it is written down.
struct Operation<'a> {
    served: &'a Served,
    gvk: &'a Gvk,
    /// As resources list it.
    verb: &'static str,
    /// What follows the kind in the operation's name.
    suffix: String,
    is_connect: bool,
}

fn collection_item(served: &Served) -> Value {
    item(served, &served.resource.verbs, &["list", "create", "deletecollection"], None)
}

fn object_item(served: &Served) -> Value {
    item(served, &served.resource.verbs, &["get", "update", "delete", "patch"], None)
}

fn subresource_item(served: &Served, sub: &Subresource) -> Value {
    item(served, &sub.verbs, &["get", "update", "create", "delete", "patch"], Some(sub))
}

/// A collection in all namespaces can only be read.
fn everywhere(served: &Served) -> Value {
    let mut item = Map::new();
    if served.resource.verbs.iter().any(|verb| verb == "list") {
        let operation = Operation {
            served,
            gvk: &served.resource.gvk,
            verb: "list",
            suffix: "ForAllNamespaces".to_owned(),
            is_connect: false,
        };
        let mut written = operation.written();
        written["operationId"] = operation.id("").into();
        item.insert("get".to_owned(), written);
    }
    item.insert("parameters".to_owned(), json!([parameters::pretty()]));
    Value::Object(item)
}

fn item(
    served: &Served,
    allowed: &[String],
    verbs: &[&'static str],
    sub: Option<&Subresource>,
) -> Value {
    let mut item = Map::new();
    for verb in verbs.iter().copied().filter(|verb| allowed.iter().any(|one| one == verb)) {
        let operation = Operation {
            served,
            gvk: sub.map_or(&served.resource.gvk, |sub| &sub.gvk),
            verb,
            suffix: sub.map_or_else(String::new, |sub| capitalized(&sub.name)),
            is_connect: sub.is_some_and(|sub| CONNECTED.contains(&sub.name.as_str())),
        };
        item.insert(operation.method().to_owned(), operation.written());
    }
    let mut shared = Vec::new();
    if sub.is_some() || verbs.contains(&"get") {
        shared.push(parameters::name(&served.resource.gvk.kind));
    }
    if served.resource.namespaced {
        shared.push(parameters::namespace());
    }
    shared.push(parameters::pretty());
    item.insert("parameters".to_owned(), shared.into());
    Value::Object(item)
}

impl Operation<'_> {
    fn method(&self) -> &'static str {
        match self.verb {
            "create" => "post",
            "update" => "put",
            "patch" => "patch",
            "delete" | "deletecollection" => "delete",
            _ => "get",
        }
    }

    fn action(&self) -> &'static str {
        match self.verb {
            _ if self.is_connect => "connect",
            "create" => "post",
            "update" => "put",
            other => other,
        }
    }

    /// `readAppsV1NamespacedDeploymentStatus`; generated clients name their functions so.
    fn id(&self, scope: &str) -> String {
        let gvk = &self.served.resource.gvk;
        let verb = match self.verb {
            _ if self.is_connect => "connect",
            "get" => "read",
            "update" => "replace",
            "deletecollection" => "delete",
            other => other,
        };
        let version = title(&gvk.group, &gvk.version);
        let collection = if self.verb == "deletecollection" { "Collection" } else { "" };
        let method =
            if self.is_connect { capitalized(self.method()) } else { collection.to_owned() };
        format!("{verb}{version}{method}{scope}{}{}", gvk.kind, self.suffix)
    }

    fn written(&self) -> Value {
        let gvk = &self.served.resource.gvk;
        let scope = if self.served.resource.namespaced { "Namespaced" } else { "" };
        let mut written = json!({
            "tags": [tag(&gvk.group, &gvk.version)],
            "description": format!("{} {}", self.action(), self.gvk.kind),
            "operationId": self.id(scope),
        });
        let parameters = match self.verb {
            _ if self.is_connect => Vec::new(),
            "create" | "update" => parameters::write(),
            "patch" => parameters::patch(),
            "delete" => parameters::delete(),
            "list" => parameters::list(),
            "deletecollection" => [parameters::delete(), parameters::list()].concat(),
            _ => Vec::new(),
        };
        if !parameters.is_empty() {
            written["parameters"] = parameters.into();
        }
        if let Some(body) = self.body() {
            written["requestBody"] = body;
        }
        written["responses"] = self.answers();
        written["x-kubernetes-action"] = self.action().into();
        written["x-kubernetes-group-version-kind"] = labelled(self.gvk);
        written
    }

    fn body(&self) -> Option<Value> {
        let content = |media: &[&str], schema: &Value| -> Map<String, Value> {
            media.iter().map(|media| ((*media).to_owned(), json!({"schema": schema}))).collect()
        };
        match self.verb {
            _ if self.is_connect => None,
            "create" | "update" => {
                let schema = reference(&definition_name(self.gvk));
                Some(json!({"content": content(&["*/*"], &schema), "required": true}))
            }
            "patch" => {
                let mut media = vec![
                    "application/apply-patch+yaml",
                    "application/json-patch+json",
                    "application/merge-patch+json",
                ];
                // By this kubectl knows which patch it may send.
                if !self.served.is_custom {
                    media.push("application/strategic-merge-patch+json");
                }
                let schema = reference(&format!("{META}Patch"));
                Some(json!({"content": content(&media, &schema), "required": true}))
            }
            "delete" | "deletecollection" => {
                let schema = reference(&format!("{META}DeleteOptions"));
                Some(json!({"content": content(&["*/*"], &schema)}))
            }
            _ => None,
        }
    }

    fn answers(&self) -> Value {
        let own = || Some(reference(&definition_name(self.gvk)));
        let status = || Some(reference(&format!("{META}Status")));
        match self.verb {
            _ if self.is_connect || self.suffix == "Log" => responses(&["200"], None),
            "create" => responses(&["200", "201", "202"], own()),
            "update" | "patch" => responses(&["200", "201"], own()),
            "delete" => responses(&["200", "202"], status()),
            "deletecollection" => responses(&["200"], status()),
            "list" => {
                let list = reference(&definition_name(&list_of(self.gvk)));
                let mut answers = responses(&["200"], Some(list));
                let event = reference(&format!("{META}WatchEvent"));
                answers["200"]["content"]["application/json;stream=watch"] =
                    json!({"schema": event});
                answers
            }
            _ => responses(&["200"], own()),
        }
    }
}

/// Answers with an object, or with text if there is none.
fn responses(codes: &[&str], schema: Option<Value>) -> Value {
    let content = match schema {
        Some(schema) => json!({
            "application/json": {"schema": schema},
            "application/yaml": {"schema": schema},
        }),
        None => json!({"text/plain": {"schema": {"type": "string"}}}),
    };
    let mut answers = Map::new();
    for code in codes {
        let description = match *code {
            "201" => "Created",
            "202" => "Accepted",
            _ => "OK",
        };
        answers.insert((*code).to_owned(), json!({"description": description, "content": content}));
    }
    answers.insert("401".to_owned(), json!({"description": "Unauthorized"}));
    Value::Object(answers)
}

/// `core`, `apps`, `rbacAuthorization`, `exampleCom`
fn camel(group: &str) -> String {
    if group.is_empty() {
        return "core".to_owned();
    }
    let mut parts = group.strip_suffix(".k8s.io").unwrap_or(group).split('.');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &capitalized(part))
}

fn title(group: &str, version: &str) -> String {
    capitalized(&camel(group)) + &capitalized(version)
}

fn tag(group: &str, version: &str) -> String {
    format!("{}_{version}", camel(group))
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
