//! Known vulnerabilities of Python packages, out of advisories in [OSV's format] as osv.dev
//! publishes them: a folder with `PyPI/all.zip`, or with the advisories themselves in
//! `PyPI/*.json`. Knows neither where the folder comes from nor who asks.
//!
//! ```text
//! source ── bytes within limits ── osv ── Advisory by package ── find ── Vulnerability
//!                                   │                             │
//!                                severity                       range
//! ```
//!
//! [OSV's format]: https://ossf.github.io/osv-schema/

mod merge;
mod osv;
mod range;
mod severity;
mod source;

use std::collections::HashMap;
use std::path::Path;

pub use merge::Vulnerability;
use osv::Advisory;
use range::Installed;
pub use severity::Severity;
pub use source::{Error, Stamp};

/// All that is known, by package.
#[derive(Debug, Default)]
pub struct Advisories {
    by_package: HashMap<String, Vec<Advisory>>,
    /// Those that count: withdrawn ones, and those of other ecosystems, do not.
    pub count: usize,
    /// Those that could not be understood.
    pub skipped: usize,
    /// When the newest of them was changed, as it says itself.
    pub newest: Option<String>,
}

/// What is known of one version of a package.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// The worst first.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Whether the version can be compared with others: PEP 440 does not know every one.
    pub is_comparable: bool,
}

impl Advisories {
    /// Reads all advisories below a folder.
    ///
    /// # Errors
    /// When there are none, or they are larger than any that are published.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        source::read(folder)
    }

    /// Reads one archive, as [`Advisories::read`] finds it in a folder.
    ///
    /// # Errors
    /// As there.
    pub fn read_archive(archive: &Path) -> Result<Self, Error> {
        source::read_archive(archive)
    }

    /// What tells one state of a folder from another; cheap.
    #[must_use]
    pub fn stamp(folder: &Path) -> Stamp {
        source::stamp(folder)
    }

    /// What is known of a package, whose name is compared as PEP 503 says.
    #[must_use]
    pub fn find(&self, package: &str, version: &str) -> Found {
        let installed = Installed::new(version);
        let known = self.by_package.get(&normal(package)).into_iter().flatten();
        let affecting = known.filter_map(|advisory| {
            advisory.fixes(&installed).map(|fixed_in| advisory.told(fixed_in))
        });
        Found {
            vulnerabilities: merge::merge(affecting.collect()),
            is_comparable: installed.is_comparable(),
        }
    }

    fn add(&mut self, text: &[u8]) {
        match osv::parse(text) {
            Err(_) => self.skipped += 1,
            Ok(read) => {
                self.newest = self.newest.take().max(read.modified);
                self.count += usize::from(!read.advisories.is_empty());
                for (package, advisory) in read.advisories {
                    self.by_package.entry(package).or_default().push(advisory);
                }
            }
        }
    }
}

/// A name as PEP 503 compares it.
fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.trim().chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !normal.ends_with('-') {
            normal.push(c);
        }
    }
    normal
}

#[cfg(test)]
mod tests;
