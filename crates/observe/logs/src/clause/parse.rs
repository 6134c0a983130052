//! Elasticsearch's query DSL into clauses. What is not understood is refused by
//! name: a filter that is silently dropped would show other lines than asked for.

use std::ops::Bound;

use serde_json::{Map, Value};

use super::text::{self, Syntax};
use super::{Clause, Field, Scalar, wildcard_regex};
use crate::error::{Error, Result};
use crate::time::{self, Edge};
use crate::words::words;

/// Deeper nesting is an attack or a mistake, and would exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Understands a query; `now` anchors date math.
pub fn query(value: &Value, now: i64) -> Result<Clause> {
    Parser { now }.clause(value, 0)
}

struct Parser {
    now: i64,
}

impl Parser {
    fn clause(&self, value: &Value, depth: usize) -> Result<Clause> {
        if depth > MAX_DEPTH {
            return Err(Error::illegal("query", format!("nested deeper than {MAX_DEPTH} clauses")));
        }
        let object = value.as_object().ok_or_else(|| {
            Error::parsing("query", format!("expected an object with one query, found {value}"))
        })?;
        let mut entries = object.iter();
        let (name, body) = entries
            .next()
            .ok_or_else(|| Error::illegal("query", "query malformed, empty clause found"))?;
        if let Some((second, _)) = entries.next() {
            return Err(Error::parsing(
                name,
                format!(
                    "malformed query, expected [END_OBJECT] but found a second query [{second}]; wrap both in [bool]"
                ),
            ));
        }
        match name.as_str() {
            "match_all" => Ok(Clause::All),
            "match_none" => Ok(Clause::Nothing),
            "bool" => self.boolean(body, depth),
            "constant_score" => {
                let inner =
                    body.get("filter").ok_or_else(|| Error::parsing(name, "requires a filter"))?;
                self.clause(inner, depth + 1)
            }
            "term" => self.term(body),
            "terms" => self.terms(body),
            "ids" => ids(body),
            "match" => self.words(body),
            "match_phrase" => phrase(body, "match_phrase", false),
            "match_phrase_prefix" => phrase(body, "match_phrase_prefix", true),
            "multi_match" => self.multi_match(body),
            "prefix" => pattern(body, "prefix", |text| format!("{}(?s:.*)", regex::escape(text))),
            "wildcard" => pattern(body, "wildcard", wildcard_regex),
            "regexp" => pattern(body, "regexp", str::to_owned),
            "range" => self.range(body),
            "exists" => exists(body),
            "query_string" => self.text(body, "query_string", Syntax::Lucene),
            "simple_query_string" => self.text(body, "simple_query_string", Syntax::Simple),
            unknown => Err(Error::parsing(unknown, format!("unknown query [{unknown}]"))),
        }
    }

    fn boolean(&self, body: &Value, depth: usize) -> Result<Clause> {
        let object = object(body, "bool")?;
        let (mut must, mut should, mut must_not) = (vec![], vec![], vec![]);
        let mut minimum = None;
        for (key, value) in object {
            let into = match key.as_str() {
                "must" | "filter" => &mut must,
                "should" => &mut should,
                "must_not" => &mut must_not,
                "minimum_should_match" => {
                    minimum = Some(value.clone());
                    continue;
                }
                "boost" | "_name" | "adjust_pure_negative" => continue,
                unknown => {
                    return Err(Error::parsing(
                        "bool",
                        format!("[bool] query does not support [{unknown}]"),
                    ));
                }
            };
            match value {
                Value::Array(members) => {
                    for member in members {
                        into.push(self.clause(member, depth + 1)?);
                    }
                }
                single => into.push(self.clause(single, depth + 1)?),
            }
        }
        let minimum = match minimum {
            Some(value) => minimum_should_match(&value, should.len())?,
            None => usize::from(must.is_empty() && !should.is_empty()),
        };
        Ok(Clause::Bool { must, should, must_not, minimum })
    }

    fn term(&self, body: &Value) -> Result<Clause> {
        let (field, value) = single_field(body, "term")?;
        let options = value.as_object();
        let inner = options.map_or(Some(value), |options| options.get("value"));
        let inner =
            inner.ok_or_else(|| Error::parsing("term", format!("[{field}] requires a value")))?;
        let insensitive =
            options.and_then(|options| options.get("case_insensitive")).and_then(Value::as_bool);
        let scalar = scalar(inner, "term", field)?;
        if insensitive == Some(true) {
            let regex = format!("(?i:{})", regex::escape(&scalar.word()));
            return checked_pattern(Field::named(field), regex, "term");
        }
        self.equals(Field::named(field), vec![scalar], "term")
    }

    fn terms(&self, body: &Value) -> Result<Clause> {
        let (field, value) = single_field(body, "terms")?;
        let members = value.as_array().ok_or_else(|| {
            Error::parsing("terms", format!("[{field}] must be a list of values"))
        })?;
        let values =
            members.iter().map(|member| scalar(member, "terms", field)).collect::<Result<_>>()?;
        self.equals(Field::named(field), values, "terms")
    }

