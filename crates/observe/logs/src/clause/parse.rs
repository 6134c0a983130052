//! Elasticsearch's query DSL into clauses. What is not understood is refused by
//! name: a filter that is silently dropped would show other lines than asked for.

mod patterns;
mod times;
mod words;

use std::ops::Bound;

use serde_json::{Map, Value};

use super::text::{self, Syntax};
use super::{Clause, Field, Scalar, wildcard_regex};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::time::Edge;
pub(super) use patterns::checked_pattern;
use patterns::pattern;
pub(super) use words::phrase_of;
use words::{bool_prefix, phrase};

/// Deeper nesting is an attack or a mistake, and would exhaust the stack.
const MAX_DEPTH: usize = 64;

/// What every query may say of itself; scores do not order lines.
const COMMON: [&str; 2] = ["boost", "_name"];

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
            "match_all" => Options::of(body, name)?.only(&COMMON).map(|_| Clause::All),
            "match_none" => Options::of(body, name)?.only(&COMMON).map(|_| Clause::Nothing),
            "bool" => self.boolean(body, depth),
            "constant_score" => {
                let options = Options::of(body, name)?.only(&["filter", "boost", "_name"])?;
                self.clause(options.required("filter")?, depth + 1)
            }
            "term" => self.term(body),
            "terms" => self.terms(body),
            "ids" => ids(body),
            "match" => self.words(body),
            "match_bool_prefix" => bool_prefix(body),
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
        let mut insensitive = false;
        let mut inner = value;
        if value.is_object() {
            let options = Options::of(value, "term")?.only(&[
                "value",
                "case_insensitive",
                "boost",
                "_name",
            ])?;
            inner = options.required("value")?;
            insensitive = options.flag("case_insensitive")?.unwrap_or(false);
        }
        let scalar = scalar(inner, "term", field)?;
        if insensitive {
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

    fn text(&self, body: &Value, clause: &'static str, syntax: Syntax) -> Result<Clause> {
        let options = Options::of(body, clause)?.only(&[
            "query",
            "fields",
            "default_field",
            "default_operator",
            "analyze_wildcard",
            "lenient",
            "allow_leading_wildcard",
            "boost",
            "_name",
            "type",
            "analyzer",
            "tie_breaker",
            "auto_generate_synonyms_phrase_query",
            "enable_position_increments",
            "max_determinized_states",
            "quote_field_suffix",
            "flags",
        ])?;
        let query = options.required("query")?;
        let query = query.as_str().ok_or_else(|| options.bad("query", "text"))?;
        if options.text("flags")?.is_some_and(|flags| flags != "ALL") {
            return Err(options.bad("flags", "ALL"));
        }
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
    let options = Options::of(body, "ids")?.only(&["values", "boost", "_name"])?;
    let values = options.required("values")?;
    let values = values.as_array().ok_or_else(|| options.bad("values", "a list of ids"))?;
    let values =
        values.iter().map(|value| scalar(value, "ids", "values")).collect::<Result<_>>()?;
    Ok(Clause::Term { field: Field::Id, values })
}

fn exists(body: &Value) -> Result<Clause> {
    let options = Options::of(body, "exists")?.only(&["field", "boost", "_name"])?;
    let field = options.required("field")?;
    let field = field.as_str().ok_or_else(|| options.bad("field", "the name of a field"))?;
    Ok(Clause::Exists { field: Field::named(field) })
}
