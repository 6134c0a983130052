//! The functions that templates call: Go's own and Prometheus's.

use std::cmp::Ordering;

use super::execute::{QUERY, Run};
use super::humanize::{
    humanize, humanize_1024, humanize_duration, humanize_percentage, humanize_timestamp,
};
use super::printf::{plain, sprintf};
use super::value::{self, Value};

const NAMES: [&str; 42] = [
    "and",
    "or",
    "not",
    "len",
    "index",
    "print",
    "printf",
    "println",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "html",
    "urlquery",
    "query",
    "first",
    "label",
    "value",
    "strvalue",
    "sortByLabel",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "title",
    "toUpper",
    "toLower",
    "match",
    "reReplaceAll",
    "stripPort",
    "stripDomain",
    "parseDuration",
    "graphLink",
    "tableLink",
    "externalURL",
    "pathPrefix",
    "safeHtml",
    "now",
    "toTime",
];

pub fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

pub fn call(run: &mut Run<'_>, name: &str, arguments: Vec<Value>) -> Result<Value, String> {
    run.spend(arguments.iter().map(Value::weight).sum())?;
    let given = arguments.as_slice();
    let float = |at: usize| argument(given, at)?.float();
    let text = |at: usize| argument(given, at)?.text();
    Ok(match name {
        "and" => first_where(given, |value| !value.is_true())?,
        "or" => first_where(given, Value::is_true)?,
        "not" => Value::Bool(!argument(given, 0)?.is_true()),
        "len" => Value::Int(length(argument(given, 0)?)?),
        "index" => index(argument(given, 0)?, &given[1..])?,
        "print" => Value::Text(printed(given)),
        "println" => Value::Text(given.iter().map(plain).collect::<Vec<_>>().join(" ") + "\n"),
        "printf" => Value::Text(sprintf(text(0)?, &given[1..])?),
        "eq" => {
            let first = argument(given, 0)?;
            argument(given, 1)?;
            let mut is_equal = false;
            for other in &given[1..] {
                is_equal |= compare(first, other)? == Some(Ordering::Equal);
            }
            Value::Bool(is_equal)
        }
        "ne" => ordered(given, |order| order != Some(Ordering::Equal))?,
        "lt" => ordered(given, |order| order == Some(Ordering::Less))?,
        "le" => ordered(given, |order| order.is_some_and(Ordering::is_le))?,
        "gt" => ordered(given, |order| order == Some(Ordering::Greater))?,
        "ge" => ordered(given, |order| order.is_some_and(Ordering::is_ge))?,
        "html" => Value::Text(escaped_html(&printed(given))),
        "urlquery" => Value::Text(encoded(&printed(given))),
        "query" => {
            run.spend(QUERY)?;
            let found = (run.data.query)(text(0)?).map_err(|error| error.to_string())?;
            run.spend(found.len())?;
            Value::List(found.iter().map(value::sample).collect())
        }
        "first" => match argument(given, 0)? {
            Value::List(list) => {
                list.first().cloned().ok_or("called on vector with no elements")?
            }
            other => return Err(format!("{} is no vector", other.kind())),
        },
        "label" => argument(given, 1)?.field("Labels")?.field(text(0)?)?,
        "value" => argument(given, 0)?.field("Value")?,
        "strvalue" => argument(given, 0)?.field("Labels")?.field("__value__")?,
        "sortByLabel" => sorted_by_label(text(0)?, argument(given, 1)?)?,
        "humanize" => Value::Text(humanize(float(0)?)),
        "humanize1024" => Value::Text(humanize_1024(float(0)?)),
        "humanizeDuration" => Value::Text(humanize_duration(float(0)?)),
        "humanizePercentage" => Value::Text(humanize_percentage(float(0)?)),
        "humanizeTimestamp" | "toTime" => Value::Text(humanize_timestamp(float(0)?)?),
        "title" => Value::Text(titled(text(0)?)),
        "toUpper" => Value::Text(text(0)?.to_uppercase()),
        "toLower" => Value::Text(text(0)?.to_lowercase()),
        "match" => Value::Bool(regex(text(0)?)?.is_match(text(1)?)),
        "reReplaceAll" => {
            let replaced = regex(text(0)?)?.replace_all(text(2)?, text(1)?).into_owned();
            Value::Text(replaced)
        }
        "stripPort" => Value::Text(without_port(text(0)?).to_owned()),
        "stripDomain" => Value::Text(without_domain(text(0)?)),
        "parseDuration" => {
            let duration = promql_parser::util::parse_duration(text(0)?)?;
            Value::Float(duration.as_secs_f64())
        }
        "graphLink" => Value::Text(link(text(0)?, 0)),
        "tableLink" => Value::Text(link(text(0)?, 1)),
        "externalURL" => Value::Text(run.data.external_url.to_owned()),
        "pathPrefix" => Value::Text(path(run.data.external_url).to_owned()),
        "safeHtml" => Value::Text(text(0)?.to_owned()),
        "now" => Value::Float(run.data.now as f64 / 1000.0),
        other => return Err(format!("function {other:?} not defined")),
    })
}