    /// Equality; a time is compared as an instant, and text is compared by its words.
    fn equals(&self, field: Field, values: Vec<Scalar>, clause: &str) -> Result<Clause> {
        if field != Field::Timestamp {
            return Ok(Clause::Term { field, values });
        }
        let instants = values.into_iter().map(|value| {
            Ok(Clause::Range {
                field: Field::Timestamp,
                lower: Bound::Included(self.instant(&value, Edge::Start, clause)?),
                upper: Bound::Included(self.instant(&value, Edge::End, clause)?),
            })
        });
        Ok(Clause::any_of(instants.collect::<Result<_>>()?))
    }

    fn words(&self, body: &Value) -> Result<Clause> {
        let (field, value) = single_field(body, "match")?;
        let (text, all) = match value {
            Value::Object(options) => {
                let text = options.get("query").ok_or_else(|| {
                    Error::parsing("match", format!("[{field}] requires a query"))
                })?;
                (scalar(text, "match", field)?, operator_is_and(options.get("operator"), "match")?)
            }
            plain => (scalar(plain, "match", field)?, false),
        };
        self.text_match(Field::named(field), text, all)
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

    fn multi_match(&self, body: &Value) -> Result<Clause> {
        let options = object(body, "multi_match")?;
        let text = options
            .get("query")
            .ok_or_else(|| Error::parsing("multi_match", "requires a query"))?;
        let text = scalar(text, "multi_match", "query")?;
        let all = operator_is_and(options.get("operator"), "multi_match")?;
        let is_phrase = options.get("type").and_then(Value::as_str) == Some("phrase");
        let fields = field_list(options.get("fields"), "multi_match")?;
        let clauses = fields.into_iter().map(|field| {
            if is_phrase {
                return Ok(phrase_of(field, &text.word(), 0, false));
            }
            self.text_match(field, text.clone(), all)
        });
        Ok(Clause::any_of(clauses.collect::<Result<_>>()?))
    }

    fn range(&self, body: &Value) -> Result<Clause> {
        let (name, value) = single_field(body, "range")?;
        let field = Field::named(name);
        let (mut lower, mut upper) = (Bound::Unbounded, Bound::Unbounded);
        for (key, bound) in object(value, "range")? {
            if matches!(key.as_str(), "format" | "time_zone" | "boost" | "relation")
                || bound.is_null()
            {
                continue;
            }
            let edge = if matches!(key.as_str(), "gt" | "lte") { Edge::End } else { Edge::Start };
            let mut limit = scalar(bound, "range", name)?;
            if field == Field::Timestamp {
                limit = self.instant(&limit, edge, "range")?;
            }
            match key.as_str() {
                "gt" => lower = Bound::Excluded(limit),
                "gte" | "from" => lower = Bound::Included(limit),
                "lt" => upper = Bound::Excluded(limit),
                "lte" | "to" => upper = Bound::Included(limit),
                unknown => {
                    return Err(Error::parsing(
                        "range",
                        format!("[range] query does not support [{unknown}]"),
                    ));
                }
            }
        }
        Ok(Clause::Range { field, lower, upper })
    }

    fn instant(&self, value: &Scalar, edge: Edge, clause: &str) -> Result<Scalar> {
        let bad = || {
            Error::parsing(
                clause,
                format!(
                    "failed to parse date field [{}]; use RFC 3339, epoch milliseconds or date math such as now-15m",
                    value.word()
                ),
            )
        };
        let nanoseconds = match value {
            Scalar::Integer(milliseconds) => milliseconds.checked_mul(1_000_000),
            Scalar::Float(milliseconds) => Some((milliseconds * 1e6) as i64),
            Scalar::Text(text) => time::parse_bound(text, edge, self.now),
            Scalar::Bool(_) => None,
        };
        nanoseconds.map(Scalar::Integer).ok_or_else(bad)
    }

    fn text(&self, body: &Value, clause: &'static str, syntax: Syntax) -> Result<Clause> {
        let options = object(body, clause)?;
        let query = options
            .get("query")
            .and_then(Value::as_str)
            .ok_or_else(|| Error::parsing(clause, "requires a query text"))?;
        let fields = match options.get("fields") {
            Some(fields) => field_list(Some(fields), clause)?,
            None => vec![
                options
                    .get("default_field")
                    .and_then(Value::as_str)
                    .map_or(Field::Message, default_field),
            ],
        };
        let and = operator_is_and(options.get("default_operator"), clause)?;
        text::parse(query, &text::Options { syntax, fields, and, now: self.now })
    }
}

/// `*` asks for every field; ours means the message.
fn default_field(name: &str) -> Field {
    if name == "*" { Field::Message } else { Field::named(name) }
}

fn object<'a>(value: &'a Value, clause: &str) -> Result<&'a Map<String, Value>> {
    value.as_object().ok_or_else(|| {
        Error::parsing(clause, format!("[{clause}] expects an object, found {value}"))
    })
}

