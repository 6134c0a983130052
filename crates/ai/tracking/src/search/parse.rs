//! From words to clauses.

use super::Field;
use super::lexer::{Token, clip, tokens};
use crate::Error;
use crate::error::Result;

#[derive(Debug, PartialEq)]
pub(crate) struct Filter {
    pub(super) clauses: Vec<Clause>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Clause {
    pub field: Field,
    pub test: Test,
}

#[derive(Debug, PartialEq)]
pub(super) enum Test {
    Compare(&'static str, Literal),
    Like { pattern: String, any_case: bool },
    In { list: Vec<String>, negated: bool },
    Null { negated: bool },
}

#[derive(Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
}

/// More would only burden the database; MLflow's own pages ask a handful.
const MOST_CLAUSES: usize = 100;
const MOST_IN: usize = 5000;

impl Filter {
    pub fn parse(text: Option<&str>) -> Result<Filter> {
        let text = text.unwrap_or("").trim();
        let mut parser = Parser { text, tokens: tokens(text)?, at: 0 };
        let mut clauses = Vec::new();
        while parser.peek().is_some() {
            if !clauses.is_empty() && !parser.keyword("AND") {
                return Err(parser.error("expected AND (OR and parentheses are not supported)"));
            }
            clauses.push(parser.clause()?);
            if clauses.len() > MOST_CLAUSES {
                return Err(Error::invalid(format!(
                    "Invalid filter: more than {MOST_CLAUSES} clauses"
                )));
            }
        }
        Ok(Filter { clauses })
    }
}

/// `metrics.loss` or `` tags.`a b` `` or `"run name"`, of an order_by column.
pub(super) fn field_of(text: &str) -> Result<Field> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0 };
    let field = parser.field()?;
    match parser.peek() {
        None => Ok(field),
        Some(_) => Err(parser.error("expected one column, with ASC or DESC")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn error(&self, expected: &str) -> Error {
        let found = self.tokens.get(self.at.saturating_sub(1)).or(self.tokens.last());
        Error::invalid(format!(
            "Invalid clause(s) in filter string '{}': {expected}, near {found:?}",
            clip(self.text)
        ))
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn field(&mut self) -> Result<Field> {
        let word =
            match self.next() {
                Some(Token::Word(word)) => word,
                Some(Token::Text(key) | Token::Quoted(key)) => return Ok(Field::Attribute(key)),
                _ => return Err(self.error(
                    "expected a column such as metrics.loss, params.depth, tags.team or start_time",
                )),
            };
        if self.peek() == Some(&Token::Dot) {
            self.at += 1;
            return match self.next() {
                Some(Token::Text(key) | Token::Quoted(key)) => Field::new(Some(&word), &key),
                _ => None,
            }
            .ok_or_else(|| self.error("expected a key after the dot"));
        }
        let (prefix, key) = match word.split_once('.') {
            Some((prefix, key)) => (Some(prefix), key),
            None => (None, word.as_str()),
        };
        Field::new(prefix, key).ok_or_else(|| {
            Error::invalid(format!(
                "Invalid entity type '{}'. Valid values are attributes, metrics, params, tags, datasets",
                prefix.unwrap_or_default()
            ))
        })
    }

    fn clause(&mut self) -> Result<Clause> {
        let field = self.field()?;
        let negated = self.keyword("NOT");
        let test = if self.keyword("IN") {
            Test::In { list: self.list()?, negated }
        } else if negated {
            return Err(self.error("expected IN after NOT"));
        } else if self.keyword("LIKE") {
            Test::Like { pattern: self.text()?, any_case: false }
        } else if self.keyword("ILIKE") {
            Test::Like { pattern: self.text()?, any_case: true }
        } else if self.keyword("IS") {
            let negated = self.keyword("NOT");
            if !self.keyword("NULL") {
                return Err(self.error("expected NULL"));
            }
            Test::Null { negated }
        } else {
            self.comparison()?
        };
        Ok(Clause { field, test })
    }

    fn comparison(&mut self) -> Result<Test> {
        let Some(Token::Operator(operator)) = self.next() else {
            return Err(self.error("expected a comparison such as =, !=, >, LIKE or IN"));
        };
        match self.next() {
            Some(Token::Text(text)) => Ok(Test::Compare(operator, Literal::Text(text))),
            Some(Token::Number(number)) => Ok(Test::Compare(operator, Literal::Number(number))),
            _ => Err(self.error("expected a number or a text in quotes")),
        }
    }

    fn text(&mut self) -> Result<String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err(self.error("expected a text in quotes")),
        }
    }

    fn list(&mut self) -> Result<Vec<String>> {
        if self.next() != Some(Token::Open) {
            return Err(self.error("expected ( after IN"));
        }
        let mut list = vec![self.text()?];
        loop {
            match self.next() {
                Some(Token::Comma) if self.peek() == Some(&Token::Close) => {}
                Some(Token::Comma) => list.push(self.text()?),
                Some(Token::Close) => break,
                _ => return Err(self.error("expected , or )")),
            }
            if list.len() > MOST_IN {
                return Err(Error::invalid(format!(
                    "Invalid filter: more than {MOST_IN} values after IN"
                )));
            }
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Clause {
        Filter::parse(Some(text)).expect("valid").clauses.pop().expect("one clause")
    }

    #[test]
    fn keys_may_be_quoted_and_dotted() {
        for text in ["tags.`a b` = 'x'", "tags.\"a b\" = \"x\"", "tag.\"a b\"='x'"] {
            assert_eq!(one(text).field, Field::Tag("a b".into()), "{text}");
        }
        assert_eq!(one("tags.mlflow.user = 'x'").field, Field::Tag("mlflow.user".into()));
        assert_eq!(one("start_time > 12").field, Field::Attribute("start_time".into()));
        assert_eq!(
            one("metrics.loss <= -1.5e-3").test,
            Test::Compare("<=", Literal::Number(-0.0015))
        );
        assert_eq!(
            one("run_id NOT IN ('a','b',)").test,
            Test::In { list: vec!["a".into(), "b".into()], negated: true }
        );
        assert_eq!(one("params.x is not null").test, Test::Null { negated: true });
        assert_eq!(one("name = 'it''s'").test, Test::Compare("=", Literal::Text("it's".into())));
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for text in [
            "a",
            "a =",
            "= 1",
            "a = b",
            "a = 1 OR b = 2",
            "a = 'x",
            "foo.bar = 1",
            "a IN ()",
            "tags. = 'x'",
            "'",
            "`",
            "(",
            "a = 1 AND",
            "a NOT LIKE 'x'",
            "é\u{301}",
            "a = 1; DROP TABLE x",
            ".",
            "a . b",
        ] {
            let error = Filter::parse(Some(text)).expect_err(text);
            assert!(matches!(error, Error::Invalid(_)), "{text}");
        }
        assert_eq!(Filter::parse(None).expect("empty").clauses, vec![]);
    }
}
