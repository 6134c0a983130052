//! The queries that look for words: the match family.

use serde_json::Value;

use super::{Parser, field_list, minimum_should_match, operator_is_and, scalar, single_field};
use crate::clause::{Clause, Field, Scalar};
use crate::error::Result;
use crate::options::Options;
use crate::words::words;

impl Parser {
    pub(super) fn words(&self, body: &Value) -> Result<Clause> {
        let (name, value) = single_field(body, "match")?;
        let field = Field::named(name);
        if !value.is_object() {
            return self.text_match(field, scalar(value, "match", name)?, false);
        }
        let options = Options::of(value, "match")?.only(&[
            "query",
            "operator",
            "minimum_should_match",
            "zero_terms_query",
            "boost",
            "_name",
            "lenient",
            "analyzer",
            "auto_generate_synonyms_phrase_query",
            "max_expansions",
        ])?;
        let text = scalar(options.required("query")?, "match", name)?;
        let all = operator_is_and(options.get("operator"), "match")?;
        let clause = self.text_match(field, text, all)?;
        Ok(match clause {
            Clause::Words { words, .. }
                if words.is_empty() && options.text("zero_terms_query")? == Some("all") =>
            {
                Clause::All
            }
            Clause::Words { field, words, all: false } => {
                match options.get("minimum_should_match") {
                    None => Clause::Words { field, words, all: false },
                    Some(minimum) => {
                        let minimum = minimum_should_match(minimum, words.len())?.max(1);
                        let each = words.into_iter().map(|word| one_word(&field, word));
                        let should = each.collect();
                        Clause::Bool { must: vec![], should, must_not: vec![], minimum }
                    }
                }
            }
            clause => clause,
        })
    }

    fn text_match(&self, field: Field, text: Scalar, all: bool) -> Result<Clause> {
        match field {
            Field::Message | Field::Dynamic(_) => {
                let found = words(&text.word()).into_iter().map(|word| word.text).collect();
                Ok(Clause::Words { field, words: found, all })
            }
            exact => self.equals(exact, vec![text], "match"),
        }
    }

    pub(super) fn multi_match(&self, body: &Value) -> Result<Clause> {
        let options = Options::of(body, "multi_match")?.only(&[
            "query",
            "fields",
            "type",
            "operator",
            "boost",
            "_name",
            "lenient",
            "tie_breaker",
            "analyzer",
            "slop",
            "auto_generate_synonyms_phrase_query",
        ])?;
        let text = scalar(options.required("query")?, "multi_match", "query")?;
        let all = operator_is_and(options.get("operator"), "multi_match")?;
        let slop = u32::try_from(options.count("slop")?.unwrap_or(0)).unwrap_or(u32::MAX);
        let kind = options.text("type")?.unwrap_or("best_fields");
        let fields = field_list(options.get("fields"), "multi_match")?;
        let clauses = fields.into_iter().map(|field| match kind {
            "phrase" => Ok(phrase_of(field, &text.word(), slop, false)),
            "phrase_prefix" => Ok(phrase_of(field, &text.word(), slop, true)),
            "bool_prefix" => bool_prefix_of(field, &text.word(), all),
            "best_fields" | "most_fields" | "cross_fields" => {
                self.text_match(field, text.clone(), all)
            }
            _ => Err(options.bad(
                "type",
                "one of best_fields, most_fields, cross_fields, phrase, phrase_prefix, bool_prefix",
            )),
        });
        Ok(Clause::any_of(clauses.collect::<Result<_>>()?))
    }
}

fn one_word(field: &Field, word: String) -> Clause {
    Clause::Words { field: field.clone(), words: vec![word], all: true }
}

/// Words, of which the last may be a beginning.
pub(super) fn bool_prefix(body: &Value) -> Result<Clause> {
    let (name, value) = single_field(body, "match_bool_prefix")?;
    let (mut text, mut all) = (value, false);
    if value.is_object() {
        let options = Options::of(value, "match_bool_prefix")?
            .only(&["query", "operator", "boost", "_name", "analyzer"])?;
        text = options.required("query")?;
        all = operator_is_and(options.get("operator"), "match_bool_prefix")?;
    }
    let text = scalar(text, "match_bool_prefix", name)?.word();
    bool_prefix_of(Field::named(name), &text, all)
}

fn bool_prefix_of(field: Field, text: &str, all: bool) -> Result<Clause> {
    let mut found: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
    let Some(last) = found.pop() else { return Ok(Clause::Nothing) };
    let mut each: Vec<Clause> = found.into_iter().map(|word| one_word(&field, word)).collect();
    each.push(phrase_of(field, &last, 0, true));
    Ok(if all { Clause::all_of(each) } else { Clause::any_of(each) })
}

pub(super) fn phrase(body: &Value, clause: &str, prefix: bool) -> Result<Clause> {
    let (field, value) = single_field(body, clause)?;
    let (mut text, mut slop) = (value, 0);
    if value.is_object() {
        let options = Options::of(value, clause)?.only(&[
            "query",
            "slop",
            "boost",
            "_name",
            "analyzer",
            "max_expansions",
            "zero_terms_query",
        ])?;
        text = options.required("query")?;
        slop = options.count("slop")?.unwrap_or(0);
    }
    let text = scalar(text, clause, field)?.word();
    Ok(phrase_of(Field::named(field), &text, u32::try_from(slop).unwrap_or(u32::MAX), prefix))
}

/// A phrase on an exact field is the exact value, or its beginning.
pub(in crate::clause) fn phrase_of(field: Field, text: &str, slop: u32, prefix: bool) -> Clause {
    match field {
        Field::Message | Field::Dynamic(_) => {
            let words = words(text).into_iter().map(|word| word.text).collect();
            Clause::Phrase { field, words, slop, prefix }
        }
        exact if prefix => {
            Clause::Pattern { field: exact, regex: format!("{}(?s:.*)", regex::escape(text)) }
        }
        exact => Clause::Term { field: exact, values: vec![Scalar::Text(text.to_owned())] },
    }
}
