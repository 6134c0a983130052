//! The simple JSON paths of definitions: printer columns, scale and selectable fields.
//!
//! The part of kubectl's JSON path language
//! (<https://kubernetes.io/docs/reference/kubectl/jsonpath/>) that makes sense for one
//! value: fields (`.a`, `['a.b']`, `.a\.b`), positions (`[0]`, `[-1]`), all (`[*]`,
//! `.*`) and filters (`[?(@.type=="Ready")]`). Does not know what a path is for.
//! [`parse`] reads the text, [`filter`] is what stands in `[?(…)]`.

mod filter;
mod parse;

use serde_json::Value;

use filter::Filter;

/// A parsed path such as `.spec.replicas` or `.status.conditions[?(@.type=="Ready")].status`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    /// Counted from the end if negative.
    Position(i64),
    /// All items of a list, all values of a map.
    All,
    Filter(Filter),
}

impl JsonPath {
    /// `Err` is the detail for the definition's error.
    pub fn parse(path: &str) -> std::result::Result<JsonPath, String> {
        let steps = match path.chars().next() {
            None => return Err("must not be empty".to_owned()),
            Some('.') if path == "." => Vec::new(),
            Some('.') => parse::steps(path)?,
            Some(_) => return Err("must be a simple json path starting with .".to_owned()),
        };
        Ok(JsonPath { steps })
    }

    /// All matches.
    pub fn find<'a>(&self, object: &'a Value) -> Vec<&'a Value> {
        find(&self.steps, object)
    }

    /// The names of the fields, if the path has nothing else.
    pub fn fields(&self) -> Option<Vec<&str>> {
        self.steps.iter().map(Step::field).collect()
    }
}

fn find<'a>(steps: &[Step], value: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![value];
    for step in steps {
        found = found.into_iter().flat_map(|value| step.take(value)).collect();
    }
    found
}

impl Step {
    fn field(&self) -> Option<&str> {
        match self {
            Step::Field(name) => Some(name),
            Step::Position(_) | Step::All | Step::Filter(_) => None,
        }
    }

    fn take<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Step::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
            (Step::Position(position), Value::Array(items)) => {
                let index = match usize::try_from(*position) {
                    Ok(index) => Some(index),
                    Err(_) => usize::try_from(position.unsigned_abs())
                        .ok()
                        .and_then(|back| items.len().checked_sub(back)),
                };
                index.and_then(|index| items.get(index)).into_iter().collect()
            }
            (Step::All, Value::Array(items)) => items.iter().collect(),
            (Step::All, Value::Object(fields)) => fields.values().collect(),
            (Step::Filter(filter), Value::Array(items)) => {
                items.iter().filter(|item| filter.keeps(item)).collect()
            }
            _ => Vec::new(),
        }
    }
}
