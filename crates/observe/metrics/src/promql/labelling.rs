//! Functions that change labels: `label_replace`, `label_join`.

use promql_parser::parser::Expr;

use super::evaluate::Evaluator;
use super::row::{Gathered, Row};
use crate::error::{Error, Result};
use crate::labels::NAME;
use crate::sample::is_marker;

impl Evaluator<'_> {
    /// `label_replace(v, destination, replacement, source, regex)`.
    pub fn label_replace(&self, arguments: &[Box<Expr>]) -> Result<Vec<Row>> {
        let [vector, destination, replacement, source, pattern] = arguments else {
            return Err(Error::Execution("label_replace takes five arguments".into()));
        };
        let (destination, replacement) = (self.text(destination)?, self.text(replacement)?);
        let (source, pattern) = (self.text(source)?, self.text(pattern)?);
        let regex = regex::Regex::new(&format!("^(?s:{pattern})$")).map_err(|_| {
            Error::Execution(format!("invalid regular expression in label_replace(): {pattern}"))
        })?;
        self.check_label_name(&destination, "label_replace")?;
        let rows = self.evaluate(vector)?.rows()?.into_iter().map(|row| {
            let Some(captures) = regex.captures(row.labels.get(&source)) else { return row };
            let mut value = String::new();
            captures.expand(&replacement, &mut value);
            relabelled(row, &destination, &value)
        });
        self.unique(rows.collect())
    }

    /// `label_join(v, destination, separator, source, …)`.
    pub fn label_join(&self, arguments: &[Box<Expr>]) -> Result<Vec<Row>> {
        let [vector, destination, separator, sources @ ..] = arguments else {
            return Err(Error::Execution("label_join takes at least three arguments".into()));
        };
        let (destination, separator) = (self.text(destination)?, self.text(separator)?);
        let sources = sources.iter().map(|source| self.text(source)).collect::<Result<Vec<_>>>()?;
        self.check_label_name(&destination, "label_join")?;
        let rows = self.evaluate(vector)?.rows()?.into_iter().map(|row| {
            let values: Vec<&str> = sources.iter().map(|source| row.labels.get(source)).collect();
            let value = values.join(&separator);
            relabelled(row, &destination, &value)
        });
        self.unique(rows.collect())
    }

    /// Since Prometheus 3 any UTF-8 but the empty text is a label's name. The parser
    /// turns a byte escape such as `\xff` into the character of that number, so the
    /// query's text tells which it was.
    pub fn check_label_name(&self, name: &str, function: &str) -> Result<()> {
        let query = self.remarks.query();
        let is_written = |c: char| {
            let (hexadecimal, octal) =
                (format!("\\x{:02x}", c as u32), format!("\\{:03o}", c as u32));
            query.contains(&octal) || query.to_lowercase().contains(&hexadecimal)
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

    /// Two series that became one are an error at the steps where both have a value.
    fn unique(&self, rows: Vec<Row>) -> Result<Vec<Row>> {
        let mut gathered = Gathered::new(self.grid.len());
        for row in rows {
            let at = gathered.row(row.labels, row.drop_name);
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

fn relabelled(row: Row, destination: &str, value: &str) -> Row {
    Row {
        labels: row.labels.with(destination, value),
        // A name that is given on purpose stays.
        drop_name: row.drop_name && destination != NAME,
        values: row.values,
    }
}
