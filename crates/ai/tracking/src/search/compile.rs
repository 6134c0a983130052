//! From clauses to SQL conditions.

use super::parse::{Clause, Filter, Literal, Test};
use super::{Entity, Field, Kind, Table};
use crate::Error;
use crate::error::Result;
use crate::statement::Statement;

impl Filter {
    /// Appends ` AND <condition>` for each clause.
    pub fn compile(&self, entity: &Entity, to: &mut Statement) -> Result<()> {
        self.clauses.iter().try_for_each(|clause| {
            to.push(" AND ");
            compile(clause, entity, to)
        })
    }

    /// The same for a row `o` of `ml_ranks` of the metric `ranked`, whose side tables are
    /// joined by `on`. Whether runs without a number for the metric cannot pass.
    pub fn compile_ranked(
        &self,
        entity: &Entity,
        on: &'static str,
        ranked: &str,
        to: &mut Statement,
    ) -> Result<bool> {
        let side = |table: &Option<Table>| table.as_ref().map(|of| Table { name: of.name, on });
        let joined = Entity {
            attributes: entity.attributes,
            tags: side(&entity.tags),
            params: side(&entity.params),
            metrics: side(&entity.metrics),
            datasets: side(&entity.datasets),
        };
        let mut numbers_only = false;
        for clause in &self.clauses {
            to.push(" AND ");
            match (&clause.field, &clause.test) {
                (Field::Metric(key), Test::Compare(..)) if key == ranked => {
                    real("o.value", &clause.test, key, to)?;
                    numbers_only = true;
                }
                _ => compile(clause, &joined, to)?,
            }
        }
        Ok(numbers_only)
    }
}

fn compile(clause: &Clause, entity: &Entity, to: &mut Statement) -> Result<()> {
    match &clause.field {
        Field::Attribute(name) => {
            let (column, kind) = entity.attribute(name)?;
            condition(column, kind, &clause.test, name, to)
        }
        Field::Tag(key) => keyed(&entity.tags, "tags", key, Kind::Text, &clause.test, to),
        Field::Param(key) => keyed(&entity.params, "params", key, Kind::Text, &clause.test, to),
        Field::Metric(key) => {
            keyed(&entity.metrics, "metrics", key, Kind::Number, &clause.test, to)
        }
        Field::Dataset(name) => dataset(&entity.datasets, name, &clause.test, to),
    }
}

fn unsupported(what: &str) -> Error {
    Error::invalid(format!("Filtering by {what} is not supported in this search"))
}

/// A row of a side table with this key passes the test.
fn keyed(
    table: &Option<Table>,
    what: &str,
    key: &str,
    kind: Kind,
    test: &Test,
    to: &mut Statement,
) -> Result<()> {
    let Table { name, on } = table.as_ref().ok_or_else(|| unsupported(what))?;
    if *test == (Test::Null { negated: false }) {
        to.push("NOT ");
    }
    to.push("EXISTS (SELECT 1 FROM ")
        .push(name)
        .push(" t WHERE ")
        .push(on)
        .push(" AND t.key = ")
        .bind(key);
    if !matches!(test, Test::Null { .. }) {
        to.push(" AND ");
        if kind == Kind::Number {
            to.push("t.nan = 0 AND ");
            real("t.value", test, key, to)?;
        } else {
            condition("t.value", kind, test, key, to)?;
        }
    }
    to.push(")");
    Ok(())
}

fn dataset(table: &Option<Table>, name: &str, test: &Test, to: &mut Statement) -> Result<()> {
    let Table { name: table, on } = table.as_ref().ok_or_else(|| unsupported("datasets"))?;
    let column = match name {
        "name" => "t.name",
        "digest" => "t.digest",
        "context" => "t.context",
        _ => {
            return Err(Error::invalid(format!(
                "Invalid dataset key '{name}': valid are name, digest, context"
            )));
        }
    };
    to.push("EXISTS (SELECT 1 FROM ").push(table).push(" t WHERE ").push(on).push(" AND ");
    condition(column, Kind::Text, test, name, to)?;
    to.push(")");
    Ok(())
}

/// A metric's value compares as a double.
fn real(column: &str, test: &Test, key: &str, to: &mut Statement) -> Result<()> {
    let number = match test {
        Test::Compare(_, Literal::Number(number)) => *number,
        Test::Compare(_, Literal::Text(text)) => {
            text.parse().map_err(|_| not_a_number(key, text))?
        }
        _ => {
            return Err(Error::invalid(format!(
                "Invalid comparator for the metric '{key}': use =, !=, >, >=, <, <="
            )));
        }
    };
    let Test::Compare(operator, _) = test else { return Ok(()) };
    to.push(column).push(" ").push(operator).push(" ").bind(number);
    Ok(())
}

fn not_a_number(name: &str, text: &str) -> Error {
    Error::invalid(format!("Expected a numeric value for '{name}', got '{text}'"))
}

fn condition(column: &str, kind: Kind, test: &Test, name: &str, to: &mut Statement) -> Result<()> {
    match (kind, test) {
        (Kind::Number, Test::Compare(operator, literal)) => {
            let number = match literal {
                Literal::Number(number) => *number,
                Literal::Text(text) => text.parse().map_err(|_| not_a_number(name, text))?,
            };
            // The columns are whole numbers; a double compares correctly with them on both databases.
            to.push("CAST(")
                .push(column)
                .push(" AS DOUBLE PRECISION) ")
                .push(operator)
                .push(" ")
                .bind(number);
        }
        (Kind::Number, Test::In { list, negated }) => {
            let numbers = list
                .iter()
                .map(|text| text.parse::<i64>().map_err(|_| not_a_number(name, text)))
                .collect::<Result<Vec<_>>>()?;
            to.push(column).push(if *negated { " NOT IN " } else { " IN " }).bind_list(numbers);
        }
        (Kind::Number, Test::Like { .. }) => {
            return Err(Error::invalid(format!(
                "Invalid comparator for the number '{name}': use =, !=, >, >=, <, <= or IN"
            )));
        }
        (Kind::Text, Test::Compare(operator @ ("=" | "!="), Literal::Text(text))) => {
            to.push(column).push(" ").push(operator).push(" ").bind(text);
        }
        (Kind::Text, Test::Compare("=" | "!=", Literal::Number(_))) => {
            return Err(Error::invalid(format!(
                "Expected a quoted string value for '{name}' (e.g. 'my-value')"
            )));
        }
        (Kind::Text, Test::Compare(operator, _)) => {
            return Err(Error::invalid(format!(
                "Invalid comparator '{operator}' for '{name}': use =, !=, LIKE, ILIKE, IN or NOT IN"
            )));
        }
        (Kind::Text, Test::In { list, negated }) => {
            to.push(column).push(if *negated { " NOT IN " } else { " IN " }).bind_list(list);
        }
        (Kind::Text, Test::Like { pattern, any_case }) => {
            // The language has no escape character, PostgreSQL's default one is the backslash.
            let pattern = pattern.replace('\\', "\\\\");
            match any_case {
                true => to.push("LOWER(").push(column).push(") LIKE ").bind(pattern.to_lowercase()),
                false => to.push(column).push(" LIKE ").bind(pattern),
            };
            to.push(" ESCAPE '\\'");
        }
        (_, Test::Null { negated }) => {
            to.push(column).push(if *negated { " IS NOT NULL" } else { " IS NULL" });
        }
    }
    Ok(())
}
