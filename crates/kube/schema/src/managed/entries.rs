//! `metadata.managedFields` as a list of owners and their sets.

use serde_json::{Map, Value};

use super::set::FieldSet;

/// Most entries of updaters; older ones are folded into one (as on the real server).
const MAX_UPDATERS: usize = 10;

/// Who the folded entries belong to.
const ANCIENT: &str = "ancient-changes";

/// Who owns a set. Appliers are one owner whatever version they use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub manager: String,
    pub applies: bool,
    pub subresource: String,
    /// Version of the last write; part of an updater's identity.
    pub api_version: String,
}

impl Owner {
    /// Whether both are the same entry of the list.
    pub fn is(&self, other: &Owner) -> bool {
        self.manager == other.manager
            && self.applies == other.applies
            && self.subresource == other.subresource
            && (self.applies || self.api_version == other.api_version)
    }

    /// As conflicts name it: `"beta"`, `"upd" using v1`,
    /// `"x" with subresource "status" using v1`.
    pub fn shown(&self) -> String {
        let mut text = crate::gvk::quote(&self.manager);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource \"{}\"", self.subresource));
        }
        if !self.applies {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub owner: Owner,
    pub time: Option<String>,
    pub fields: FieldSet,
}

/// The whole list. Entries with empty sets are not kept, but for appliers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    pub list: Vec<Owned>,
}

impl Entries {
    /// Reads `metadata.managedFields` of an object; `None` if an entry is malformed.
    /// A missing list is empty.
    pub fn of(object: &Value) -> Option<Entries> {
        let Some(list) = object.pointer("/metadata/managedFields").and_then(Value::as_array) else {
            return Some(Entries::default());
        };
        let list = list.iter().map(owned).collect::<Option<Vec<Owned>>>()?;
        Some(Entries { list })
    }

    /// Writes the list into an object; an empty list removes the field.
    pub fn write(&self, object: &mut Value) {
        let Some(metadata) = metadata_of(object) else { return };
        if self.list.is_empty() {
            metadata.shift_remove("managedFields");
            return;
        }
        let mut sorted: Vec<&Owned> = self.list.iter().collect();
        sorted.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let list: Vec<Value> = sorted.into_iter().map(encoded).collect();
        metadata.insert("managedFields".to_owned(), Value::Array(list));
    }

    pub fn find(&self, owner: &Owner) -> Option<&Owned> {
        self.list.iter().find(|entry| entry.owner.is(owner))
    }

    /// Takes the entry out of the list.
    pub fn take(&mut self, owner: &Owner) -> Option<Owned> {
        let at = self.list.iter().position(|entry| entry.owner.is(owner))?;
        Some(self.list.remove(at))
    }

    /// Folds the oldest updaters until at most ten are left.
    pub fn fold_old_updaters(&mut self) {
        let mut updaters: Vec<Owned> = Vec::new();
        let (keep, mut old): (Vec<Owned>, Vec<Owned>) =
            std::mem::take(&mut self.list).into_iter().partition(|entry| entry.owner.applies);
        self.list = keep;
        old.sort_by(|a, b| (&a.time, &a.owner.manager).cmp(&(&b.time, &b.owner.manager)));
        let mut excess = old.len().saturating_sub(MAX_UPDATERS);
        for entry in old {
            let version = &entry.owner.api_version;
            let bucket = updaters.iter_mut().find(|e| e.owner.api_version == *version);
            match bucket.filter(|_| excess > 0) {
                Some(bucket) => {
                    bucket.owner.manager = ANCIENT.to_owned();
                    bucket.owner.subresource.clear();
                    bucket.fields = bucket.fields.union(&entry.fields);
                    bucket.time = entry.time;
                    excess -= 1;
                }
                None => updaters.push(entry),
            }
        }
        self.list.extend(updaters);
    }
}

fn metadata_of(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.get_mut("metadata")?.as_object_mut()
}

/// Order of the list: appliers first, then by time, then by name.
fn rank(entry: &Owned) -> (bool, Option<&str>, &str, &str, &str) {
    let Owned { owner, time, fields: _ } = entry;
    (!owner.applies, time.as_deref(), &owner.manager, &owner.api_version, &owner.subresource)
}

fn owned(entry: &Value) -> Option<Owned> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let applies = match text("operation").as_str() {
        "Apply" => true,
        "Update" => false,
        _ => return None,
    };
    if text("fieldsType") != "FieldsV1" || text("apiVersion").is_empty() {
        return None;
    }
    let owner = Owner {
        manager: text("manager"),
        applies,
        subresource: text("subresource"),
        api_version: text("apiVersion"),
    };
    let fields = match entry.get("fieldsV1") {
        Some(fields) => FieldSet::parse(fields)?,
        None => FieldSet::default(),
    };
    let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
    Some(Owned { owner, time, fields })
}

fn encoded(entry: &Owned) -> Value {
    let Owned { owner, time, fields } = entry;
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    set("manager", Value::from(owner.manager.as_str()));
    set("operation", Value::from(if owner.applies { "Apply" } else { "Update" }));
    set("apiVersion", Value::from(owner.api_version.as_str()));
    if let Some(time) = time {
        set("time", Value::from(time.as_str()));
    }
    set("fieldsType", Value::from("FieldsV1"));
    set("fieldsV1", fields.to_value());
    if !owner.subresource.is_empty() {
        set("subresource", Value::from(owner.subresource.as_str()));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, operation: &str, time: &str) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": time,
            "fieldsType": "FieldsV1", "fieldsV1": {format!("f:{manager}"): {}}})
    }

    #[test]
    fn appliers_come_first_then_the_oldest() {
        let mut object = json!({"metadata": {"managedFields":
            [entry("b", "Update", "2"), entry("c", "Update", "1"), entry("z", "Apply", "9")]}});
        Entries::of(&object).expect("well formed").write(&mut object);
        let names: Vec<&str> = object["metadata"]["managedFields"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|e| e["manager"].as_str())
            .collect();
        assert_eq!(names, ["z", "c", "b"]);
    }

    #[test]
    fn the_oldest_updaters_are_folded() {
        let list: Vec<Value> =
            (0..12).map(|n| entry(&format!("m{n:02}"), "Update", &format!("{n:02}"))).collect();
        let mut entries = Entries::of(&json!({"metadata": {"managedFields": list}})).expect("good");
        entries.fold_old_updaters();
        assert_eq!(entries.list.len(), 10);
        assert_eq!(entries.list[0].owner.manager, "ancient-changes");
        assert_eq!(entries.list[0].fields.paths().len(), 3);
    }

    #[test]
    fn malformed_entries_spoil_the_list() {
        let bad = json!({"metadata": {"managedFields": [entry("a", "Bogus", "1")]}});
        assert_eq!(Entries::of(&bad), None);
    }
}
