//! A SQL text and its values, grown together, so that no value can ever
//! become part of the text.
//!
//! Values are `$1`, `$2`, … on both databases.

use dais_relations::Dialect;
use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AssertSqlSafe, Executor};

use crate::error::Result;

pub(crate) enum Value {
    Text(String),
    OptionalText(Option<String>),
    Int(i64),
    OptionalInt(Option<i64>),
    Real(f64),
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Value::Text(text) => text.to_sql(),
            Value::OptionalText(text) => text.to_sql(),
            Value::Int(number) => number.to_sql(),
            Value::OptionalInt(number) => number.to_sql(),
            Value::Real(number) => number.to_sql(),
        }
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Value {
        Value::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value)
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Value {
        Value::OptionalText(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int(value)
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Value {
        Value::OptionalInt(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Real(value)
    }
}

pub(crate) struct Statement {
    sql: String,
    values: Vec<Value>,
    /// Placeholders are `?` and not `$n`.
    unnumbered: bool,
}

/// `statement!("… $1 … $2", a, b)`
macro_rules! statement {
    ($sql:expr $(, $value:expr)* $(,)?) => {
        $crate::statement::Statement::new($sql)$(.value($value))*
    };
}
pub(crate) use statement;

impl Statement {
    pub fn new(sql: impl Into<String>) -> Statement {
        Statement { sql: sql.into(), values: Vec::new(), unnumbered: false }
    }

    /// For very many values. SQLite looks a numbered placeholder up in a list
    /// from its beginning, for each value: 1,500 values took half of all time.
    pub fn bulk(sql: &str, dialect: Dialect) -> Statement {
        Statement { unnumbered: dialect == Dialect::Sqlite, ..Statement::new(sql) }
    }

    /// A value whose `$n` the text already has.
    pub fn value(mut self, value: impl Into<Value>) -> Statement {
        self.values.push(value.into());
        self
    }

    pub fn push(&mut self, sql: &str) -> &mut Statement {
        self.sql.push_str(sql);
        self
    }

    /// The same text between two others.
    pub fn within(self, before: &str, after: &str) -> Statement {
        Statement { sql: format!("{before}{}{after}", self.sql), ..self }
    }

    /// Appends the placeholder of a new value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Statement {
        self.values.push(value.into());
        if self.unnumbered {
            self.sql.push('?');
        } else {
            self.sql.push('$');
            self.sql.push_str(&self.values.len().to_string());
        }
        self
    }

    /// Appends `(…, …)` with a placeholder for each value.
    pub fn bind_list<V: Into<Value>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Statement {
        self.push("(");
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self.push(")")
    }

    /// Asks how that would be found: of SQLite the fourth column says it, of PostgreSQL
    /// the first.
    #[cfg(test)]
    pub fn explained(self, dialect: Dialect) -> Statement {
        let ask = match dialect {
            Dialect::Sqlite => "EXPLAIN QUERY PLAN ",
            Dialect::Postgres => "EXPLAIN ",
        };
        self.within(ask, "")
    }

    fn query(self) -> sqlx::query::Query<'static, Any, AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(self.sql));
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::OptionalText(text) => query.bind(text),
            Value::Int(number) => query.bind(number),
            Value::OptionalInt(number) => query.bind(number),
            Value::Real(number) => query.bind(number),
        })
    }

    /// Text and values, for a database that is spoken to without sqlx.
    pub fn parts(&self) -> (&str, &[Value]) {
        (&self.sql, &self.values)
    }

    pub async fn all(self, on: impl Executor<'_, Database = Any>) -> Result<Vec<AnyRow>> {
        Ok(self.query().fetch_all(on).await?)
    }

    pub async fn optional(self, on: impl Executor<'_, Database = Any>) -> Result<Option<AnyRow>> {
        Ok(self.query().fetch_optional(on).await?)
    }

    /// The number of rows changed.
    pub async fn execute(self, on: impl Executor<'_, Database = Any>) -> Result<u64> {
        Ok(self.query().execute(on).await?.rows_affected())
    }
}
