//! The annotation that client-side apply leaves on objects, and kubectl's way from
//! there to server-side apply.

use serde_json::Value;

use super::compare::compare;
use super::content::content;
use crate::managed::PathElement;
use crate::types::Schema;

/// The only manager that is let over: kubectl's name for server-side apply.
pub(super) const MANAGER: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Most bytes of annotations; a longer configuration is not noted.
const MAX_BYTES: usize = 256 * 1024;

/// Fields (as shown in conflicts) that the annotation sets and that still have that value.
pub(super) fn unchanged_fields(schema: &Schema, live: &Value) -> Vec<String> {
    let text = live["metadata"]["annotations"][ANNOTATION].as_str().unwrap_or_default();
    let Ok(applied) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let changes = compare(schema, &applied, live);
    let kept = content(schema, &applied).difference(&changes.set).difference(&changes.removed);
    kept.paths().iter().map(|path| path.iter().map(PathElement::shown).collect()).collect()
}

/// Brings the annotation, where there is one, to the configuration applied now.
pub(super) fn refresh(object: &mut Value, config: &Value) {
    let Some(annotations) =
        object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    else {
        return;
    };
    if annotations.get(ANNOTATION).and_then(Value::as_str).is_none_or(str::is_empty) {
        return;
    }
    let mut config = config.clone();
    if let Some(own) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        own.shift_remove(ANNOTATION);
    }
    let text = format!("{config}\n");
    if text.len() <= MAX_BYTES {
        annotations.insert(ANNOTATION.to_owned(), Value::String(text));
    }
}
