//! Statements over many rows: text with numbered places, and what goes in them.
//! Values are always bound; only words of this crate become text.

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Executor};

use crate::Result;
use crate::error::Attempt;

/// Rows of one statement: both databases take at least 32,766 places.
pub(crate) const TOGETHER: usize = 500;

pub(crate) enum Value {
    Text(String),
    Number(i64),
    Real(f64),
}

/// A statement under construction.
#[derive(Default)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A numbered place. PostgreSQL would take a bare one for whatever its neighbour is.
    pub(crate) fn place(&mut self, value: Value) -> String {
        let type_ = match &value {
            Value::Text(_) => "TEXT",
            Value::Number(_) => "BIGINT",
            Value::Real(_) => "DOUBLE PRECISION",
        };
        self.values.push(value);
        format!("CAST(${} AS {type_})", self.values.len())
    }

    pub(crate) fn text(&mut self, value: &str) -> String {
        self.place(Value::Text(value.to_owned()))
    }

    pub(crate) fn number(&mut self, value: i64) -> String {
        self.place(Value::Number(value))
    }

    /// `(…), (…)`
    pub(crate) fn rows(&mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> &mut Self {
        let mut all = Vec::new();
        for row in rows {
            let places: Vec<String> = row.into_iter().map(|value| self.place(value)).collect();
            all.push(format!("({})", places.join(", ")));
        }
        let all = all.join(", ");
        self.push(&all)
    }

    /// `(…, …)` of texts.
    pub(crate) fn list<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let places: Vec<String> = texts.into_iter().map(|text| self.text(text)).collect();
        let all = format!("({})", places.join(", "));
        self.push(&all)
    }

    pub(crate) async fn fetch<'c>(
        self,
        on: impl Executor<'c, Database = Any>,
        attempt: &'static str,
    ) -> Result<Vec<AnyRow>> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
                Value::Real(number) => query.bind(number),
            };
        }
        query.fetch_all(on).await.attempt(attempt)
    }

    pub(crate) async fn run<'c>(
        self,
        on: impl Executor<'c, Database = Any>,
        attempt: &'static str,
    ) -> Result<()> {
        self.fetch(on, attempt).await.map(drop)
    }
}
