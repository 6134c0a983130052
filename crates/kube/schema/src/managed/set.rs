//! Sets of field paths and their algebra.
//!
//! A set is a tree of path elements; a node is in the set itself (a *member*), or
//! only on the way to members below. The JSON form is `fieldsV1` of the Kubernetes
//! API: `{"f:data": {".": {}, "f:x": {}}}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::types::{Node, Schema};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathElement {
    /// `f:name`
    Field(Box<str>),
    /// `k:{"name":"x"}`, keys sorted; values as JSON text
    Key(Vec<(Box<str>, Box<str>)>),
    /// `v:"x"`, as JSON text
    Value(Box<str>),
    /// `i:0`
    Index(usize),
}

impl PathElement {
    fn parse(text: &str) -> Option<PathElement> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(PathElement::Field(rest.into())),
            "v" => {
                let value: Value = serde_json::from_str(rest).ok()?;
                Some(PathElement::Value(value.to_string().into()))
            }
            "i" => rest.parse().ok().map(PathElement::Index),
            "k" => {
                let keys: Map<String, Value> = serde_json::from_str(rest).ok()?;
                let mut keys: Vec<(Box<str>, Box<str>)> =
                    keys.into_iter().map(|(k, v)| (k.into(), v.to_string().into())).collect();
                keys.sort();
                Some(PathElement::Key(keys))
            }
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            PathElement::Field(name) => format!("f:{name}"),
            PathElement::Value(value) => format!("v:{value}"),
            PathElement::Index(index) => format!("i:{index}"),
            PathElement::Key(keys) => {
                let parts: Vec<String> =
                    keys.iter().map(|(k, v)| format!("{}:{v}", Value::from(&**k))).collect();
                format!("k:{{{}}}", parts.join(","))
            }
        }
    }

    /// As in messages: `.name`, `[name="x",port=1]`, `[="x"]`, `[0]`.
    pub fn shown(&self) -> String {
        match self {
            PathElement::Field(name) => format!(".{name}"),
            PathElement::Value(value) => format!("[={value}]"),
            PathElement::Index(index) => format!("[{index}]"),
            PathElement::Key(keys) => {
                let parts: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
                format!("[{}]", parts.join(","))
            }
        }
    }
}

/// A set of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    entries: BTreeMap<PathElement, Entry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    member: bool,
    below: FieldSet,
}

