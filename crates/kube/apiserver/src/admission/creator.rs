//! The annotation that says who made an object.

use serde_json::Value;

use crate::http::handle::Call;
use crate::object;
use crate::verbs::write::Writer;

/// Written at create; only `system:masters` may name somebody else.
pub(crate) fn on_create(call: &Call, writer: &Writer, object: &mut Value) {
    let Some(annotation) = &call.server.creator_annotation else { return };
    let annotations = object::entry_map(object::metadata_mut(object), "annotations");
    let given = annotations
        .get(annotation)
        .is_some_and(|value| value.as_str().is_some_and(|name| !name.is_empty()));
    if !(given && writer.user.is_master()) {
        annotations.insert(annotation.clone(), writer.user.username.as_str().into());
    }
}

/// Never changed afterwards, whatever a write says.
pub(crate) fn on_update(call: &Call, new: &mut Value, old: &Value) {
    let Some(annotation) = &call.server.creator_annotation else { return };
    let kept = old
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations"))
        .and_then(|map| map.get(annotation));
    let metadata = object::metadata_mut(new);
    match kept {
        Some(value) => {
            object::entry_map(metadata, "annotations").insert(annotation.clone(), value.clone());
        }
        None => {
            if let Some(map) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                map.shift_remove(annotation);
            }
        }
    }
}