fn argument(given: &[Value], at: usize) -> Result<&Value, String> {
    given.get(at).ok_or_else(|| {
        format!("wrong number of args: want at least {} got {}", at + 1, given.len())
    })
}

/// What Go's `and` and `or` give: the value that decides, or else the last.
fn first_where(given: &[Value], decides: impl Fn(&Value) -> bool) -> Result<Value, String> {
    argument(given, 0)?;
    Ok(given.iter().find(|value| decides(value)).or(given.last()).cloned().unwrap_or(Value::Nil))
}

fn length(value: &Value) -> Result<i64, String> {
    match value {
        Value::Text(text) => Ok(text.len() as i64),
        Value::List(list) => Ok(list.len() as i64),
        Value::Labels(labels) => Ok(labels.len() as i64),
        other => Err(format!("len of type {}", other.kind())),
    }
}

fn index(value: &Value, keys: &[Value]) -> Result<Value, String> {
    keys.iter().try_fold(value.clone(), |value, key| match (&value, key) {
        (Value::Labels(_), Value::Text(name)) => value.field(name),
        (Value::List(list), Value::Int(at)) => {
            let found = usize::try_from(*at).ok().and_then(|at| list.get(at));
            found.cloned().ok_or_else(|| format!("index out of range: {at}"))
        }
        (value, key) => Err(format!("can't index {} by {}", value.kind(), key.kind())),
    })
}

/// As Go's `Sprint`: a space between two operands when neither is a text.
fn printed(given: &[Value]) -> String {
    let mut output = String::new();
    for (at, value) in given.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if at > 0 && !is_text(value) && !is_text(&given[at - 1]) {
            output.push(' ');
        }
        output.push_str(&plain(value));
    }
    output
}

fn ordered(given: &[Value], is: impl Fn(Option<Ordering>) -> bool) -> Result<Value, String> {
    Ok(Value::Bool(is(compare(argument(given, 0)?, argument(given, 1)?)?)))
}

/// Whole and other numbers compare too, which Go refuses.
fn compare(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Ok(Some(left.cmp(right))),
        (Value::Bool(left), Value::Bool(right)) => Ok(Some(left.cmp(right))),
        (Value::Int(left), Value::Int(right)) => Ok(Some(left.cmp(right))),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            Ok(left.float()?.partial_cmp(&right.float()?))
        }
        _ => Err("incompatible types for comparison".into()),
    }
}

fn sorted_by_label(label: &str, vector: &Value) -> Result<Value, String> {
    let Value::List(list) = vector else { return Err(format!("{} is no vector", vector.kind())) };
    let key = |sample: &Value| {
        let value = sample.field("Labels").and_then(|labels| labels.field(label));
        value.map(|value| plain(&value)).unwrap_or_default()
    };
    let mut list = list.clone();
    list.sort_by_cached_key(key);
    Ok(Value::List(list))
}

fn regex(pattern: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| format!("error parsing regexp: {error}"))
}

/// The first letter of each word in upper case.
fn titled(text: &str) -> String {
    let mut is_start = true;
    let letters = text.chars().map(|letter| {
        let starts = std::mem::replace(
            &mut is_start,
            !(letter.is_alphanumeric() || letter == '_' || letter == '\''),
        );
        if starts { letter.to_uppercase().collect::<String>() } else { letter.to_string() }
    });
    letters.collect()
}

fn without_port(address: &str) -> &str {
    let Some((host, _)) = address.rsplit_once(':') else { return address };
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host,
        // An IPv6 address alone has many colons and no port.
        None if host.contains(':') => address,
        None => host,
    }
}

fn without_domain(address: &str) -> String {
    let host = without_port(address);
    if host.parse::<std::net::IpAddr>().is_ok() {
        return address.to_owned();
    }
    let short = host.split('.').next().unwrap_or(host);
    match address.rsplit_once(':') {
        Some((_, port)) if host != address => format!("{short}:{port}"),
        _ => short.to_owned(),
    }
}

fn escaped_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The address of Prometheus's page for a query; tab 0 draws it, tab 1 lists it.
pub fn link(query: &str, tab: u8) -> String {
    format!("/graph?g0.expr={}&g0.tab={tab}", encoded(query))
}

/// The path of an address, without a slash at the end.
fn path(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    behind.find('/').map_or("", |at| behind[at..].trim_end_matches('/'))
}
