//! Looking for datasets by name, versions by tag and description, and files by
//! path, in one project.
//!
//! Bounded work: one answer looks at [`LOOKED_AT`] paths at most, and may have
//! fewer hits than were asked for and a `next` all the same.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Result;
use crate::versions::{Version, blocking};
use crate::{Data, Error};

/// Some tenths of a second.
const LOOKED_AT: usize = 500_000;
const LONGEST: usize = 253;

/// What is looked for, without regard to case.
pub(crate) struct Search {
    words: String,
    pub after: String,
    pub limit: usize,
    /// Files of all versions, not just of the newest of each dataset.
    pub all_versions: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Among {
    Datasets,
    Versions,
    Files,
}

#[derive(Debug, Serialize)]
struct Hit<'a> {
    dataset: &'a str,
    version: &'a str,
    #[serde(flatten)]
    file: &'a crate::manifest::FileEntry,
}

/// Of a file, `dataset/3/path`: the names of datasets have no slash.
fn position(dataset: &str, number: i64, path: &str) -> String {
    format!("{dataset}/{number}/{path}")
}

fn parsed(after: &str) -> Result<Option<(String, i64, String)>> {
    if after.is_empty() {
        return Ok(None);
    }
    let mut parts = after.splitn(3, '/');
    match (parts.next(), parts.next().map(str::parse), parts.next()) {
        (Some(dataset), Some(Ok(number)), Some(path)) => {
            Ok(Some((dataset.to_owned(), number, path.to_owned())))
        }
        _ => Err(Error::invalid("after", format!("'{after}' is no `next` of a page before"))),
    }
}

impl Search {
    pub fn new(words: &str, after: String, limit: usize, all_versions: bool) -> Result<Search> {
        let words = words.trim().to_lowercase();
        if words.is_empty() || words.chars().count() > LONGEST {
            return Err(Error::invalid("q", format!("expected 1 to {LONGEST} characters")));
        }
        Ok(Search { words, after, limit, all_versions })
    }

    fn finds(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.words)
    }
}

impl Data {
    pub(crate) async fn search(&self, project: &str, among: Among, asked: Search) -> Result<Value> {
        match among {
            Among::Datasets => self.search_datasets(project, &asked).await,
            Among::Versions => self.search_versions(project, &asked).await,
            Among::Files => self.search_files(project, asked).await,
        }
    }

    async fn search_datasets(&self, project: &str, asked: &Search) -> Result<Value> {
        let all = self.datasets(project).await?;
        let mut found = all
            .iter()
            .filter(|(name, _)| *name > asked.after && asked.finds(name))
            .map(|(name, latest)| json!({ "dataset": name, "latest": latest }));
        let items: Vec<Value> = found.by_ref().take(asked.limit).collect();
        let next = found.next().and(items.last()).map(|item| item["dataset"].clone());
        Ok(json!({ "items": items, "next": next }))
    }

    async fn search_versions(&self, project: &str, asked: &Search) -> Result<Value> {
        let after = parsed(&asked.after)?;
        let all = self.all_versions(project).await?;
        let mut found = all.iter().filter(|(dataset, version)| {
            let fresh = after
                .as_ref()
                .is_none_or(|(of, number, _)| (dataset, -version.number()) > (of, -number));
            fresh
                && (version.tags.iter().any(|tag| asked.finds(tag))
                    || asked.finds(&version.description))
        });
        let page: Vec<&(String, Version)> = found.by_ref().take(asked.limit).collect();
        let next = found.next().and(page.last());
        let next = next.map(|(dataset, version)| position(dataset, version.number(), ""));
        let items: Vec<Value> = page
            .into_iter()
            .map(|(dataset, version)| json!({ "dataset": dataset, "version": version }))
            .collect();
        Ok(json!({ "items": items, "next": next }))
    }

    async fn search_files(&self, project: &str, asked: Search) -> Result<Value> {
        let after = parsed(&asked.after)?;
        let versions = match asked.all_versions {
            true => self.all_versions(project).await?,
            false => self.datasets(project).await?,
        };
        let asked = std::sync::Arc::new(asked);
        let (mut items, mut looked_at) = (Vec::new(), 0);
        for (dataset, version) in versions {
            let number = version.number();
            let from = match &after {
                Some((of, at, path)) => match (&dataset, -number).cmp(&(of, -at)) {
                    std::cmp::Ordering::Less => continue,
                    std::cmp::Ordering::Equal => path.clone(),
                    std::cmp::Ordering::Greater => String::new(),
                },
                None => String::new(),
            };
            let manifest = self.manifest(project, &version.digest).await?;
            let (search, room) = (asked.clone(), asked.limit - items.len());
            let left = LOOKED_AT - looked_at;
            let (found, read, stopped) = blocking(move || {
                let (mut found, mut read) = (Vec::new(), 0);
                let begin = manifest.files.partition_point(|file| file.path <= from);
                for file in &manifest.files[begin..] {
                    if found.len() == room || read == left {
                        let last = read.checked_sub(1).map(|back| begin + back);
                        let last = last.map_or(from, |at| manifest.files[at].path.clone());
                        return Ok((found, read, Some(position(&dataset, number, &last))));
                    }
                    read += 1;
                    if search.finds(&file.path) {
                        found.push(json!(Hit { dataset: &dataset, version: &version.name, file }));
                    }
                }
                Ok((found, read, None))
            })
            .await?;
            items.extend(found);
            looked_at += read;
            if stopped.is_some() {
                return Ok(json!({ "items": items, "next": stopped }));
            }
        }
        Ok(json!({ "items": items, "next": Value::Null }))
    }
}
