//! The annotations that say who made an object, and who last changed its spec.

use serde_json::Value;

use crate::http::handle::Call;
use crate::object;
use crate::verbs::write::Writer;

/// Only `system:masters` may name somebody else.
pub(crate) fn on_create(call: &Call, writer: &Writer, object: &mut Value) {
    if let Some(annotation) = &call.server.authors.changer
        && !writer.user.is_master()
    {
        set(object, annotation, None);
    }
    let Some(annotation) = &call.server.authors.creator else { return };
    let given = get(object, annotation).is_some_and(|name| !name.is_empty());
    if !(given && writer.user.is_master()) {
        let name = writer.user.username.as_str().into();
        set(object, annotation, Some(name));
    }
}

/// Who made it never changes, whatever a write says. Who changed it does with the spec;
/// what `system:masters` write says itself whose change it is.
pub(crate) fn on_update(call: &Call, writer: &Writer, new: &mut Value, old: &Value) {
    if let Some(annotation) = &call.server.authors.creator {
        set(new, annotation, get(old, annotation).map(Into::into));
    }
    if let Some(annotation) = &call.server.authors.changer
        && !writer.user.is_master()
    {
        let changer = match new.get("spec") == old.get("spec") {
            true => get(old, annotation),
            false => Some(writer.user.username.as_str()),
        };
        set(new, annotation, changer.map(Into::into));
    }
}

fn get<'a>(object: &'a Value, annotation: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(annotation)?.as_str()
}

fn set(object: &mut Value, annotation: &str, value: Option<Value>) {
    let metadata = object::metadata_mut(object);
    match value {
        Some(value) => {
            object::entry_map(metadata, "annotations").insert(annotation.to_owned(), value);
        }
        None => {
            if let Some(map) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                map.shift_remove(annotation);
            }
        }
    }
}
