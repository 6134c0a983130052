//! Small shapes that several requests and answers share.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::cells::Cells;
use crate::error::Result;

/// A tag or a param.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Pair {
    #[serde(default)]
    pub key: String,
    #[serde(default)]
    pub value: String,
}

impl Pair {
    /// From a row whose columns `at` and `at + 1` are key and value.
    pub fn read(row: &dyn Cells, at: usize) -> Result<Pair> {
        Ok(Pair { key: row.text(at)?, value: row.text(at + 1)? })
    }
}

pub(crate) const ACTIVE: &str = "active";
pub(crate) const DELETED: &str = "deleted";

/// The empty answer `{}`.
#[derive(Serialize)]
pub(crate) struct Done {}

pub(crate) const DONE: axum::Json<Done> = axum::Json(Done {});

/// Which of the living and the deleted a search looks at.
pub(crate) fn stages(view: Option<&serde_json::Value>) -> Result<&'static [&'static str]> {
    use serde_json::Value;
    match view {
        None | Some(Value::Null) => Ok(&[ACTIVE]),
        Some(Value::String(name)) if name == "ACTIVE_ONLY" || name == "1" => Ok(&[ACTIVE]),
        Some(Value::String(name)) if name == "DELETED_ONLY" || name == "2" => Ok(&[DELETED]),
        Some(Value::String(name)) if name == "ALL" || name == "3" => Ok(&[ACTIVE, DELETED]),
        Some(Value::Number(n)) if n.as_i64() == Some(1) => Ok(&[ACTIVE]),
        Some(Value::Number(n)) if n.as_i64() == Some(2) => Ok(&[DELETED]),
        Some(Value::Number(n)) if n.as_i64() == Some(3) => Ok(&[ACTIVE, DELETED]),
        Some(other) => Err(Error::invalid(format!(
            "Invalid view type {other}: expected ACTIVE_ONLY, DELETED_ONLY or ALL"
        ))),
    }
}

/// Where a page of a search begins and how long it is.
pub(crate) struct Page {
    pub offset: i64,
    pub limit: i64,
}

impl Page {
    pub fn bad_token() -> Error {
        Error::invalid("Invalid page token: take it from the previous page's answer")
    }

    pub fn new(
        token: Option<&str>,
        max_results: Option<i64>,
        default: i64,
        most: i64,
    ) -> Result<Page> {
        let limit = max_results.unwrap_or(default);
        if !(1..=most).contains(&limit) {
            return Err(Error::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied: It must be between 1 and {most}."
            )));
        }
        let offset = match token.filter(|token| !token.is_empty()) {
            None => 0,
            Some(token) => token
                .strip_prefix("after-")
                .and_then(|number| number.parse::<u32>().ok())
                .ok_or_else(Page::bad_token)?
                .into(),
        };
        Ok(Page { offset, limit })
    }

    /// Cuts the one row that was read too many, and says where the next page begins.
    pub fn cut<T>(&self, rows: &mut Vec<T>) -> Option<String> {
        let more = rows.len() as i64 > self.limit;
        rows.truncate(self.limit as usize);
        more.then(|| format!("after-{}", self.offset + self.limit))
    }
}
