//! How two versions differ, by path.
//!
//! A path that both have with other content is *changed*. Of the paths that
//! only one has, those with the same content on both sides are *renamed*,
//! paired in the order of their paths; the rest is *added* or *removed*. So
//! each path is in the difference at most once, which is what pages go by.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::manifest::{FileEntry, Manifest};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Added,
    Removed,
    Changed,
    Renamed,
}

/// One difference. `path` is the new one of a renamed file.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    pub kind: Kind,
    pub path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<&'a FileEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<&'a FileEntry>,
}

/// Files of one kind, and their bytes on each side.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sum {
    pub files: u64,
    pub bytes_before: u64,
    pub bytes_after: u64,
}

#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub added: Sum,
    pub removed: Sum,
    pub changed: Sum,
    pub renamed: Sum,
    pub unchanged: Sum,
}

impl Sum {
    fn add(&mut self, before: Option<&FileEntry>, after: Option<&FileEntry>) {
        self.files += 1;
        self.bytes_before += before.map_or(0, |file| file.size);
        self.bytes_after += after.map_or(0, |file| file.size);
    }
}

/// All differences in the order of their paths, and their sums.
pub(crate) fn difference<'a>(
    before: &'a Manifest,
    after: &'a Manifest,
) -> (Vec<Entry<'a>>, Summary) {
    let (mut entries, mut summary) = (Vec::new(), Summary::default());
    let (mut gone, mut fresh) = (Vec::new(), Vec::new());
    let (mut left, mut right) = (before.files.iter().peekable(), after.files.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.path.cmp(&new.path),
        };
        match order {
            Ordering::Less => gone.extend(left.next()),
            Ordering::Greater => fresh.extend(right.next()),
            Ordering::Equal => {
                let (old, new) = (left.next(), right.next());
                if old == new {
                    summary.unchanged.add(old, new);
                } else if let Some(file) = new {
                    summary.changed.add(old, new);
                    let path = file.path.as_str();
                    entries.push(Entry { kind: Kind::Changed, path, before: old, after: new });
                }
            }
        }
    }
    pair(&gone, &fresh, &mut entries, &mut summary);
    entries.sort_unstable_by_key(|entry| entry.path);
    (entries, summary)
}

/// Finds the renamed among the paths that only one side has.
fn pair<'a>(
    gone: &[&'a FileEntry],
    fresh: &[&'a FileEntry],
    entries: &mut Vec<Entry<'a>>,
    summary: &mut Summary,
) {
    let mut by_content: HashMap<&Digest, VecDeque<&'a FileEntry>> = HashMap::new();
    for file in gone {
        by_content.entry(&file.digest).or_default().push_back(file);
    }
    for file in fresh {
        let before = by_content.get_mut(&file.digest).and_then(VecDeque::pop_front);
        let (kind, sum) = match before {
            Some(_) => (Kind::Renamed, &mut summary.renamed),
            None => (Kind::Added, &mut summary.added),
        };
        sum.add(before, Some(file));
        entries.push(Entry { kind, path: &file.path, before, after: Some(file) });
    }
    for file in by_content.into_values().flatten() {
        summary.removed.add(Some(file), None);
        let path = file.path.as_str();
        entries.push(Entry { kind: Kind::Removed, path, before: Some(file), after: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, content: &str) -> FileEntry {
        FileEntry {
            path: path.into(),
            digest: Digest::of(content.as_bytes()),
            size: content.len() as u64,
            executable: false,
        }
    }

    #[test]
    fn each_path_is_told_once_and_renamed_files_are_found() {
        let before = Manifest::new(vec![
            entry("copy 1", "twin"),
            entry("copy 2", "twin"),
            entry("edited", "3"),
            entry("gone", "22"),
            entry("old name", "moved"),
            entry("same", "1"),
        ]);
        let after = Manifest::new(vec![
            entry("a copy", "twin"),
            entry("edited", "four"),
            entry("fresh", "333"),
            entry("new name", "moved"),
            entry("same", "1"),
        ]);
        let (before, after) = (before.expect("valid"), after.expect("valid"));
        let (entries, summary) = difference(&before, &after);
        let told: Vec<_> = entries
            .iter()
            .map(|entry| (entry.kind, entry.path, entry.before.map(|file| file.path.as_str())))
            .collect();
        assert_eq!(
            told,
            [
                (Kind::Renamed, "a copy", Some("copy 1")),
                (Kind::Removed, "copy 2", Some("copy 2")),
                (Kind::Changed, "edited", Some("edited")),
                (Kind::Added, "fresh", None),
                (Kind::Removed, "gone", Some("gone")),
                (Kind::Renamed, "new name", Some("old name")),
            ]
        );
        let sum = |files, bytes_before, bytes_after| Sum { files, bytes_before, bytes_after };
        assert_eq!(
            summary,
            Summary {
                added: sum(1, 0, 3),
                removed: sum(2, 6, 0),
                changed: sum(1, 1, 4),
                renamed: sum(2, 9, 9),
                unchanged: sum(1, 1, 1),
            }
        );
    }
}
