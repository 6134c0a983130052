//! Functions that change labels: `label_replace`, `label_join`.

use promql_parser::parser::Expr;

use super::budget::check_value;
use super::evaluate::Evaluator;
use super::row::{Gathered, Row};
use crate::error::{Error, Result};
use crate::labels::NAME;
use crate::sample::is_marker;

/// Most references of a replacement are to a small part of a text.
const SPARE: usize = 16;

impl Evaluator<'_> {
    /// `label_replace(v, destination, replacement, source, regex)`.
    pub fn label_replace(&self, arguments: &[Box<Expr>]) -> Result<Vec<Row>> {
        let [vector, texts @ ..] = arguments else { return self.replaced(vec![], &[]) };
        self.replaced(self.rows(vector)?, texts)
    }

    fn replaced(&self, rows: Vec<Row>, texts: &[Box<Expr>]) -> Result<Vec<Row>> {
        let [destination, replacement, source, pattern] = texts else {
            return Err(Error::Execution("label_replace takes five arguments".into()));
        };
        let (destination, replacement) = (self.text(destination)?, self.text(replacement)?);
        let (source, pattern) = (self.text(source)?, self.text(pattern)?);
        let regex = regex::Regex::new(&format!("^(?s:{pattern})$")).map_err(|_| {
            Error::Execution(format!("invalid regular expression in label_replace(): {pattern}"))
        })?;
        self.check_label_name(&destination, "label_replace")?;
        let references = replacement.matches('$').count();
        let rows = rows.into_iter().map(|row| {
            let text = row.labels.get(&source);
            let Some(captures) = regex.captures(text) else { return Ok(row) };
            // Before it is made: many references to a long text are gigabytes.
            let longest = replacement.len() + references * text.len();
            check_value(longest / SPARE, "label_replace()")?;
            let mut value = String::new();
            captures.expand(&replacement, &mut value);
            check_value(value.len(), "label_replace()")?;
            self.relabelled(row, &destination, &value)
        });
        self.unique(rows.collect::<Result<_>>()?)
    }

    /// `label_join(v, destination, separator, source, …)`.
    pub fn label_join(&self, arguments: &[Box<Expr>]) -> Result<Vec<Row>> {
        let [vector, texts @ ..] = arguments else { return self.joined(vec![], &[]) };
        self.joined(self.rows(vector)?, texts)
    }

    fn joined(&self, rows: Vec<Row>, texts: &[Box<Expr>]) -> Result<Vec<Row>> {
        let [destination, separator, sources @ ..] = texts else {
            return Err(Error::Execution("label_join takes at least three arguments".into()));
        };
        let (destination, separator) = (self.text(destination)?, self.text(separator)?);
        let sources = sources.iter().map(|source| self.text(source)).collect::<Result<Vec<_>>>()?;
        self.check_label_name(&destination, "label_join")?;
        let rows = rows.into_iter().map(|row| {
            let values: Vec<&str> = sources.iter().map(|source| row.labels.get(source)).collect();
            let length: usize = values.iter().map(|value| value.len()).sum();
            let separators = separator.len() * values.len().saturating_sub(1);
            check_value(length + separators, "label_join()")?;
            let value = values.join(&separator);
            self.relabelled(row, &destination, &value)
        });
        self.unique(rows.collect::<Result<_>>()?)
    }

    /// Since Prometheus 3 any UTF-8 but the empty text is a label's name. The parser
    /// turns a byte escape such as `\xff` into the character of that number, so the
    /// query's text tells which it was.
    pub fn check_label_name(&self, name: &str, function: &str) -> Result<()> {
        let query = self.remarks.query();
        let lower = query.to_lowercase();
        let is_written = |c: char| {
            let (hexadecimal, octal) =
                (format!("\\x{:02x}", c as u32), format!("\\{:03o}", c as u32));
            query.contains(&octal) || lower.contains(&hexadecimal)
        };
        let is_escaped_byte = |c: char| ('\u{80}'..='\u{ff}').contains(&c) && is_written(c);
        if name.is_empty() || name.contains(is_escaped_byte) {
            let written: String = name
                .chars()
                .map(|c| {
                    if is_escaped_byte(c) {
                        format!("\\x{:02x}", u32::from(c))
                    } else {
                        c.to_string()
                    }
                })
                .collect();
            return Err(Error::Execution(match function {
                "count_values" => format!("invalid label name \"{written}\""),
                function => format!("invalid destination label name in {function}(): {written}"),
            }));
        }
        Ok(())
    }

    fn relabelled(&self, row: Row, destination: &str, value: &str) -> Result<Row> {
        self.budget.take_labels(row.labels.pairs().len() + 1, destination.len() + value.len())?;
        Ok(Row {
            labels: row.labels.with(destination, value),
            // A name that is given on purpose stays.
            drop_name: row.drop_name && destination != NAME,
            values: row.values,
        })
    }

    /// Two series that became one are an error at the steps where both have a value.
    fn unique(&self, rows: Vec<Row>) -> Result<Vec<Row>> {
        let mut gathered = Gathered::within(&self.budget, self.grid.len());
        for row in rows {
            let at = gathered.row(row.labels, row.drop_name)?;
            for (step, value) in row.values.into_iter().enumerate() {
                if !is_marker(value) && !gathered.set(at, step, value) {
                    return Err(Error::Execution(
                        "vector cannot contain metrics with the same labelset".into(),
                    ));
                }
            }
        }
        Ok(gathered.into_rows())
    }
}
