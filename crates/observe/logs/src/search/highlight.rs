//! Marks what was searched for. The text around the marks is as it was, so a page
//! must escape it as it does any text, unless it asks for `"encoder": "html"`.
//! Whole values are given back, never fragments: a line is read as a whole.

use regex::Regex;
use serde_json::{Map, Value};

use crate::clause::{Clause, Field, parse, wildcard_regex};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::words::words;

/// What to mark and how.
pub struct Highlight {
    fields: Vec<Regex>,
    before: String,
    after: String,
    escapes: bool,
    marks: Vec<Mark>,
}

/// A word, value or pattern that the query looks for in a field.
struct Mark {
    field: Field,
    pattern: Regex,
}

const OPTIONS: [&str; 13] = [
    "fields",
    "pre_tags",
    "post_tags",
    "encoder",
    "highlight_query",
    "require_field_match",
    "type",
    "fragment_size",
    "number_of_fragments",
    "no_match_size",
    "order",
    "boundary_scanner",
    "max_analyzed_offset",
];

impl Highlight {
    /// `query` is what the lines are searched for, unless the options name another.
    pub fn parse(value: &Value, query: &Clause, now: i64) -> Result<Highlight> {
        let options = Options::of(value, "highlight")?.only(&OPTIONS)?;
        let tag = |key: &str, otherwise: &str| match options.get(key) {
            None => Ok(otherwise.to_owned()),
            Some(Value::String(tag)) => Ok(tag.clone()),
            Some(Value::Array(tags)) => {
                Ok(tags.first().and_then(Value::as_str).unwrap_or(otherwise).to_owned())
            }
            Some(_) => Err(options.bad(key, "a list of texts")),
        };
        let fields = match options.required("fields")? {
            Value::Object(fields) => fields.keys().cloned().collect(),
            Value::Array(list) => {
                let names = list.iter().filter_map(Value::as_object).flat_map(Map::keys);
                names.cloned().collect::<Vec<_>>()
            }
            _ => return Err(options.bad("fields", "an object of field names")),
        };
        let pattern = |name: &String| {
            Regex::new(&format!("^{}$", wildcard_regex(name)))
                .map_err(|error| Error::parsing("highlight", error.to_string()))
        };
        let own = options.get("highlight_query").map(|own| parse::query(own, now)).transpose()?;
        let mut marks = Vec::new();
        gather(own.as_ref().unwrap_or(query), &mut marks);
        Ok(Highlight {
            fields: fields.iter().map(pattern).collect::<Result<_>>()?,
            before: tag("pre_tags", "<em>")?,
            after: tag("post_tags", "</em>")?,
            escapes: options.text("encoder")? == Some("html"),
            marks,
        })
    }

    /// The marked values by field, or `None` when nothing is to be marked.
    pub fn of(&self, entry: &Entry) -> Option<Map<String, Value>> {
        let mut found = Map::new();
        for mark in &self.marks {
            let name = mark.field.name();
            if found.contains_key(name) || !self.fields.iter().any(|field| field.is_match(name)) {
                continue;
            }
            let values = match &mark.field {
                Field::Message => vec![entry.message()],
                Field::Keyword(_) | Field::Dynamic(_) => {
                    entry.values(name).into_iter().filter_map(Value::as_str).collect()
                }
                _ => vec![],
            };
            let marked: Vec<Value> = values
                .into_iter()
                .filter_map(|value| self.value(&mark.field, value))
                .map(Value::from)
                .collect();
            if !marked.is_empty() {
                found.insert(name.to_owned(), marked.into());
            }
        }
        (!found.is_empty()).then_some(found)
    }

    fn value(&self, field: &Field, text: &str) -> Option<String> {
        let searched = |word: &str| {
            self.marks.iter().any(|mark| mark.field == *field && mark.pattern.is_match(word))
        };
        // Values of exact fields are found, and so marked, as a whole.
        if !matches!(field, Field::Message) && searched(text) {
            return Some(format!("{}{}{}", self.before, self.plain(text), self.after));
        }
        let mut marked = String::with_capacity(text.len() + 16);
        let mut done = 0;
        for word in words(text).into_iter().filter(|word| searched(&word.text)) {
            marked.push_str(&self.plain(&text[done..word.from]));
            marked.push_str(&self.before);
            marked.push_str(&self.plain(&text[word.from..word.to]));
            marked.push_str(&self.after);
            done = word.to;
        }
        if done == 0 {
            return None;
        }
        marked.push_str(&self.plain(&text[done..]));
        Some(marked)
    }

    fn plain(&self, text: &str) -> String {
        if !self.escapes {
            return text.to_owned();
        }
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#x27;"),
                plain => escaped.push(plain),
            }
        }
        escaped
    }
}

/// What a clause wants to be there; what it forbids is not marked.
fn gather(clause: &Clause, marks: &mut Vec<Mark>) {
    let mut add = |field: &Field, regex: String| {
        if let Ok(pattern) = Regex::new(&format!("^(?:{regex})$")) {
            marks.push(Mark { field: field.clone(), pattern });
        }
    };
    match clause {
        Clause::Words { field, words, .. } => {
            words.iter().for_each(|word| add(field, regex::escape(word)));
        }
        Clause::Phrase { field, words, prefix, .. } => {
            for (position, word) in words.iter().enumerate() {
                let is_begun = *prefix && position + 1 == words.len();
                add(field, format!("{}{}", regex::escape(word), if is_begun { ".*" } else { "" }));
            }
        }
        Clause::Term { field, values } => {
            values.iter().for_each(|value| add(field, regex::escape(&value.word())));
        }
        Clause::Pattern { field, regex } => add(field, regex.clone()),
        Clause::Bool { must, should, .. } => {
            must.iter().chain(should).for_each(|clause| gather(clause, marks));
        }
        Clause::All | Clause::Nothing | Clause::Range { .. } | Clause::Exists { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn marked(options: Value, query: Value, source: Value) -> Option<Value> {
        let query = parse::query(&query, 0).unwrap();
        let entry = Entry::new("logs", source.as_object().unwrap().clone(), 0).unwrap();
        Highlight::parse(&options, &query, 0).unwrap().of(&entry).map(Value::Object)
    }

    #[test]
    fn words_beginnings_and_values_are_marked() {
        let all = || json!({"fields": {"*": {}}});
        let source = || json!({"message": "It Failed: 完成 failing", "app": "web"});
        assert_eq!(
            marked(all(), json!({"match": {"message": "failed 成"}}), source()),
            Some(json!({"message": ["It <em>Failed</em>: 完<em>成</em> failing"]}))
        );
        assert_eq!(
            marked(all(), json!({"query_string": {"query": "fail* AND app:web"}}), source()),
            Some(
                json!({"message": ["It <em>Failed</em>: 完成 <em>failing</em>"], "app": ["<em>web</em>"]})
            )
        );
        let message = json!({"fields": {"message": {}}});
        assert_eq!(marked(message, json!({"term": {"app": "web"}}), source()), None);
        let must_not = json!({"bool": {"must_not": [{"match": {"message": "failed"}}]}});
        assert_eq!(marked(all(), must_not, source()), None);
    }

    #[test]
    fn marks_and_escapes_are_the_callers() {
        let options = json!({"fields": {"message": {}}, "pre_tags": ["["], "post_tags": ["]"], "encoder": "html"});
        assert_eq!(
            marked(options, json!({"match": {"message": "b"}}), json!({"message": "<a> b"})),
            Some(json!({"message": ["&lt;a&gt; [b]"]}))
        );
    }
}
