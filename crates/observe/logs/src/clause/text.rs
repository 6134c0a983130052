//! The two query-string syntaxes, as far as people type them into a search box:
//! words, "phrases", `field:value`, `field:(a OR b)`, ranges `[a TO b]`, `>=`,
//! wildcards, AND/OR/NOT, `+`/`-`, parentheses; and in the simple syntax `+ | - " *`.
//! The simple syntax never fails; the Lucene one says where it stopped.

mod range;

use std::ops::Bound;

use super::parse::{checked_pattern, phrase_of};
use super::{Clause, Field, Scalar, wildcard_regex};
use crate::error::{Error, Result};
use crate::time::Edge;
use crate::words::words;
use range::instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Lucene,
    Simple,
}

pub struct Options {
    pub syntax: Syntax,
    /// Where words without a field are looked for; one suffices.
    pub fields: Vec<Field>,
    /// Whether words without an operator between them must all be there.
    pub and: bool,
    pub now: i64,
}

/// Deeper parentheses than this are refused rather than followed.
const MAX_DEPTH: usize = 32;

pub fn parse(query: &str, options: &Options) -> Result<Clause> {
    let mut parser = Parser { rest: query, options, depth: 0 };
    let clause = parser.disjunction(None)?;
    parser.skip_space();
    if parser.rest.is_empty() {
        return Ok(clause.unwrap_or(Clause::All));
    }
    if options.syntax == Syntax::Simple {
        // An unmatched parenthesis is taken for text that says nothing.
        return Ok(clause.unwrap_or(Clause::Nothing));
    }
    Err(parser.error("unexpected text"))
}

struct Parser<'a> {
    rest: &'a str,
    options: &'a Options,
    depth: usize,
}

/// What stands in front of an operand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    Must,
    MustNot,
}

impl<'a> Parser<'a> {
    fn error(&self, what: &str) -> Error {
        Error::parsing(
            "query_string",
            format!("{what} at [{}]; put quotes around text with special characters", self.rest),
        )
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest.starts_with(token);
        if found {
            self.rest = &self.rest[token.len()..];
        }
        found
    }