impl Entry {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl FieldSet {
    /// From paths of field names: `&[&["status"], &["metadata", "deletionTimestamp"]]`.
    pub fn of_fields(paths: &[&[&str]]) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            let path: Vec<PathElement> =
                path.iter().map(|name| PathElement::Field((*name).into())).collect();
            set.insert(&path);
        }
        set
    }

    /// Reads `fieldsV1`; `None` if it is malformed.
    pub fn parse(fields_v1: &Value) -> Option<FieldSet> {
        let mut set = FieldSet::default();
        for (key, value) in fields_v1.as_object()? {
            if key == "." {
                continue;
            }
            let content = value.as_object()?;
            let entry = Entry {
                member: content.is_empty() || content.contains_key("."),
                below: FieldSet::parse(value)?,
            };
            set.entries.insert(PathElement::parse(key)?, entry);
        }
        Some(set)
    }

    /// Writes `fieldsV1`.
    pub fn to_value(&self) -> Value {
        let mut object = Map::new();
        for (element, entry) in &self.entries {
            let mut content = match entry.below.to_value() {
                Value::Object(content) => content,
                _ => Map::new(),
            };
            if entry.member && !content.is_empty() {
                content.insert(".".to_owned(), Value::Object(Map::new()));
                content.sort_keys();
            }
            object.insert(element.text(), Value::Object(content));
        }
        Value::Object(object)
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds one path; the empty path is ignored.
    pub fn insert(&mut self, path: &[PathElement]) {
        let Some((first, rest)) = path.split_first() else { return };
        let entry = self.entries.entry(first.clone()).or_default();
        if rest.is_empty() {
            entry.member = true;
        } else {
            entry.below.insert(rest);
        }
    }

    /// Whether the path is a member.
    pub fn has(&self, path: &[PathElement]) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        self.entries
            .get(first)
            .is_some_and(|entry| if rest.is_empty() { entry.member } else { entry.below.has(rest) })
    }

    /// Whether `element` is a member at the top, and the set below it.
    pub(crate) fn at(&self, element: &PathElement) -> (bool, Option<&FieldSet>) {
        match self.entries.get(element) {
            Some(entry) => (entry.member, (!entry.below.is_empty()).then_some(&entry.below)),
            None => (false, None),
        }
    }

    pub fn union(&self, other: &FieldSet) -> FieldSet {
        let mut result = self.clone();
        for (element, theirs) in &other.entries {
            let entry = result.entries.entry(element.clone()).or_default();
            entry.member |= theirs.member;
            if !theirs.below.is_empty() {
                entry.below = entry.below.union(&theirs.below);
            }
        }
        result
    }

    pub fn intersection(&self, other: &FieldSet) -> FieldSet {
        self.keep(|element, entry| {
            let theirs = other.entries.get(element)?;
            Some(Entry {
                member: entry.member && theirs.member,
                below: entry.below.intersection(&theirs.below),
            })
        })
    }

    /// Members of `self` that aren't members of `other`.
    pub fn difference(&self, other: &FieldSet) -> FieldSet {
        if other.is_empty() {
            return self.clone();
        }
        self.keep(|element, entry| match other.entries.get(element) {
            None => Some(entry.clone()),
            Some(theirs) => Some(Entry {
                member: entry.member && !theirs.member,
                below: entry.below.difference(&theirs.below),
            }),
        })
    }

    /// As [`FieldSet::difference`], and everything below a member of `other` goes too.
    pub fn recursive_difference(&self, other: &FieldSet) -> FieldSet {
        if other.is_empty() {
            return self.clone();
        }
        self.keep(|element, entry| match other.entries.get(element) {
            None => Some(entry.clone()),
            Some(theirs) if theirs.member => None,
            Some(theirs) => Some(Entry {
                member: entry.member,
                below: entry.below.recursive_difference(&theirs.below),
            }),
        })
    }

    /// Makes every declared field on the way to a member a member itself, so that sets
    /// from values with and without that container can be compared.
    pub(crate) fn with_named_fields(&self, schema: &Schema) -> FieldSet {
        let mut result = FieldSet::default();
        for (element, entry) in &self.entries {
            let (declared, below) = match (element, schema.node()) {
                (PathElement::Field(name), Node::Struct(s)) => {
                    let field = s.fields.get(name);
                    (field.is_some(), field.map(|f| schema.at(f.node)))
                }
                (PathElement::Field(name), _) => (false, schema.field(name)),
                (_, _) => (false, schema.items()),
            };
            let below = match below {
                Some(schema) => entry.below.with_named_fields(&schema),
                None => entry.below.clone(),
            };
            let member = entry.member || (declared && !entry.below.is_empty());
            result.entries.insert(element.clone(), Entry { member, below });
        }
        result
    }

    /// All member paths, in order.
    pub fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Vec<PathElement>, paths: &mut Vec<Vec<PathElement>>) {
        for (element, entry) in &self.entries {
            prefix.push(element.clone());
            if entry.member {
                paths.push(prefix.clone());
            }
            entry.below.collect(prefix, paths);
            prefix.pop();
        }
    }

    fn keep(&self, choose: impl Fn(&PathElement, &Entry) -> Option<Entry>) -> FieldSet {
        let entries = self
            .entries
            .iter()
            .filter_map(|(element, entry)| {
                let entry = choose(element, entry)?;
                (!entry.is_empty()).then(|| (element.clone(), entry))
            })
            .collect();
        FieldSet { entries }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_set() -> impl Strategy<Value = FieldSet> {
        let element = prop_oneof![
            "[a-c]".prop_map(|name| PathElement::Field(name.into())),
            "[a-b]".prop_map(|v| PathElement::Value(format!("\"{v}\"").into())),
            (0..2i32).prop_map(|n| PathElement::Key(vec![("n".into(), n.to_string().into())])),
        ];
        let path = prop::collection::vec(element, 1..4);
        prop::collection::vec(path, 0..8).prop_map(|paths| {
            let mut set = FieldSet::default();
            for path in paths {
                set.insert(&path);
            }
            set
        })
    }

    proptest! {
        #[test]
        fn algebra_holds(a in any_set(), b in any_set()) {
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.intersection(&b), b.intersection(&a));
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
            prop_assert!(a.difference(&b).intersection(&b).is_empty());
            prop_assert!(a.recursive_difference(&b).difference(&a.difference(&b)).is_empty());
            for path in a.paths() {
                prop_assert!(a.union(&b).has(&path));
            }
        }

        #[test]
        fn json_round_trips(a in any_set()) {
            prop_assert_eq!(FieldSet::parse(&a.to_value()), Some(a));
        }
    }

    #[test]
    fn the_json_form_is_the_servers() {
        let value = json!({"f:data": {".": {}, "f:x": {}}, "f:p": {
            "k:{\"name\":\"c\",\"port\":80}": {".": {}, "f:name": {}}, "v:\"a\"": {}}});
        let set = FieldSet::parse(&value).expect("well formed");
        assert_eq!(set.to_value(), value);
        assert_eq!(FieldSet::parse(&json!({"x:1": {}})), None);
    }
}
