//! Lists: a walk along the keys in the order of their bytes.
//!
//! A common prefix costs one step however many keys it stands for: the walk goes on
//! behind it. A page costs what it shows, whatever the bucket holds.

use async_trait::async_trait;
use sqlx::Row;

use crate::error::Result;
use crate::{Buckets, names};

/// Keys that are read together where prefixes may have to be skipped: few behind one, as
/// another often follows, and more with each step that met none.
const STEP: usize = 8;
const LONGEST_STEP: usize = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub key: String,
    pub size: u64,
    pub etag: String,
    pub modified_at: i64,
}

/// Where keys come from.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// Keys from `from` on, or after it, and before `end`, in order.
    async fn entries(&self, from: &From, end: Option<&str>, limit: usize) -> Result<Vec<Entry>>;
}

#[derive(Clone, Debug)]
pub(crate) enum From {
    At(String),
    After(String),
}

impl From {
    pub fn admits(&self, key: &str) -> bool {
        match self {
            Self::At(first) => key >= first.as_str(),
            Self::After(last) => key > last.as_str(),
        }
    }
}

/// What a list is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub prefix: String,
    pub delimiter: String,
    /// A key or a common prefix of the page before.
    pub after: String,
    pub most: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub entries: Vec<Entry>,
    pub prefixes: Vec<String>,
    /// Behind which the next page begins.
    pub next: Option<String>,
}

impl Page {
    fn len(&self) -> usize {
        self.entries.len() + self.prefixes.len()
    }
}

/// Reads one page.
pub(crate) async fn page(source: &dyn Source, asked: &Asked) -> Result<Page> {
    let Asked { prefix, delimiter, most, .. } = asked;
    let end = names::after_all(prefix);
    let mut page = Page::default();
    let mut last = String::new();
    let Some(mut from) = start(asked) else { return Ok(page) };
    if *most == 0 {
        return Ok(page);
    }
    let mut step = STEP;
    loop {
        // One more tells whether there is a next page.
        let missing = most - page.len() + 1;
        let limit = if delimiter.is_empty() { missing } else { missing.min(step) };
        let found = source.entries(&from, end.as_deref(), limit).await?;
        let is_last = found.len() < limit;
        step = LONGEST_STEP.min(step * 4);
        for entry in found {
            if !from.admits(&entry.key) {
                continue;
            }
            if page.len() == *most {
                page.next = Some(last);
                return Ok(page);
            }
            match common(&entry.key, prefix, delimiter) {
                Some(common) => {
                    last = common.to_owned();
                    page.prefixes.push(last.clone());
                    step = STEP;
                    match names::after_all(common) {
                        Some(behind) => from = From::At(behind),
                        None => return Ok(page),
                    }
                }
                None => {
                    last = entry.key.clone();
                    from = From::After(entry.key.clone());
                    page.entries.push(entry);
                }
            }
        }
        if is_last {
            return Ok(page);
        }
    }
}

/// Where the walk begins; `None` when nothing can follow.
fn start(asked: &Asked) -> Option<From> {
    let Asked { prefix, delimiter, after, .. } = asked;
    if after < prefix {
        return Some(From::At(prefix.clone()));
    }
    match common(after, prefix, delimiter) {
        // Behind a common prefix, or a key below one that a page has shown.
        Some(common) if common == after => names::after_all(common).map(From::At),
        _ => Some(From::After(after.clone())),
    }
}

/// The part of a key up to the first delimiter behind the prefix.
fn common<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    if delimiter.is_empty() {
        return None;
    }
    let rest = key.strip_prefix(prefix)?;
    let at = rest.find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// The objects of a bucket.
pub(crate) struct Rows<'a> {
    pub buckets: &'a Buckets,
    pub project: &'a str,
    pub bucket: &'a str,
}

