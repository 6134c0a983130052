//! How an entry lies in the index: which fields there are and what each is for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tantivy::schema::{
    DateOptions, DateTimePrecision, FAST, Field as IndexField, INDEXED, IndexRecordOption,
    JsonObjectOptions, NumericOptions, OwnedValue, STORED, STRING, Schema, TextFieldIndexing,
    TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{DateTime, TantivyDocument};

use crate::clause::Field;
use crate::entry::{Entry, KEYWORDS, word};
use crate::words::WordTokenizer;

/// Everything that has no field of its own, as exact words and numbers.
pub const JSON_EXACT: &str = "_exact";
/// The same, cut into words.
const JSON_TEXT: &str = "_text";
const WORDS: &str = "words";

/// Beyond these an entry's further fields are kept but not searchable: every
/// path is a column, and a hostile line could make thousands.
const MAX_PATHS: usize = 100;
const MAX_DEPTH: usize = 8;
/// A longer value is searchable by its words, not as one exact word.
const MAX_EXACT_BYTES: usize = 1024;

#[derive(Clone)]
pub struct Fields {
    pub timestamp: IndexField,
    pub sequence: IndexField,
    pub id: IndexField,
    pub index: IndexField,
    pub message: IndexField,
    pub has_message: IndexField,
    pub json_exact: IndexField,
    pub json_text: IndexField,
    pub source: IndexField,
    keywords: BTreeMap<&'static str, IndexField>,
}

/// The schema of every window.
pub fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let keyword = STRING.clone() | FAST;
    let texts = TextFieldIndexing::default()
        .set_tokenizer(WORDS)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let exact = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::Basic);
    let date = DateOptions::default()
        .set_fast()
        .set_indexed()
        .set_precision(DateTimePrecision::Nanoseconds);
    let fields = Fields {
        timestamp: builder.add_date_field("@timestamp", date),
        sequence: builder
            .add_u64_field("_seq_no", NumericOptions::default() | FAST | INDEXED | STORED),
        id: builder.add_text_field("_id", keyword.clone() | STORED),
        index: builder.add_text_field("_index", keyword.clone() | STORED),
        message: builder
            .add_text_field("message", TextOptions::default().set_indexing_options(texts.clone())),
        has_message: builder.add_bool_field("_has_message", FAST),
        json_exact: builder.add_json_field(
            JSON_EXACT,
            JsonObjectOptions::default()
                .set_indexing_options(exact)
                .set_fast("raw")
                .set_expand_dots_enabled(),
        ),
        json_text: builder.add_json_field(
            JSON_TEXT,
            JsonObjectOptions::default().set_indexing_options(texts).set_expand_dots_enabled(),
        ),
        source: builder.add_text_field("_source", STORED),
        keywords: KEYWORDS
            .iter()
            .map(|name| (*name, builder.add_text_field(name, keyword.clone())))
            .collect(),
    };
    (builder.build(), fields)
}

pub fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(WORDS, TextAnalyzer::from(WordTokenizer));
    manager
}

impl Fields {
    /// The text field behind a query's field; callers handle paths, time and order themselves.
    pub fn text(&self, field: &Field) -> IndexField {
        match field {
            Field::Message => self.message,
            Field::Id => self.id,
            Field::Index => self.index,
            Field::Keyword(name) => self.keywords[name],
            Field::Timestamp => self.timestamp,
            Field::Sequence => self.sequence,
            Field::Dynamic(_) => self.json_exact,
        }
    }

    /// The document of an entry, and how many bytes its source has.
    pub fn document(&self, entry: &Entry) -> (TantivyDocument, usize) {
        let mut document = TantivyDocument::new();
        document.add_date(self.timestamp, DateTime::from_timestamp_nanos(entry.timestamp));
        document.add_u64(self.sequence, entry.sequence);
        document.add_text(self.id, entry.document_id());
        document.add_text(self.index, &entry.index);
        if let Some(message) = entry.source.get("message").filter(|message| !message.is_null()) {
            document.add_text(self.message, word(message));
            document.add_bool(self.has_message, true);
        }
        for (name, field) in &self.keywords {
            for value in entry.values(name) {
                document.add_text(*field, word(value));
            }
        }
        let mut left = MAX_PATHS;
        let rest = searchable(&entry.source, 0, &mut left, true);
        if !rest.is_empty() {
            document.add_object(self.json_text, rest.clone());
            document.add_object(self.json_exact, without_long(rest));
        }
        let source = serde_json::to_string(&entry.source).expect("a map of JSON is plain JSON");
        let bytes = source.len();
        document.add_text(self.source, source);
        (document, bytes)
    }
}

fn searchable(
    object: &Map<String, Value>,
    depth: usize,
    left: &mut usize,
    is_root: bool,
) -> BTreeMap<String, OwnedValue> {
    let has_own_field = |name: &str| {
        is_root && (matches!(name, "@timestamp" | "message") || KEYWORDS.contains(&name))
    };
    let mut found = BTreeMap::new();
    for (name, value) in object {
        if has_own_field(name) && !value.is_object() {
            continue;
        }
        if let Some(value) = owned(value, depth, left) {
            found.insert(name.clone(), value);
        }
    }
    found
}

fn owned(value: &Value, depth: usize, left: &mut usize) -> Option<OwnedValue> {
    if depth > MAX_DEPTH || *left == 0 {
        return None;
    }
    if !value.is_object() {
        *left -= 1;
    }
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) => OwnedValue::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => OwnedValue::I64(integer),
            (None, Some(integer)) => OwnedValue::U64(integer),
            (None, None) => OwnedValue::F64(number.as_f64()?),
        },
        Value::String(text) => OwnedValue::Str(text.clone()),
        Value::Array(members) => OwnedValue::Array(
            members.iter().filter_map(|member| owned(member, depth + 1, left)).collect(),
        ),
        Value::Object(inner) => {
            let inner = searchable(inner, depth + 1, left, false);
            OwnedValue::Object(inner.into_iter().collect())
        }
    })
}

fn without_long(object: BTreeMap<String, OwnedValue>) -> BTreeMap<String, OwnedValue> {
    object.into_iter().filter_map(|(name, value)| Some((name, short(value)?))).collect()
}

fn short(value: OwnedValue) -> Option<OwnedValue> {
    match value {
        OwnedValue::Str(text) if text.len() > MAX_EXACT_BYTES => None,
        OwnedValue::Array(members) => {
            Some(OwnedValue::Array(members.into_iter().filter_map(short).collect()))
        }
        OwnedValue::Object(members) => Some(OwnedValue::Object(
            members.into_iter().filter_map(|(name, value)| Some((name, short(value)?))).collect(),
        )),
        other => Some(other),
    }
}
