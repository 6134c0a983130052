//! Ranges inside a query string.

use std::ops::Bound;

use super::{Parser, Syntax, unescape};
use crate::clause::{Clause, Field, Scalar};
use crate::error::{Error, Result};
use crate::time::{self, Edge};

impl Parser<'_> {
    /// `[a TO b]`, `{a TO b}`, `>=a`.
    pub(super) fn range(&mut self, field: &Field) -> Result<Option<Clause>> {
        if self.options.syntax == Syntax::Simple {
            return Ok(None);
        }
        for (operator, is_lower, included) in
            [(">=", true, true), ("<=", false, true), (">", true, false), ("<", false, false)]
        {
            if self.take(operator) {
                let word = self.word();
                let edge =
                    if operator == ">" || operator == "<=" { Edge::End } else { Edge::Start };
                let bound = self.bound(field, &word, included, edge)?;
                let (lower, upper) =
                    if is_lower { (bound, Bound::Unbounded) } else { (Bound::Unbounded, bound) };
                return Ok(Some(Clause::Range { field: field.clone(), lower, upper }));
            }
        }
        if !self.rest.starts_with(['[', '{']) {
            return Ok(None);
        }
        let end = self.rest.find([']', '}']).ok_or_else(|| self.error("a range is not closed"))?;
        let (low, high) = self.rest[1..end]
            .split_once(" TO ")
            .ok_or_else(|| self.error("a range needs [low TO high]"))?;
        let lower_included = self.rest.starts_with('[');
        let upper_included = self.rest[end..].starts_with(']');
        let lower = self.bound(
            field,
            low.trim(),
            lower_included,
            if lower_included { Edge::Start } else { Edge::End },
        )?;
        let upper = self.bound(
            field,
            high.trim(),
            upper_included,
            if upper_included { Edge::End } else { Edge::Start },
        )?;
        self.rest = &self.rest[end + 1..];
        Ok(Some(Clause::Range { field: field.clone(), lower, upper }))
    }

    fn bound(
        &self,
        field: &Field,
        text: &str,
        included: bool,
        edge: Edge,
    ) -> Result<Bound<Scalar>> {
        let text = text.trim_matches('"');
        if text == "*" || text.is_empty() {
            return Ok(Bound::Unbounded);
        }
        let value = if *field == Field::Timestamp {
            instant(text, edge, self.options.now)?
        } else {
            Scalar::Text(unescape(text))
        };
        Ok(if included { Bound::Included(value) } else { Bound::Excluded(value) })
    }
}

pub(super) fn instant(text: &str, edge: Edge, now: i64) -> Result<Scalar> {
    time::parse_bound(text, edge, now).map(Scalar::Integer).ok_or_else(|| {
        Error::parsing("query_string", format!("failed to parse date field [{text}]"))
    })
}