#[async_trait]
impl Source for Rows<'_> {
    async fn entries(&self, from: &From, end: Option<&str>, limit: usize) -> Result<Vec<Entry>> {
        let (compare, first) = match from {
            From::At(first) => (">=", first),
            From::After(last) => (">", last),
        };
        let before = if end.is_some() { " AND key < $5" } else { "" };
        let sql = format!(
            "SELECT key, size, etag, modified_at FROM bucket_objects \
             WHERE project = $1 AND bucket = $2 AND key {compare} $3{before} \
             ORDER BY key LIMIT $4"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.project.to_owned())
            .bind(self.bucket.to_owned())
            .bind(first.clone())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        if let Some(end) = end {
            query = query.bind(end.to_owned());
        }
        let rows = query.fetch_all(self.buckets.0.database.read()).await?;
        let read = |row: &sqlx::any::AnyRow| -> Result<Entry> {
            Ok(Entry {
                key: row.try_get(0)?,
                size: row.try_get::<i64, _>(1)?.unsigned_abs(),
                etag: row.try_get(2)?,
                modified_at: row.try_get(3)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Keys(Vec<&'static str>, std::sync::atomic::AtomicUsize);

    impl Keys {
        fn new(mut keys: Vec<&'static str>) -> Self {
            keys.sort_unstable();
            Self(keys, 0.into())
        }
    }

    #[async_trait]
    impl Source for Keys {
        async fn entries(
            &self,
            from: &From,
            end: Option<&str>,
            limit: usize,
        ) -> Result<Vec<Entry>> {
            let keys = self.0.iter().filter(|key| from.admits(key));
            let keys = keys.filter(|key| end.is_none_or(|end| **key < end)).take(limit);
            let entry = |key: &&str| Entry {
                key: (*key).to_owned(),
                size: 0,
                etag: String::new(),
                modified_at: 0,
            };
            let found: Vec<Entry> = keys.map(entry).collect();
            self.1.fetch_add(found.len(), std::sync::atomic::Ordering::Relaxed);
            Ok(found)
        }
    }

    /// All pages, as their keys and prefixes in one list.
    async fn all(keys: &Keys, prefix: &str, delimiter: &str, most: usize) -> Vec<Vec<String>> {
        let mut asked = Asked {
            prefix: prefix.into(),
            delimiter: delimiter.into(),
            after: String::new(),
            most,
        };
        let mut pages = Vec::new();
        loop {
            let found = page(keys, &asked).await.expect("a page");
            let mut shown: Vec<String> = found.entries.into_iter().map(|entry| entry.key).collect();
            shown.extend(found.prefixes);
            shown.sort();
            pages.push(shown);
            match found.next {
                Some(next) => asked.after = next,
                None => return pages,
            }
        }
    }

    #[tokio::test]
    async fn pages_have_all_keys_and_prefixes_once() {
        let keys = Keys::new(vec!["a", "b/1", "b/2", "b/c/3", "b0", "数/1", "数/2", "z/"]);
        let whole = ["a", "b/", "b0", "z/", "数/"];
        for most in 1..7 {
            let pages = all(&keys, "", "/", most).await;
            assert_eq!(pages.concat(), whole, "{most}");
            assert_eq!(pages.len(), whole.len().div_ceil(most), "{most}");
            let pages = all(&keys, "", "", most).await;
            assert_eq!(pages.concat(), keys.0, "{most}");
        }
        assert_eq!(all(&keys, "b/", "/", 10).await.concat(), ["b/1", "b/2", "b/c/"]);
        assert_eq!(all(&keys, "b", "/", 10).await.concat(), ["b/", "b0"]);
        assert_eq!(all(&keys, "z/", "/", 10).await.concat(), ["z/"]);
        assert!(all(&keys, "none", "/", 10).await.concat().is_empty());
    }

    #[tokio::test]
    async fn a_prefix_costs_one_step() {
        let many: Vec<&'static str> =
            (0..5000).map(|n| &*format!("a/{n:04}").leak()).chain(["b", "c/x"]).collect();
        let keys = Keys::new(many);
        assert_eq!(all(&keys, "", "/", 1000).await.concat(), ["a/", "b", "c/"]);
        let read = keys.1.load(std::sync::atomic::Ordering::Relaxed);
        assert!(read < 200, "{read} keys were read to show three");
    }
}
