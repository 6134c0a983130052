//! Questions to the store, each within a scope.

use std::collections::HashSet;

use rusqlite::types::Value as Parameter;
use rusqlite::{Connection, Row, params_from_iter};
use serde::Serialize;

use crate::error::Result;
use crate::scope::Scope;
use crate::span::Span;
use crate::store::Traces;

/// Spans looked at by one search; a rarer match further back is not found.
const SCANNED: usize = 100_000;

/// A search for traces: those with at least one span that satisfies all of it.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub service: Option<String>,
    pub operation: Option<String>,
    pub tags: Vec<(String, String)>,
    /// Nanoseconds since 1970, both included.
    pub from: i64,
    pub to: i64,
    /// Nanoseconds.
    pub shortest: Option<i64>,
    pub longest: Option<i64>,
    pub limit: usize,
}

/// How often one service called another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    pub parent: String,
    pub child: String,
    pub call_count: u64,
}

/// SQL conditions with their parameters.
struct Conditions {
    text: String,
    parameters: Vec<Parameter>,
}

impl Conditions {
    /// What the scope allows, of a table under some name.
    fn new(scope: &Scope, table: &str) -> Conditions {
        match &scope.namespaces {
            None => Conditions { text: "1".into(), parameters: vec![] },
            Some(namespaces) => Conditions {
                text: format!("{table}.namespace IN ({})", vec!["?"; namespaces.len()].join(", ")),
                parameters: namespaces.iter().cloned().map(Parameter::from).collect(),
            },
        }
    }

    fn and(&mut self, condition: &str, parameter: impl Into<Parameter>) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
        self.parameters.push(parameter.into());
    }

    fn and_all(&mut self, other: Conditions) {
        self.text.push_str(" AND ");
        self.text.push_str(&other.text);
        self.parameters.extend(other.parameters);
    }
}

impl Traces {
    pub fn services(&self, scope: &Scope) -> Result<Vec<String>> {
        let Conditions { text, parameters } = Conditions::new(scope, "span");
        let sql = format!("SELECT DISTINCT service FROM span WHERE {text} ORDER BY service");
        self.read(|connection| rows(connection, &sql, parameters, |row| row.get(0)))
    }

    /// Names and kinds of a service's operations.
    pub fn operations(&self, service: &str, scope: &Scope) -> Result<Vec<(String, String)>> {
        let mut conditions = Conditions::new(scope, "span");
        conditions.and("service = ?", service.to_owned());
        let sql = format!(
            "SELECT DISTINCT operation, kind FROM span WHERE {} ORDER BY operation, kind",
            conditions.text
        );
        self.read(|connection| {
            rows(connection, &sql, conditions.parameters, |row| Ok((row.get(0)?, row.get(1)?)))
        })
    }

    /// All visible spans of a trace, by their start; empty when there is none.
    pub fn trace(&self, id: [u8; 16], scope: &Scope) -> Result<Vec<Span>> {
        self.read(|connection| spans_of(connection, id, scope))
    }

    /// The newest traces that match, each whole as far as it is visible.
    pub fn search(&self, query: &Query, scope: &Scope) -> Result<Vec<Vec<Span>>> {
        let mut conditions = Conditions::new(scope, "span");
        conditions.and("start >= ?", query.from);
        conditions.and("start <= ?", query.to);
        if let Some(service) = &query.service {
            conditions.and("service = ?", service.clone());
        }
        if let Some(operation) = &query.operation {
            conditions.and("operation = ?", operation.clone());
        }
        if let Some(shortest) = query.shortest {
            conditions.and("duration >= ?", shortest);
        }
        if let Some(longest) = query.longest {
            conditions.and("duration <= ?", longest);
        }
        let sql = format!(
            "SELECT body FROM span WHERE {} ORDER BY start DESC LIMIT {SCANNED}",
            conditions.text
        );
        self.read(|connection| {
            let mut statement = connection.prepare(&sql)?;
            let mut found = statement.query(params_from_iter(conditions.parameters))?;
            let (mut seen, mut traces) = (HashSet::new(), Vec::new());
            while let Some(row) = found.next()? {
                let Some(span) = span(row)? else { continue };
                let is_match = query.tags.iter().all(|(key, value)| span.has_tag(key, value));
                if is_match && seen.insert(span.trace_id) {
                    traces.push(spans_of(connection, span.trace_id, scope)?);
                    if traces.len() >= query.limit {
                        break;
                    }
                }
            }
            Ok(traces)
        })
    }

    /// Which services called which in a span of time (nanoseconds).
    pub fn dependencies(&self, from: i64, to: i64, scope: &Scope) -> Result<Vec<Dependency>> {
        let mut conditions = Conditions::new(scope, "child");
        conditions.and_all(Conditions::new(scope, "parent"));
        conditions.and("child.start >= ?", from);
        conditions.and("child.start <= ?", to);
        let sql = format!(
            "SELECT parent.service, child.service, COUNT(*) FROM span child
             JOIN span parent ON parent.trace_id = child.trace_id AND parent.span_id = child.parent
             WHERE parent.service <> child.service AND {} GROUP BY 1, 2 ORDER BY 1, 2",
            conditions.text
        );
        let dependency = |row: &Row<'_>| {
            let call_count = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            Ok(Dependency { parent: row.get(0)?, child: row.get(1)?, call_count })
        };
        self.read(|connection| rows(connection, &sql, conditions.parameters, dependency))
    }
}

fn spans_of(connection: &Connection, id: [u8; 16], scope: &Scope) -> rusqlite::Result<Vec<Span>> {
    let mut conditions = Conditions::new(scope, "span");
    conditions.and("trace_id = ?", id.to_vec());
    let sql = format!("SELECT body FROM span WHERE {} ORDER BY start", conditions.text);
    let found = rows(connection, &sql, conditions.parameters, span)?;
    Ok(found.into_iter().flatten().collect())
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: Vec<Parameter>,
    of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params_from_iter(parameters), of)?.collect()
}

/// A body that cannot be read is passed over, as if the span had been lost.
fn span(row: &Row<'_>) -> rusqlite::Result<Option<Span>> {
    Ok(serde_json::from_str(&row.get::<_, String>(0)?).ok())
}
