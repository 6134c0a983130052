//! What `kubectl get` prints: a `Table` with columns for each kind.
//!
//! `columns` says which columns a kind has, the files beside it how each cell is
//! computed; custom resources bring their own columns as JSON paths.

pub mod age;
pub mod cluster;
pub mod custom;
pub mod pods;
pub mod services;
pub mod workloads;

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::http::respond::partial;
use crate::object;
use crate::registry::Resource;
use crate::storage::convert;

/// What stands beside each row's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    None,
    Metadata,
    Object,
}

impl Include {
    pub fn parse(given: Option<&str>) -> Include {
        match given {
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            _ => Include::Metadata,
        }
    }
}

/// A column of a built-in kind.
pub(crate) struct Column {
    pub name: &'static str,
    pub kind: &'static str,
    /// 0 is always shown, 1 with `-o wide`.
    pub wide: bool,
    pub cell: fn(&Value) -> Value,
}

pub(crate) const fn text(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column { name, kind: "string", wide: false, cell }
}

pub(crate) const fn wide(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column { name, kind: "string", wide: true, cell }
}

pub(crate) const fn integer(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column { name, kind: "integer", wide: false, cell }
}

pub(crate) const NAME: Column = text("Name", |object| object::name(object).into());
pub(crate) const AGE: Column =
    text("Age", |object| age::since(object.pointer("/metadata/creationTimestamp")).into());

/// Kinds without columns of their own.
const PLAIN: &[Column] = &[
    NAME,
    Column {
        name: "Created At",
        kind: "date",
        wide: false,
        cell: |object| object.pointer("/metadata/creationTimestamp").cloned().unwrap_or_default(),
    },
];

fn columns(resource: &Resource) -> &'static [Column] {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => pods::COLUMNS,
        ("", "services") => services::SERVICES,
        ("", "endpoints") => services::ENDPOINTS,
        ("discovery.k8s.io", "endpointslices") => services::SLICES,
        ("networking.k8s.io", "ingresses") => services::INGRESSES,
        ("networking.k8s.io", "networkpolicies") => services::POLICIES,
        ("apps", "deployments") => workloads::DEPLOYMENTS,
        ("apps", "statefulsets") => workloads::STATEFUL_SETS,
        ("apps", "daemonsets") => workloads::DAEMON_SETS,
        ("apps", "replicasets") | ("", "replicationcontrollers") => workloads::REPLICA_SETS,
        ("apps", "controllerrevisions") => workloads::REVISIONS,
        ("batch", "jobs") => workloads::JOBS,
        ("batch", "cronjobs") => workloads::CRON_JOBS,
        ("autoscaling", _) => workloads::AUTOSCALERS,
        ("policy", _) => workloads::BUDGETS,
        _ => cluster::columns(resource).unwrap_or(PLAIN),
    }
}

/// The table of some objects; `metadata` is that of the list.
pub(crate) fn render(
    resource: &Resource,
    objects: &[Value],
    include: Include,
    metadata: Value,
) -> Value {
    let columns = columns(resource);
    let (definitions, cells): (Vec<Value>, Vec<Vec<Value>>) = match &resource.custom {
        Some(kind) => (
            custom::definitions(kind),
            objects.iter().map(|object| custom::cells(kind, object)).collect(),
        ),
        None => (
            columns.iter().map(definition).collect(),
            objects.iter().map(|object| cells(resource, columns, object)).collect(),
        ),
    };
    let rows: Vec<Value> =
        objects.iter().zip(cells).map(|(object, cells)| row(object, cells, include)).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows
    })
}

fn cells(resource: &Resource, columns: &[Column], object: &Value) -> Vec<Value> {
    let mut object = Cow::Borrowed(object);
    if resource.is("events.k8s.io", "events") {
        // The columns of events read the core group's words.
        convert::event(object.to_mut(), "");
    }
    columns.iter().map(|column| (column.cell)(&object)).collect()
}

fn definition(column: &Column) -> Value {
    let format = if column.name == "Name" { "name" } else { "" };
    let description = describe(column.name);
    json!({"name": column.name, "type": column.kind, "format": format, "description": description, "priority": i32::from(column.wide)})
}

fn describe(name: &str) -> String {
    match name {
        "Name" => "The name of the object.".into(),
        "Age" => "How long ago the object was made.".into(),
        other => format!("{other} of the object."),
    }
}

fn row(object: &Value, cells: Vec<Value>, include: Include) -> Value {
    let shown = match include {
        Include::None => Value::Null,
        Include::Metadata => partial(object),
        Include::Object => object.clone(),
    };
    json!({"cells": cells, "object": shown})
}

/// A number at a pointer; 0 where there is none.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// A list at a pointer; empty where there is none.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The text at a pointer, or what kubectl prints where there is none.
pub(crate) fn or_none(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}
