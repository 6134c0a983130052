//! Lines as the documents of a bulk request, and what the engine says to each.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::names;
use crate::entry::{AS_TEXT, Entry};
use crate::error::Result;
use crate::intake::Batch;
use crate::position::Advance;

/// A line with where and as what it is stored.
pub struct Document {
    pub index: String,
    pub id: String,
    /// Whether the id is such that the same line sent again replaces itself.
    pub is_known: bool,
    pub source: Value,
}

/// A sender's own id is its namespace's: nobody replaces what lies in another's.
pub fn id_within(namespace: &str, id: &str) -> String {
    format!("{namespace}:{id}")
}

/// The documents of a batch, and their ids as the sender is told them.
pub fn documents(prefix: &str, batch: &Batch) -> Result<Vec<(Document, String)>> {
    let series = batch.advances.iter().find_map(|advance| match advance {
        Advance::To(name, series) => Some((name, series.lines)),
        Advance::Forget(_) => None,
    });
    let first =
        series.map(|(name, lines)| (name, lines.saturating_sub(batch.entries.len() as u64)));
    let numbered = batch.entries.iter().zip(0_u64..);
    numbered
        .map(|(entry, place)| {
            document(prefix, entry, first.map(|(name, first)| (name, first + place)))
        })
        .collect()
}

fn document(
    prefix: &str,
    entry: &Entry,
    line: Option<(&String, u64)>,
) -> Result<(Document, String)> {
    let namespace = entry.source.get("namespace").and_then(Value::as_str);
    let (id, told, is_known) = match (&entry.id, line) {
        (Some(id), _) => {
            let own = namespace.map_or_else(|| id.clone(), |namespace| id_within(namespace, id));
            (own, id.clone(), true)
        }
        (None, Some((series, number))) => {
            let digest = Sha256::digest(format!("{series}\n{number}"));
            let id: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            (id.clone(), id, true)
        }
        (None, None) => {
            let id = uuid::Uuid::new_v4().simple().to_string();
            (id.clone(), id, false)
        }
    };
    let index = names::of_day(prefix, &entry.index, entry.timestamp, crate::time::now())?;
    let source = Value::Object(entry.source.clone());
    Ok((Document { index, id, is_known, source }, told))
}

impl Document {
    /// The same line where its fields are not taken: as text, so that none is lost.
    pub fn plain(&self) -> Document {
        let mut source = self.source.clone();
        if let Some(fields) = source.get("fields").cloned() {
            source["fields"] = json!({ AS_TEXT: fields.to_string() });
        }
        Document { index: self.index.clone(), id: self.id.clone(), is_known: true, source }
    }
}

/// Elasticsearch works best with 5 to 15 MB at once.
const MAX_BODY: usize = 8 << 20;

/// A request of the first documents, and how many they are: at least one.
pub fn body(documents: &[&Document]) -> (Bytes, usize) {
    let (mut lines, mut count) = (String::new(), 0);
    for Document { index, id, is_known, source } in documents {
        if lines.len() > MAX_BODY {
            break;
        }
        count += 1;
        let action = if *is_known { "index" } else { "create" };
        lines += &json!({action: {"_index": index, "_id": id}}).to_string();
        lines.push('\n');
        lines += &source.to_string();
        lines.push('\n');
    }
    (lines.into(), count)
}

/// What became of one document.
pub enum Fate {
    Stored,
    /// Not now.
    Later(String),
    /// Not as it is.
    Never(String),
}

/// The fates in the order of the request; `None` when there are not as many.
pub fn fates(answer: &Value, count: usize) -> Option<Vec<Fate>> {
    let items = answer["items"].as_array().filter(|items| items.len() == count)?;
    let fate = |item: &Value| {
        let told = item.as_object().and_then(|item| item.values().next())?;
        let status = told["status"].as_u64()?;
        let reason = || {
            format!(
                "{}: {}",
                told["error"]["type"].as_str().unwrap_or("?"),
                told["error"]["reason"].as_str().unwrap_or("?")
            )
        };
        Some(match status {
            // A line that is there already was sent before.
            200..=299 | 409 => Fate::Stored,
            429 | 500.. => Fate::Later(reason()),
            _ => Fate::Never(reason()),
        })
    };
    items.iter().map(fate).collect()
}
