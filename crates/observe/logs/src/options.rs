//! The options of a part of a request: read by type, and refused by name when
//! they are unknown. An option that is dropped silently changes the answer.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// An object of a request and what it is called in errors.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    clause: &'a str,
    map: &'a Map<String, Value>,
}

impl<'a> Options<'a> {
    pub fn of(value: &'a Value, clause: &'a str) -> Result<Options<'a>> {
        let map = value.as_object().ok_or_else(|| {
            Error::parsing(clause, format!("[{clause}] expects an object, found {value}"))
        })?;
        Ok(Options { clause, map })
    }

    /// Refuses what is in none of the lists.
    pub fn only(self, known: &[&str]) -> Result<Options<'a>> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(self),
            Some(unknown) => Err(Error::parsing(
                self.clause,
                format!(
                    "[{}] does not support [{unknown}]; it knows {}",
                    self.clause,
                    known.join(", ")
                ),
            )),
        }
    }

    /// The value; `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub fn required(&self, key: &str) -> Result<&'a Value> {
        self.get(key).ok_or_else(|| {
            Error::parsing(self.clause, format!("[{}] requires [{key}]", self.clause))
        })
    }

    pub fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.read(key, "text", Value::as_str)
    }

    /// A truth value, also as text, as clients put it into addresses.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.read(key, "true or false", |value| {
            value.as_bool().or_else(|| value.as_str()?.parse().ok())
        })
    }

    /// A whole number from 0, also as text.
    pub fn count(&self, key: &str) -> Result<Option<u64>> {
        self.read(key, "a whole number from 0", |value| {
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        })
    }

    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        self.read(key, "a number", |value| value.as_f64().or_else(|| value.as_str()?.parse().ok()))
    }

    pub fn bad(&self, key: &str, expected: &str) -> Error {
        let found = self.map.get(key).unwrap_or(&Value::Null);
        Error::parsing(self.clause, format!("[{key}] must be {expected}, found {found}"))
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.bad(key, expected)),
        }
    }
}
