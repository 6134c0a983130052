//! One advisory, out of OSV's schema 1.x. Every field may be missing, null, or of any length.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::merge::Vulnerability;
use crate::normal;
use crate::range::{Installed, Range};
use crate::severity::{self, Severity};

const ECOSYSTEM: &str = "PyPI";
/// Characters of an id, and how many other ids are kept.
const LONGEST_ID: usize = 128;
const MOST_ALIASES: usize = 50;
/// Characters of a summary: some are whole reports.
const LONGEST_SUMMARY: usize = 300;
/// Characters of a version or a package's name.
const LONGEST_NAME: usize = 200;

/// What one advisory says of one package.
#[derive(Debug)]
pub(crate) struct Advisory {
    id: String,
    aliases: Vec<String>,
    severity: Severity,
    score: Option<f64>,
    summary: String,
    versions: Vec<Box<str>>,
    ranges: Vec<Range>,
}

impl Advisory {
    /// The versions that mend it, where the installed one is affected.
    pub(crate) fn fixes(&self, installed: &Installed) -> Option<Vec<String>> {
        let covering: Vec<&Range> =
            self.ranges.iter().filter(|range| range.covers(installed)).collect();
        let is_listed = self.versions.iter().any(|version| installed.is(version));
        if covering.is_empty() && !is_listed {
            return None;
        }
        let told = if covering.is_empty() { self.ranges.iter().collect() } else { covering };
        Some(told.into_iter().filter_map(|range| range.fixed_after(installed)).collect())
    }

    pub(crate) fn told(&self, fixed_in: Vec<String>) -> Vulnerability {
        Vulnerability {
            id: self.id.clone(),
            aliases: self.aliases.clone(),
            severity: self.severity,
            score: self.score,
            summary: self.summary.clone(),
            fixed_in,
        }
    }
}

/// What was read of one file.
pub(crate) struct Read {
    pub(crate) modified: Option<String>,
    /// None where it was withdrawn, or is of another ecosystem.
    pub(crate) advisories: Vec<(String, Advisory)>,
}

#[derive(Deserialize)]
struct Document {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    modified: String,
    #[serde(default, deserialize_with = "or_default")]
    withdrawn: String,
    #[serde(default, deserialize_with = "or_default")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    summary: String,
    #[serde(default, deserialize_with = "or_default")]
    details: String,
    #[serde(default, deserialize_with = "or_default")]
    severity: Vec<Vector>,
    #[serde(default, deserialize_with = "or_default")]
    affected: Vec<Affected>,
    #[serde(default, deserialize_with = "of_any_shape")]
    database_specific: DatabaseSpecific,
}

#[derive(Default, Deserialize)]
struct DatabaseSpecific {
    #[serde(default, deserialize_with = "or_default")]
    severity: String,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(default, deserialize_with = "or_default")]
    score: String,
}

#[derive(Default, Deserialize)]
struct Package {
    #[serde(default, deserialize_with = "or_default")]
    ecosystem: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(default, deserialize_with = "or_default")]
    package: Package,
    #[serde(default, deserialize_with = "or_default")]
    ranges: Vec<Ranges>,
    #[serde(default, deserialize_with = "or_default")]
    versions: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    severity: Vec<Vector>,
}

#[derive(Deserialize)]
struct Ranges {
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    events: Vec<Event>,
}

#[derive(Deserialize)]
pub(crate) struct Event {
    pub(crate) introduced: Option<String>,
    pub(crate) fixed: Option<String>,
    pub(crate) last_affected: Option<String>,
}

/// What is null is as if it were not there.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    of: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(of)?.unwrap_or_default())
}

/// Each database writes there what it likes.
fn of_any_shape<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    of: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(of)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

pub(crate) fn parse(text: &[u8]) -> serde_json::Result<Read> {
    let document: Document = serde_json::from_slice(text)?;
    let modified = Some(document.modified.clone()).filter(|time| is_time(time));
    let mut advisories = Vec::new();
    if document.withdrawn.is_empty() {
        for affected in &document.affected {
            let Affected { package: Package { ecosystem, name }, .. } = affected;
            // `PyPI:<suffix>` is of the same ecosystem.
            if ecosystem.split(':').next() == Some(ECOSYSTEM) && !name.is_empty() {
                advisories.push((cut(&normal(name), LONGEST_NAME), of(&document, affected)));
            }
        }
    }
    Ok(Read { modified, advisories })
}

fn of(document: &Document, affected: &Affected) -> Advisory {
    let vectors = document.severity.iter().chain(&affected.severity);
    let score = vectors.filter_map(|vector| severity::score(&vector.score)).reduce(f64::max);
    let said = Severity::named(&document.database_specific.severity);
    let summary = match document.summary.trim() {
        "" => document.details.trim().lines().next().unwrap_or_default(),
        summary => summary,
    };
    let is_ordered = |ranges: &&Ranges| matches!(ranges.kind.as_str(), "ECOSYSTEM" | "SEMVER");
    let ranges = affected.ranges.iter().filter(is_ordered);
    let aliases = document.aliases.iter().take(MOST_ALIASES);
    let versions = affected.versions.iter().filter(|version| version.len() <= LONGEST_NAME);
    Advisory {
        id: cut(&document.id, LONGEST_ID),
        aliases: aliases.map(|alias| cut(alias, LONGEST_ID)).collect(),
        severity: score.map_or(said, Severity::of),
        score,
        summary: cut(summary, LONGEST_SUMMARY),
        versions: versions.map(|version| version.as_str().into()).collect(),
        ranges: ranges.filter_map(|ranges| Range::new(&ranges.events)).collect(),
    }
}

/// RFC 3339 in UTC, which is in order as it stands.
fn is_time(text: &str) -> bool {
    let known = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z');
    (20..=40).contains(&text.len()) && text.ends_with('Z') && text.chars().all(known)
}

/// Without what moves a terminal's cursor.
fn cut(text: &str, length: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(length).collect()
}
