//! Which objects a list or a watch wants: label and field selectors together.
//!
//! Parsing and matching are `dais-schema`'s; here is which fields each kind can
//! be selected by, and how Kubernetes names them.

use std::borrow::Cow;

use dais_schema::selector::{FieldSelector, LabelSelector};
use serde_json::Value;

use crate::http::query::Query;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;

/// A parsed `labelSelector` and `fieldSelector`.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selector {
    /// # Errors
    /// 400 for text that is no selector, or a field that the kind cannot be selected by.
    pub fn parse(query: &Query, resource: &Resource) -> Result<Selector, Failure> {
        let labels = match query.get("labelSelector").filter(|text| !text.is_empty()) {
            Some(text) => LabelSelector::parse(text).map_err(Failure::bad_request)?,
            None => LabelSelector::default(),
        };
        let mut fields = match query.get("fieldSelector").filter(|text| !text.is_empty()) {
            Some(text) => FieldSelector::parse(text).map_err(Failure::bad_request)?,
            None => FieldSelector::default(),
        };
        fields.terms.retain(|term| !term.field.is_empty() || !term.value.is_empty());
        for term in &fields.terms {
            if !supported(resource, &term.field) {
                return Err(Failure::bad_request(unknown_field(resource, &term.field)));
            }
        }
        Ok(Selector { labels, fields })
    }

    /// One object by its name, as the old `/watch/…/name` path asks.
    pub fn and_name(mut self, name: &str) -> Selector {
        let term = dais_schema::selector::field::Term {
            field: "metadata.name".into(),
            value: name.into(),
            negated: false,
        };
        self.fields.terms.push(term);
        self
    }

    pub fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    pub fn matches(&self, resource: &Resource, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        (self.labels.is_everything() || self.labels.matches(labels))
            && (self.fields.is_everything()
                || self.fields.matches(|field| lookup(resource, object, field)))
    }
}

const POD_FIELDS: &[&str] = &[
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];
const EVENT_FIELDS: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];
/// The same fields as events.k8s.io names them.
const REGARDING_FIELDS: &[&str] = &[
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
];

/// The fields beside name and namespace that a built-in can be selected by.
fn own_fields(resource: &Resource) -> &'static [&'static str] {
    match (resource.stored_as.0.as_str(), resource.plural.as_str()) {
        ("", "pods") => POD_FIELDS,
        ("", "events") if resource.group.is_empty() => EVENT_FIELDS,
        ("", "events") => REGARDING_FIELDS,
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    }
}

fn supported(resource: &Resource, field: &str) -> bool {
    match field {
        "metadata.name" => true,
        "metadata.namespace" => resource.namespaced || resource.custom.is_none(),
        other => {
            own_fields(resource).contains(&other)
                || resource
                    .custom
                    .as_ref()
                    .is_some_and(|custom| custom.selectable.iter().any(|(name, _)| name == other))
        }
    }
}

fn unknown_field(resource: &Resource, field: &str) -> String {
    if resource.custom.is_some() || own_fields(resource).is_empty() {
        let namespace = if resource.namespaced || resource.custom.is_none() {
            ", \"metadata.namespace\""
        } else {
            ""
        };
        format!("{field:?} is not a known field selector: only \"metadata.name\"{namespace}")
    } else {
        format!("field label not supported: {field}")
    }
}

fn lookup<'a>(resource: &Resource, object: &'a Value, field: &str) -> Cow<'a, str> {
    match field {
        "metadata.name" => return Cow::Borrowed(object::name(object)),
        "metadata.namespace" => return Cow::Borrowed(object::namespace(object)),
        "status.successful" => return plain(object.pointer("/status/succeeded"), "0"),
        "spec.unschedulable" | "spec.hostNetwork" => {
            return plain(object.pointer(&pointer(field)), "false");
        }
        "status.replicas" => return plain(object.pointer("/status/replicas"), "0"),
        "reportingComponent" | "source" if resource.plural == "events" => {
            return event_source(object);
        }
        _ => {}
    }
    if let Some(custom) = &resource.custom
        && let Some((_, path)) = custom.selectable.iter().find(|(name, _)| name == field)
    {
        return plain(path.find(object).first().copied(), "");
    }
    plain(object.pointer(&pointer(field)), "")
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace('.', "/"))
}

fn event_source(object: &Value) -> Cow<'_, str> {
    let component = object::text(object, "/source/component");
    let reporting = object::text(object, "/reportingComponent");
    Cow::Borrowed(if component.is_empty() { reporting } else { component })
}

fn plain<'a>(value: Option<&'a Value>, absent: &'static str) -> Cow<'a, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(absent),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(other) => Cow::Owned(other.to_string()),
    }
}
