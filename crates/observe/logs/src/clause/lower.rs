//! A clause as a tantivy query over the schema of a window.

use std::ops::Bound;

use tantivy::DateTime;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, ExistsQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query,
    RangeQuery, RegexQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{IndexRecordOption, Term};

use super::{Clause, Field, Scalar};
use crate::schema::{Fields, JSON_EXACT};

/// Beginnings of words expand to at most this many words.
const MAX_PREFIX_EXPANSIONS: u32 = 1024;

/// Compiles the pattern as the index will; the error says what is not supported.
pub fn check_pattern(regex: &str) -> Result<(), String> {
    let any_field = tantivy::schema::Field::from_field_id(0);
    RegexQuery::from_pattern(regex, any_field).map(drop).map_err(|error| error.to_string())
}

pub fn lower(clause: &Clause, fields: &Fields) -> Box<dyn Query> {
    match clause {
        Clause::All => Box::new(AllQuery),
        Clause::Nothing => Box::new(EmptyQuery),
        Clause::Bool { must, should, must_not, minimum } => {
            boolean(must, should, must_not, *minimum, fields)
        }
        Clause::Term { field, values } => term(field, values, fields),
        Clause::Words { field, words, all } => {
            let occur = if *all { Occur::Must } else { Occur::Should };
            let terms = words.iter().map(|word| {
                (
                    occur,
                    Box::new(TermQuery::new(
                        text_term(field, word, fields),
                        IndexRecordOption::Basic,
                    )) as Box<dyn Query>,
                )
            });
            any_or_nothing(terms.collect())
        }
        Clause::Phrase { field, words, slop, prefix } => {
            phrase(field, words, *slop, *prefix, fields)
        }
        Clause::Pattern { field, regex } => pattern(field, regex, fields),
        Clause::Range { field, lower, upper } => range(field, lower, upper, fields),
        Clause::Exists { field } => match field {
            Field::Timestamp | Field::Id | Field::Index | Field::Sequence => Box::new(AllQuery),
            Field::Message => Box::new(ExistsQuery::new("_has_message".into(), false)),
            Field::Keyword(name) => Box::new(ExistsQuery::new((*name).into(), false)),
            Field::Dynamic(path) => {
                Box::new(ExistsQuery::new(format!("{JSON_EXACT}.{path}"), true))
            }
        },
    }
}

fn boolean(
    must: &[Clause],
    should: &[Clause],
    must_not: &[Clause],
    minimum: usize,
    fields: &Fields,
) -> Box<dyn Query> {
    let mut parts: Vec<(Occur, Box<dyn Query>)> = vec![];
    parts.extend(must.iter().map(|clause| (Occur::Must, lower(clause, fields))));
    parts.extend(must_not.iter().map(|clause| (Occur::MustNot, lower(clause, fields))));
    if minimum > should.len() {
        return Box::new(EmptyQuery);
    }
    if minimum > 0 {
        let options = should.iter().map(|clause| (Occur::Should, lower(clause, fields))).collect();
        parts.push((
            Occur::Must,
            Box::new(BooleanQuery::with_minimum_required_clauses(options, minimum)),
        ));
    }
    if !parts.iter().any(|(occur, _)| *occur == Occur::Must) {
        // Exclusions need something to exclude from.
        parts.push((Occur::Must, Box::new(AllQuery)));
    }
    Box::new(BooleanQuery::new(parts))
}

fn any_or_nothing(parts: Vec<(Occur, Box<dyn Query>)>) -> Box<dyn Query> {
    if parts.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(parts)) }
}

fn term(field: &Field, values: &[Scalar], fields: &Fields) -> Box<dyn Query> {
    let terms = values.iter().flat_map(|value| match field {
        Field::Dynamic(path) => json_terms(path, value, fields),
        Field::Timestamp => vec![],
        Field::Sequence => value
            .number()
            .map(|number| Term::from_field_u64(fields.sequence, number as u64))
            .into_iter()
            .collect(),
        field => vec![Term::from_field_text(fields.text(field), &value.word())],
    });
    Box::new(TermSetQuery::new(terms.collect::<Vec<_>>()))
}

/// A value may have been sent as text or as a number; both are equal to it.
fn json_terms(path: &str, value: &Scalar, fields: &Fields) -> Vec<Term> {
    let at = || Term::from_field_json_path(fields.json_exact, path, true);
    let mut terms = Vec::new();
    let mut text = at();
    text.append_type_and_str(&value.word());
    terms.push(text);
    if let Some(number) = value.number() {
        let mut term = at();
        if number.fract() == 0.0 && number.abs() < 9e18 {
            let exact = value.word().parse::<i64>().unwrap_or(number as i64);
            term.append_type_and_fast_value(exact);
        } else {
            term.append_type_and_fast_value(number);
        }
        terms.push(term);
    }
    if let Ok(truth) = value.word().parse::<bool>() {
        let mut term = at();
        term.append_type_and_fast_value(truth);
        terms.push(term);
    }
    terms
}

