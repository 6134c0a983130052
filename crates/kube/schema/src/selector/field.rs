//! Field selectors: `metadata.name=x,status.phase!=Running`.

use std::borrow::Cow;
use std::fmt;

/// One term of a field selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// `metadata.name`
    pub field: String,
    pub value: String,
    /// `!=`
    pub negated: bool,
}

/// A conjunction of terms. Which fields a kind supports is the server's business
/// (`field label not supported: …`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    pub terms: Vec<Term>,
}

impl FieldSelector {
    /// `Err` is the message for the 400: `invalid selector: 'x'; can't understand 'x'`.
    /// Values escape `\`, `,` and `=` with a backslash.
    pub fn parse(query: &str) -> std::result::Result<FieldSelector, String> {
        let mut terms = Vec::new();
        for part in split_terms(query).filter(|part| !part.is_empty()) {
            terms.push(term(part).ok_or_else(|| {
                format!("invalid selector: '{query}'; can't understand '{part}'")
            })?);
        }
        Ok(FieldSelector { terms })
    }

    /// Whether the fields match; `lookup` gives the value of a field (empty when absent).
    pub fn matches<'a>(&self, lookup: impl Fn(&str) -> Cow<'a, str>) -> bool {
        self.terms.iter().all(|term| (lookup(&term.field) == term.value) != term.negated)
    }

    /// The value that `field` must have, if a term demands one.
    pub fn exact(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|t| t.field == field && !t.negated).map(|t| t.value.as_str())
    }

    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }
}

/// Splits at commas that aren't escaped.
fn split_terms(query: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    query.split(move |c: char| {
        let ends = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })
}

fn term(part: &str) -> Option<Term> {
    let at = part.find(['=', '!'])?;
    let (field, rest) = part.split_at(at);
    let (value, negated) = match rest.strip_prefix("!=") {
        Some(value) => (value, true),
        None => (rest.strip_prefix("==").or(rest.strip_prefix('='))?, false),
    };
    Some(Term { field: field.to_owned(), value: unescaped(value)?, negated })
}

/// `None` for an escape that isn't one or a bare separator.
fn unescaped(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(|c| matches!(c, '\\' | ',' | '='))?),
            ',' | '=' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, term) in self.terms.iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            let operator = if term.negated { "!=" } else { "=" };
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(f, "{comma}{}{operator}{value}", term.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_parsed_and_matched() {
        let selector = FieldSelector::parse(r"a.b=x\,y,c!=,d==e").expect("well formed");
        assert_eq!(selector.exact("a.b"), Some("x,y"));
        assert_eq!(selector.to_string(), r"a.b=x\,y,c!=,d=e");
        let value = |field: &str| {
            Cow::Borrowed(match field {
                "a.b" => "x,y",
                "c" => "1",
                _ => "e",
            })
        };
        assert!(selector.matches(value));
        assert!(!selector.matches(|_| Cow::Borrowed("")));
    }

    #[test]
    fn nonsense_is_named() {
        assert_eq!(
            FieldSelector::parse("abc"),
            Err("invalid selector: 'abc'; can't understand 'abc'".to_owned())
        );
        assert!(FieldSelector::parse("").is_ok_and(|s| s.is_everything()));
    }
}