    /// An operator in words must stand alone.
    fn take_word(&mut self, word: &str) -> bool {
        let stands_alone = self.rest.strip_prefix(word).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '(')
        });
        stands_alone && self.take(word)
    }

    fn or_operator(&mut self) -> bool {
        self.skip_space();
        match self.options.syntax {
            Syntax::Lucene => self.take("||") || self.take_word("OR"),
            Syntax::Simple => self.take("|"),
        }
    }

    fn and_operator(&mut self) -> bool {
        self.skip_space();
        match self.options.syntax {
            Syntax::Lucene => self.take("&&") || self.take_word("AND"),
            Syntax::Simple => self.take("+"),
        }
    }

    /// Groups joined by OR; each group is joined by AND or by nothing.
    fn disjunction(&mut self, field: Option<&Field>) -> Result<Option<Clause>> {
        let mut groups = Vec::new();
        loop {
            groups.extend(self.conjunction(field)?);
            if !self.or_operator() {
                break;
            }
        }
        Ok(match groups.len() {
            0 => None,
            1 => groups.pop(),
            _ => Some(Clause::any_of(groups)),
        })
    }

    fn conjunction(&mut self, field: Option<&Field>) -> Result<Option<Clause>> {
        let (mut must, mut should, mut must_not) = (vec![], vec![], vec![]);
        let mut joined = false;
        loop {
            self.skip_space();
            let Some((mark, clause)) = self.operand(field)? else {
                if joined && self.options.syntax == Syntax::Lucene {
                    return Err(self.error("AND without anything after it"));
                }
                break;
            };
            let next_joined = self.and_operator();
            match mark {
                Mark::MustNot => must_not.push(clause),
                Mark::Must => must.push(clause),
                Mark::Plain if joined || next_joined || self.options.and => must.push(clause),
                Mark::Plain => should.push(clause),
            }
            joined = next_joined;
        }
        if must.is_empty() && must_not.is_empty() && should.len() < 2 {
            return Ok(should.pop());
        }
        let minimum = usize::from(must.is_empty() && !should.is_empty());
        Ok(Some(Clause::Bool { must, should, must_not, minimum }))
    }

    fn operand(&mut self, field: Option<&Field>) -> Result<Option<(Mark, Clause)>> {
        let mut mark = Mark::Plain;
        if self.options.syntax == Syntax::Lucene && (self.take_word("NOT") || self.take("!")) {
            mark = Mark::MustNot;
            self.skip_space();
        } else if self.take("-") {
            mark = Mark::MustNot;
        } else if self.take("+") {
            mark = Mark::Must;
        }
        if self.rest.is_empty() || self.rest.starts_with([')', '|']) || self.at_or() {
            return if mark == Mark::Plain || self.options.syntax == Syntax::Simple {
                Ok(None)
            } else {
                Err(self.error("an operator without anything after it"))
            };
        }
        Ok(self.primary(field)?.map(|clause| (mark, clause)))
    }

    fn at_or(&self) -> bool {
        let mut ahead = Parser { rest: self.rest, options: self.options, depth: 0 };
        self.options.syntax == Syntax::Lucene && ahead.or_operator()
    }

    fn primary(&mut self, field: Option<&Field>) -> Result<Option<Clause>> {
        if self.take("(") {
            return self.group(field);
        }
        if field.is_none() && self.options.syntax == Syntax::Lucene {
            if self.take("*:*") {
                return Ok(Some(Clause::All));
            }
            if self.take("_exists_:") {
                let field = Field::named(&self.word());
                return Ok(Some(Clause::Exists { field }));
            }
            if let Some(named) = self.field_name() {
                return self.primary(Some(&named));
            }
        }
        if self.rest.starts_with('"') {
            return self.phrase(field).map(Some);
        }
        if let Some(field) = field
            && let Some(range) = self.range(field)?
        {
            return Ok(Some(range));
        }
        let word = self.word();
        if word.is_empty() {
            if self.options.syntax == Syntax::Simple {
                let skipped = self.rest.chars().next().map_or(0, char::len_utf8);
                self.rest = &self.rest[skipped..];
                return Ok(None);
            }
            return Err(self.error("cannot parse the query"));
        }
        self.word_clause(field, &word).map(Some)
    }

    fn group(&mut self, field: Option<&Field>) -> Result<Option<Clause>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("too many parentheses"));
        }
        let inner = self.disjunction(field)?;
        self.skip_space();
        if !self.take(")") && self.options.syntax == Syntax::Lucene {
            return Err(self.error("a parenthesis is not closed"));
        }
        self.depth -= 1;
        Ok(Some(inner.unwrap_or(Clause::All)))
    }

    /// `name:` in front of a value.
    fn field_name(&mut self) -> Option<Field> {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-' | '\\')))?;
        if end == 0 || !self.rest[end..].starts_with(':') {
            return None;
        }
        let name = self.rest[..end].replace('\\', "");
        self.rest = &self.rest[end + 1..];
        Some(Field::named(&name))
    }

    fn phrase(&mut self, field: Option<&Field>) -> Result<Clause> {
        let body = &self.rest[1..];
        let mut text = String::new();
        let mut characters = body.char_indices();
        let end = loop {
            match characters.next() {
                Some((_, '\\')) => text.extend(characters.next().map(|(_, escaped)| escaped)),
                Some((at, '"')) => break at,
                Some((_, plain)) => text.push(plain),
                None if self.options.syntax == Syntax::Simple => break body.len(),
                None => return Err(self.error("a quotation is not closed")),
            }
        };
        self.rest = body.get(end + 1..).unwrap_or_default();
        let mut slop = 0;
        if self.take("~") {
            slop = self.word().parse().unwrap_or(0);
        }
        self.in_fields(field, |field| Ok(phrase_of(field, &text, slop, false)))
    }

    /// Text up to a space or an operator, backslashes still in place.
    fn word(&mut self) -> String {
        let mut escaped = false;
        let end = self.rest.find(|c: char| {
            let ends = !escaped
                && (c.is_whitespace()
                    || matches!(c, '(' | ')' | '"')
                    || (c == '|' && self.options.syntax == Syntax::Simple));
            escaped = c == '\\' && !escaped;
            ends
        });
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }

    fn word_clause(&mut self, field: Option<&Field>, word: &str) -> Result<Clause> {
        if word == "*" {
            return Ok(field.map_or(Clause::All, |field| Clause::Exists { field: field.clone() }));
        }
        let has_wildcard = match self.options.syntax {
            Syntax::Lucene => word.replace("\\*", "").replace("\\?", "").contains(['*', '?']),
            Syntax::Simple => word.ends_with('*'),
        };
        if has_wildcard {
            return self.in_fields(field, |field| {
                checked_pattern(field, wildcard_regex(word), "query_string")
            });
        }
        let text = unescape(self.without_suffix(word)?);
        let now = self.options.now;
        self.in_fields(field, |field| match field {
            Field::Message | Field::Dynamic(_) => {
                let found: Vec<_> = words(&text).into_iter().map(|word| word.text).collect();
                // `a.b` and `训练` are several words that were typed as one.
                Ok(match found.len() {
                    1 => Clause::Words { field, words: found, all: true },
                    _ => Clause::Phrase { field, words: found, slop: 0, prefix: false },
                })
            }
            Field::Timestamp => Ok(Clause::Range {
                field,
                lower: Bound::Included(instant(&text, Edge::Start, now)?),
                upper: Bound::Included(instant(&text, Edge::End, now)?),
            }),
            exact => Ok(Clause::Term { field: exact, values: vec![Scalar::Text(text.clone())] }),
        })
    }

    /// A word without its weight (`error^2`): lines are not ordered by relevance.
    /// Similar words (`error~2`) are not searched for, which is said aloud.
    fn without_suffix<'w>(&self, word: &'w str) -> Result<&'w str> {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let weighted = word
            .rsplit_once('^')
            .filter(|(front, weight)| !front.is_empty() && !weight.is_empty() && is_number(weight));
        if self.options.syntax == Syntax::Lucene
            && let Some((front, _)) = weighted
        {
            return Ok(front);
        }
        match word.rsplit_once('~') {
            Some((front, edits))
                if !front.is_empty() && !front.ends_with('\\') && is_number(edits) =>
            {
                if self.options.syntax == Syntax::Simple {
                    return Ok(front);
                }
                Err(self
                    .error(&format!("similar words [{word}] are not supported, try [{front}*]")))
            }
            _ => Ok(word),
        }
    }

    fn in_fields(
        &self,
        field: Option<&Field>,
        build: impl Fn(Field) -> Result<Clause>,
    ) -> Result<Clause> {
        if let Some(field) = field {
            return build(field.clone());
        }
        let mut clauses = self
            .options
            .fields
            .iter()
            .map(|field| build(field.clone()))
            .collect::<Result<Vec<_>>>()?;
        Ok(match clauses.len() {
            1 => clauses.remove(0),
            _ => Clause::any_of(clauses),
        })
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    plain
}
