//! Groups, versions and resources: the classic documents and the aggregated one.

use axum::response::Response;
use base64::Engine;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{ETAG, IF_NONE_MATCH, VARY};
use http::request::Parts;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::http::negotiate::Accept;
use crate::http::respond;
use crate::registry::resource::{Resource, Subresource, api_version};
use crate::registry::{Catalog, Group};
use crate::status::Failure;

/// `/`
pub(crate) fn root(catalog: &Catalog, accept: Accept) -> Result<Response, Failure> {
    let mut paths = vec!["/api".to_owned(), "/api/v1".into(), "/apis".into(), "/apis/".into()];
    for group in catalog.groups().iter().filter(|group| !group.name.is_empty()) {
        paths.push(format!("/apis/{}", group.name));
        paths
            .extend(group.versions.iter().map(|version| format!("/apis/{}/{version}", group.name)));
    }
    paths.extend(
        ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
            .map(str::to_owned),
    );
    paths.sort();
    Ok(respond::encode(200, &json!({"paths": paths}), accept))
}

/// `/api`
pub(crate) fn versions() -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}]
    })
}

/// `/apis`
pub(crate) fn groups(catalog: &Catalog) -> Value {
    let named = catalog.groups().iter().filter(|group| !group.name.is_empty());
    let list: Vec<Value> = named.map(|group| Value::Object(describe(group))).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": list})
}

/// `/apis/apps`
pub(crate) fn group(catalog: &Catalog, name: &str) -> Option<Value> {
    let group = catalog.group(name).filter(|group| !group.name.is_empty())?;
    let mut document = Map::new();
    document.insert("kind".into(), "APIGroup".into());
    document.insert("apiVersion".into(), "v1".into());
    document.extend(describe(group));
    Some(Value::Object(document))
}

fn describe(group: &Group) -> Map<String, Value> {
    let version = |version: &String| json!({"groupVersion": api_version(&group.name, version), "version": version});
    let mut map = Map::new();
    map.insert("name".into(), group.name.as_str().into());
    map.insert("versions".into(), group.versions.iter().map(version).collect());
    map.insert("preferredVersion".into(), group.versions.first().map(version).unwrap_or_default());
    map
}

/// `/api/v1`, `/apis/apps/v1`
pub(crate) fn resources(catalog: &Catalog, group: &str, version: &str) -> Result<Value, Failure> {
    let known = catalog.group(group);
    if known.is_none() {
        return Err(respond::page_not_found());
    }
    if !known.is_some_and(|group| group.versions.iter().any(|one| one == version)) {
        return Err(Failure::no_such_resource());
    }
    let mut list = Vec::new();
    for resource in catalog.in_version(group, version) {
        list.push(main_entry(resource));
        list.extend(resource.subresources.iter().map(|sub| sub_entry(resource, sub)));
    }
    list.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    Ok(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version(group, version), "resources": list}),
    )
}

fn main_entry(resource: &Resource) -> Value {
    let mut entry = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": resource.verbs.names()
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = resource.short_names.clone().into();
    }
    if !resource.categories.is_empty() {
        entry["categories"] = resource.categories.clone().into();
    }
    if resource.verbs.contains(crate::registry::Verb::Get) {
        entry["storageVersionHash"] = storage_version_hash(resource).into();
    }
    entry
}

fn sub_entry(resource: &Resource, sub: &Subresource) -> Value {
    let mut entry = json!({"name": format!("{}/{}", resource.plural, sub.name), "singularName": "", "namespaced": resource.namespaced});
    if let Some((group, version)) = &sub.foreign {
        entry["group"] = group.as_str().into();
        entry["version"] = version.as_str().into();
    }
    entry["kind"] = sub.kind.as_str().into();
    entry["verbs"] = sub.verbs.names().into();
    entry
}

/// The first eight bytes of the SHA-256 of group, version and kind in the store.
fn storage_version_hash(resource: &Resource) -> String {
    let version = resource
        .custom
        .as_ref()
        .map_or(resource.version.as_str(), |custom| custom.storage_version.as_str());
    let name = format!("{}/{version}/{}", resource.stored_as.0, resource.kind);
    let hash = Sha256::digest(name.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(&hash[..8])
}

/// The aggregated document of `/api` or `/apis`.
pub(crate) fn aggregated(catalog: &Catalog, root: &str, parts: &Parts) -> Response {
    let core = root == "api";
    let groups = catalog.groups().iter().filter(|group| group.name.is_empty() == core);
    let items: Vec<Value> = groups.map(|group| aggregated_group(catalog, group)).collect();
    let document = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    let mut text = document.to_string();
    text.push('\n');
    let hash: String =
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect();
    let tag = format!("\"{hash}\"");
    let unchanged =
        parts.headers.get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let mut response = if unchanged {
        respond::not_modified()
    } else {
        respond::typed(
            200,
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            Bytes::from(text),
        )
    };
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, value);
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

fn aggregated_group(catalog: &Catalog, group: &Group) -> Value {
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| {
            let mut list: Vec<&std::sync::Arc<Resource>> =
                catalog.in_version(&group.name, version).collect();
            list.sort_by(|a, b| a.plural.cmp(&b.plural));
            let resources: Vec<Value> =
                list.into_iter().map(|resource| aggregated_resource(resource)).collect();
            json!({"version": version, "resources": resources, "freshness": "Current"})
        })
        .collect();
    let metadata = if group.name.is_empty() { json!({}) } else { json!({"name": group.name}) };
    json!({"metadata": metadata, "versions": versions})
}

fn aggregated_resource(resource: &Resource) -> Value {
    let mut entry = json!({
        "resource": resource.plural,
        "responseKind": response_kind(resource, "", "", &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs.names()
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = resource.short_names.clone().into();
    }
    if !resource.categories.is_empty() {
        entry["categories"] = resource.categories.clone().into();
    }
    let mut subs: Vec<&Subresource> = resource.subresources.iter().collect();
    subs.sort_by(|a, b| a.name.cmp(&b.name));
    if !subs.is_empty() {
        entry["subresources"] = subs
            .into_iter()
            .map(|sub| {
                let (group, version) = sub.foreign.as_ref().map_or(("", ""), |(group, version)| (group, version));
                json!({"subresource": sub.name, "responseKind": response_kind(resource, group, version, &sub.kind), "verbs": sub.verbs.names()})
            })
            .collect();
    }
    entry
}

/// Group and version are left empty where they are those of the list, except
/// for custom resources.
fn response_kind(resource: &Resource, group: &str, version: &str, kind: &str) -> Value {
    if resource.custom.is_some() && group.is_empty() {
        return json!({"group": resource.group, "version": resource.version, "kind": kind});
    }
    json!({"group": group, "version": version, "kind": kind})
}
