//! Statements under construction: text with numbered places, and what goes in them.
//! Values are always bound; only words of this crate become text.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Executor, Row};

use crate::Result;
use crate::error::Attempt;

/// Rows of one statement; with eight columns well below the 32,766 places that both
/// databases take, and few enough that its text is prepared once and found again.
pub(crate) const TOGETHER: usize = 250;

#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
    Real(f64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

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

    /// Appends a numbered place that holds `value`.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.push(&place)
    }

    /// `(…), (…)`
    pub(crate) fn rows(&mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> &mut Self {
        for (at, row) in rows.into_iter().enumerate() {
            self.push(if at == 0 { "(" } else { ", (" });
            for (at, value) in row.into_iter().enumerate() {
                self.push(if at == 0 { "" } else { ", " }).value(value);
            }
            self.push(")");
        }
        self
    }

    pub(crate) async fn fetch<'c>(
        self,
        on: impl Executor<'c, Database = Any>,
        attempt: &'static str,
    ) -> Result<Vec<AnyRow>> {
        self.query().fetch_all(on).await.attempt(attempt)
    }

    /// How many rows were written.
    pub(crate) async fn execute<'c>(
        self,
        on: impl Executor<'c, Database = Any>,
        attempt: &'static str,
    ) -> Result<u64> {
        let done = self.query().execute(on).await.attempt(attempt)?;
        Ok(done.rows_affected())
    }

    fn query(self) -> Query<'static, Any, AnyArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
                Value::Real(number) => query.bind(number),
            };
        }
        query
    }
}

/// A statement with `$1`, `$2`, … and what goes in them.
pub(crate) async fn fetch<'c, const N: usize>(
    on: impl Executor<'c, Database = Any>,
    statement: &'static str,
    values: [Value; N],
    attempt: &'static str,
) -> Result<Vec<AnyRow>> {
    Sql { text: statement.to_owned(), values: values.to_vec() }.fetch(on, attempt).await
}

pub(crate) fn text(row: &AnyRow, at: usize) -> Result<String> {
    row.try_get(at).attempt("read a text")
}

pub(crate) fn number(row: &AnyRow, at: usize) -> Result<i64> {
    row.try_get(at).attempt("read a number")
}

pub(crate) fn real(row: &AnyRow, at: usize) -> Result<f64> {
    row.try_get(at).attempt("read a number")
}