fn text_term(field: &Field, word: &str, fields: &Fields) -> Term {
    match field {
        Field::Dynamic(path) => {
            let mut term = Term::from_field_json_path(fields.json_text, path, true);
            term.append_type_and_str(word);
            term
        }
        field => Term::from_field_text(fields.text(field), word),
    }
}

fn phrase(
    field: &Field,
    words: &[String],
    slop: u32,
    prefix: bool,
    fields: &Fields,
) -> Box<dyn Query> {
    let terms: Vec<Term> = words.iter().map(|word| text_term(field, word, fields)).collect();
    match (terms.len(), prefix) {
        (0, _) => Box::new(EmptyQuery),
        (1, true) => {
            pattern_on_text(field, &format!("{}(?s:.*)", regex::escape(&words[0])), fields)
        }
        (_, true) => {
            let mut query = PhrasePrefixQuery::new(terms);
            query.set_max_expansions(MAX_PREFIX_EXPANSIONS);
            Box::new(query)
        }
        (1, false) => Box::new(TermQuery::new(terms[0].clone(), IndexRecordOption::Basic)),
        (_, false) => {
            let mut query = PhraseQuery::new(terms);
            query.set_slop(slop);
            Box::new(query)
        }
    }
}

fn pattern(field: &Field, regex: &str, fields: &Fields) -> Box<dyn Query> {
    match field {
        Field::Dynamic(path) => json_pattern(fields.json_exact, path, regex),
        field => pattern_on_text(field, regex, fields),
    }
}

fn pattern_on_text(field: &Field, regex: &str, fields: &Fields) -> Box<dyn Query> {
    match field {
        Field::Dynamic(path) => json_pattern(fields.json_text, path, regex),
        field => regex_query(regex, fields.text(field)),
    }
}

/// The words of a JSON field are held behind their path, an end mark and a type.
fn json_pattern(field: tantivy::schema::Field, path: &str, regex: &str) -> Box<dyn Query> {
    let mut prefix = Term::from_field_json_path(field, path, true);
    prefix.append_type_and_str("");
    match std::str::from_utf8(prefix.serialized_value_bytes()) {
        Ok(prefix) => regex_query(&format!("{}(?:{regex})", regex::escape(prefix)), field),
        Err(_) => Box::new(EmptyQuery),
    }
}

fn regex_query(regex: &str, field: tantivy::schema::Field) -> Box<dyn Query> {
    match RegexQuery::from_pattern(regex, field) {
        Ok(query) => Box::new(query),
        // Refused while parsing; nothing else builds a pattern.
        Err(_) => Box::new(EmptyQuery),
    }
}

fn range(
    field: &Field,
    low: &Bound<Scalar>,
    high: &Bound<Scalar>,
    fields: &Fields,
) -> Box<dyn Query> {
    if matches!((low, high), (Bound::Unbounded, Bound::Unbounded)) {
        return lower(&Clause::Exists { field: field.clone() }, fields);
    }
    match field {
        Field::Timestamp => typed(low, high, |value| match value {
            Scalar::Integer(time) => {
                // The instant is exact only in the column, which the range query reads.
                Some(Term::from_field_date(fields.timestamp, DateTime::from_timestamp_nanos(*time)))
            }
            _ => None,
        }),
        Field::Sequence => typed(low, high, |value| {
            value
                .number()
                .map(|number| Term::from_field_u64(fields.sequence, number.max(0.0) as u64))
        }),
        Field::Dynamic(path) => {
            let at = || Term::from_field_json_path(fields.json_exact, path, true);
            let numbers = typed(low, high, |value| {
                let mut term = at();
                match value {
                    Scalar::Integer(number) => term.append_type_and_fast_value(*number),
                    other => term.append_type_and_fast_value(other.number()?),
                }
                Some(term)
            });
            let texts = typed(low, high, |value| match value {
                Scalar::Text(text) => {
                    let mut term = at();
                    term.append_type_and_str(text);
                    Some(term)
                }
                _ => None,
            });
            Box::new(BooleanQuery::union(vec![numbers, texts]))
        }
        field => typed(low, high, |value| match value {
            Scalar::Text(text) => Some(Term::from_field_text(fields.text(field), text)),
            _ => None,
        }),
    }
}

/// The range in one type, or nothing when a bound is not of that type.
fn typed(
    low: &Bound<Scalar>,
    high: &Bound<Scalar>,
    term: impl Fn(&Scalar) -> Option<Term>,
) -> Box<dyn Query> {
    let bound = |bound: &Bound<Scalar>| match bound {
        Bound::Unbounded => Some(Bound::Unbounded),
        Bound::Included(value) => term(value).map(Bound::Included),
        Bound::Excluded(value) => term(value).map(Bound::Excluded),
    };
    match (bound(low), bound(high)) {
        (Some(low), Some(high)) => Box::new(RangeQuery::new(low, high)),
        _ => Box::new(EmptyQuery),
    }
}