/// The one `field: …` of a leaf query, past `boost` and `_name`.
fn single_field<'a>(body: &'a Value, clause: &str) -> Result<(&'a str, &'a Value)> {
    let mut fields = object(body, clause)?
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "boost" | "_name"));
    match (fields.next(), fields.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        (None, _) => Err(Error::parsing(clause, format!("[{clause}] query requires a field name"))),
        (Some((first, _)), Some((second, _))) => Err(Error::parsing(
            clause,
            format!(
                "[{clause}] query doesn't support multiple fields, found [{first}] and [{second}]"
            ),
        )),
    }
}

fn scalar(value: &Value, clause: &str, field: &str) -> Result<Scalar> {
    match value {
        Value::String(text) => Ok(Scalar::Text(text.clone())),
        Value::Bool(truth) => Ok(Scalar::Bool(*truth)),
        Value::Number(number) => Ok(match number.as_i64() {
            Some(integer) => Scalar::Integer(integer),
            None => Scalar::Float(number.as_f64().unwrap_or(f64::NAN)),
        }),
        other => Err(Error::parsing(clause, format!("[{field}] expects one value, found {other}"))),
    }
}

fn operator_is_and(value: Option<&Value>, clause: &str) -> Result<bool> {
    match value.and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
        None | Some("or") => Ok(false),
        Some("and") => Ok(true),
        Some(other) => {
            Err(Error::parsing(clause, format!("operator [{other}] is neither [and] nor [or]")))
        }
    }
}

fn minimum_should_match(value: &Value, count: usize) -> Result<usize> {
    let text = crate::entry::word(value);
    let parsed = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<i64>().ok().map(|percent| count as i64 * percent / 100),
        None => text.parse::<i64>().ok(),
    };
    let wanted = parsed.ok_or_else(|| {
        Error::parsing(
            "bool",
            format!("minimum_should_match [{text}] is neither a number nor a percentage"),
        )
    })?;
    let wanted = if text.starts_with('-') { count as i64 + wanted } else { wanted };
    Ok(usize::try_from(wanted).unwrap_or(0))
}

fn field_list(value: Option<&Value>, clause: &str) -> Result<Vec<Field>> {
    let Some(value) = value else { return Ok(vec![Field::Message]) };
    let names = match value {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        other => {
            return Err(Error::parsing(
                clause,
                format!("fields must be a list of names, found {other}"),
            ));
        }
    };
    // A weight such as `message^2` orders by relevance, which lines are not ordered by.
    Ok(names
        .into_iter()
        .map(|name| default_field(name.split('^').next().unwrap_or(name)))
        .collect())
}

fn ids(body: &Value) -> Result<Clause> {
    let values = body
        .get("values")
        .and_then(Value::as_array)
        .ok_or_else(|| Error::parsing("ids", "[ids] requires a list [values]"))?;
    let values =
        values.iter().map(|value| scalar(value, "ids", "values")).collect::<Result<_>>()?;
    Ok(Clause::Term { field: Field::Id, values })
}

fn phrase(body: &Value, clause: &str, prefix: bool) -> Result<Clause> {
    let (field, value) = single_field(body, clause)?;
    let (text, slop) = match value {
        Value::Object(options) => {
            let text = options
                .get("query")
                .ok_or_else(|| Error::parsing(clause, format!("[{field}] requires a query")))?;
            (text, options.get("slop").and_then(Value::as_u64).unwrap_or(0))
        }
        plain => (plain, 0),
    };
    let text = scalar(text, clause, field)?.word();
    Ok(phrase_of(Field::named(field), &text, u32::try_from(slop).unwrap_or(u32::MAX), prefix))
}

/// A phrase on an exact field is the exact value, or its beginning.
pub(super) fn phrase_of(field: Field, text: &str, slop: u32, prefix: bool) -> Clause {
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

fn pattern(body: &Value, clause: &str, to_regex: impl Fn(&str) -> String) -> Result<Clause> {
    let (field, value) = single_field(body, clause)?;
    let (text, insensitive) = match value {
        Value::Object(options) => (
            options.get("value").or_else(|| options.get("wildcard")).unwrap_or(&Value::Null),
            options.get("case_insensitive").and_then(Value::as_bool).unwrap_or(false),
        ),
        plain => (plain, false),
    };
    let text = scalar(text, clause, field)?.word();
    let regex = to_regex(&text);
    let regex = if insensitive { format!("(?i:{regex})") } else { regex };
    checked_pattern(Field::named(field), regex, clause)
}

/// Words of the message are held in lower case, so its patterns are too.
pub(super) fn checked_pattern(field: Field, regex: String, clause: &str) -> Result<Clause> {
    if matches!(field, Field::Timestamp | Field::Sequence) {
        return Err(Error::illegal(clause, format!("[{}] is not text; use [range]", field.name())));
    }
    let regex = if field == Field::Message { format!("(?i:{regex})") } else { regex };
    super::lower::check_pattern(&regex)
        .map_err(|reason| Error::illegal(clause, format!("invalid pattern: {reason}")))?;
    Ok(Clause::Pattern { field, regex })
}

fn exists(body: &Value) -> Result<Clause> {
    let field = body
        .get("field")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::parsing("exists", "[exists] requires a [field]"))?;
    Ok(Clause::Exists { field: Field::named(field) })
}
