//! What can be said about a request in its path and query.

use serde_json::{Value, json};

fn query(name: &str, kind: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": kind, "uniqueItems": true},
    })
}

fn path(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "description": description,
        "required": true,
        "schema": {"type": "string", "uniqueItems": true},
    })
}

/// `{name}`
pub(super) fn name(kind: &str) -> Value {
    path("name", &format!("name of the {kind}"))
}

/// `{namespace}`
pub(super) fn namespace() -> Value {
    path("namespace", "namespace of the object")
}

pub(super) fn pretty() -> Value {
    query("pretty", "string", "Whether the answer is indented: `true` or `false`.")
}

fn dry_run() -> Value {
    query("dryRun", "string", "`All`: check and answer as usual, but store nothing.")
}

/// Of everything that writes an object. kubectl looks for `fieldValidation` and `dryRun`
/// before it leaves validation and dry runs to the server.
pub(super) fn write() -> Vec<Value> {
    vec![
        dry_run(),
        query(
            "fieldManager",
            "string",
            "Who is to own the written fields: at most 128 printable characters. Required for \
             apply.",
        ),
        query(
            "fieldValidation",
            "string",
            "What becomes of unknown and duplicate fields: `Ignore` drops them, `Warn` (the \
             default) drops them with a warning, `Strict` refuses the request.",
        ),
    ]
}

pub(super) fn patch() -> Vec<Value> {
    let mut list = write();
    list.push(query(
        "force",
        "boolean",
        "For apply: take over fields that others own instead of failing with a conflict.",
    ));
    list
}

pub(super) fn delete() -> Vec<Value> {
    vec![
        dry_run(),
        query(
            "gracePeriodSeconds",
            "integer",
            "Seconds until the object is removed; 0 is at once. By default what the kind says.",
        ),
        query(
            "orphanDependents",
            "boolean",
            "Deprecated: use propagationPolicy. Whether dependents outlive the object.",
        ),
        query(
            "propagationPolicy",
            "string",
            "What becomes of dependents: `Orphan` keeps them, `Background` deletes them \
             afterwards, `Foreground` deletes them first.",
        ),
    ]
}

pub(super) fn list() -> Vec<Value> {
    vec![
        query("allowWatchBookmarks", "boolean", "For watches: send BOOKMARK events."),
        query("continue", "string", "The token of the previous page, for the next one."),
        query("fieldSelector", "string", "Only objects with these values of fields."),
        query("labelSelector", "string", "Only objects with these labels."),
        query("limit", "integer", "The most objects in one page."),
        query(
            "resourceVersion",
            "string",
            "The version that the answer is to be of, or to follow.",
        ),
        query(
            "resourceVersionMatch",
            "string",
            "How resourceVersion is meant: `Exact` or `NotOlderThan`.",
        ),
        query(
            "sendInitialEvents",
            "boolean",
            "For watches: begin with one ADDED event for each object that is there.",
        ),
        query("timeoutSeconds", "integer", "Seconds until a list or watch ends."),
        query("watch", "boolean", "Answer with a stream of changes instead of a list."),
    ]
}
