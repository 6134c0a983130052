//! Removing old versions by a rule, after showing what it would remove.
//!
//! Guarantees: just the versions that a plan showed are removed, or none: a
//! plan is applied by its token, and one that no longer holds is refused. The
//! newest version always stays, so that no number is given twice.

mod standing;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::Result;
use crate::versions::{Version, blocking};
use crate::{Data, Error};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    /// At least 1.
    pub keep_last: usize,
    #[serde(default = "yes")]
    pub keep_tagged: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    version: String,
    /// `last` or `tagged`.
    why: &'static str,
}

/// What a rule would do now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    rule: Rule,
    keep: Vec<Kept>,
    pub remove: Vec<Version>,
    /// Content that nothing else of the project names.
    freed_files: u64,
    freed_bytes: u64,
    /// Names this plan when it is applied.
    pub plan: String,
}

/// What stays and what goes, newest first.
fn decide(rule: &Rule, newest_first: Vec<Version>) -> (Vec<Kept>, Vec<Version>) {
    let (mut keep, mut remove) = (Vec::new(), Vec::new());
    for (at, version) in newest_first.into_iter().enumerate() {
        let why = match () {
            () if at < rule.keep_last => Some("last"),
            () if rule.keep_tagged && !version.tags.is_empty() => Some("tagged"),
            () => None,
        };
        match why {
            Some(why) => keep.push(Kept { version: version.name, why }),
            None => remove.push(version),
        }
    }
    (keep, remove)
}

impl Data {
    /// # Errors
    /// [`Error::Invalid`] when the rule keeps nothing; [`Error::NotFound`] when
    /// the dataset has no versions.
    pub(crate) async fn plan_retention(
        &self,
        project: &str,
        dataset: &str,
        rule: Rule,
    ) -> Result<Plan> {
        let (keep, remove) = self.decided(project, dataset, &rule).await?;
        let (freed_files, freed_bytes) = self.freed(project, dataset, &remove).await?;
        let plan = token(dataset, &rule, &remove);
        Ok(Plan { rule, keep, remove, freed_files, freed_bytes, plan })
    }

    /// Removes what the plan of this name showed, and the content that only it named.
    ///
    /// # Errors
    /// [`Error::Changed`] when the same rule would remove something else by now.
    pub(crate) async fn apply_retention(
        &self,
        project: &str,
        dataset: &str,
        rule: Rule,
        plan: &str,
    ) -> Result<Vec<Version>> {
        let numbering = self.inner.committing.lock().await;
        let (_, remove) = self.decided(project, dataset, &rule).await?;
        if token(dataset, &rule, &remove) != plan {
            return Err(Error::Changed);
        }
        self.remove_versions(project, dataset, &remove).await?;
        drop(numbering);
        self.collect(project).await?;
        Ok(remove)
    }

    /// To be called by who holds the lock of numbers.
    async fn remove_versions(
        &self,
        project: &str,
        dataset: &str,
        versions: &[Version],
    ) -> Result<()> {
        let mut transaction = self.inner.database.begin().await?;
        for version in versions {
            for sql in [
                "DELETE FROM data_tags WHERE project = $1 AND dataset = $2 AND version = $3",
                "DELETE FROM data_versions WHERE project = $1 AND dataset = $2 AND version = $3",
            ] {
                sqlx::query(sql)
                    .bind(project.to_owned())
                    .bind(dataset.to_owned())
                    .bind(version.number())
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        if !versions.is_empty() {
            self.announce(project, dataset, self.version(project, dataset, "latest").await?);
        }
        Ok(())
    }

    async fn decided(
        &self,
        project: &str,
        dataset: &str,
        rule: &Rule,
    ) -> Result<(Vec<Kept>, Vec<Version>)> {
        if rule.keep_last == 0 {
            return Err(Error::invalid("keepLast", "expected 1 or more: the newest always stays"));
        }
        let mut versions = self.versions(project, dataset).await?;
        if versions.is_empty() {
            let name = dataset.to_owned();
            return Err(Error::NotFound { what: "dataset with versions", name });
        }
        versions.reverse();
        Ok(decide(rule, versions))
    }

    /// Files and bytes that only these versions name.
    async fn freed(
        &self,
        project: &str,
        dataset: &str,
        versions: &[Version],
    ) -> Result<(u64, u64)> {
        if versions.is_empty() {
            return Ok((0, 0));
        }
        let parsed = versions.iter().map(|version| Digest::parse("digest", &version.digest));
        let going = parsed.collect::<Result<Vec<_>>>()?;
        let numbers: Vec<i64> = versions.iter().map(Version::number).collect();
        let roots = self.roots_without(project, dataset, &numbers).await?;
        let uploads = self.in_uploads(project).await;
        let (data, project) = (self.clone(), project.to_owned());
        blocking(move || {
            let kept = data.reachable(&project, &roots)?;
            let (mut counted, mut bytes) = (HashSet::new(), 0);
            for digest in &going {
                for file in data.read_manifest(&project, digest)?.files {
                    let named = kept.contains(&file.digest) || uploads.contains(&file.digest);
                    if !named && counted.insert(file.digest) {
                        bytes += file.size;
                    }
                }
            }
            Ok((counted.len() as u64, bytes))
        })
        .await
    }
}

fn token(dataset: &str, rule: &Rule, remove: &[Version]) -> String {
    let named: Vec<(&str, &[String])> =
        remove.iter().map(|version| (version.name.as_str(), version.tags.as_slice())).collect();
    let text = serde_json::json!([dataset, rule, named]).to_string();
    Digest::of(text.as_bytes()).hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: usize, tags: &[&str]) -> Version {
        Version {
            name: format!("v{number}"),
            digest: String::new(),
            files: 0,
            bytes: 0,
            created_at: String::new(),
            created_by: String::new(),
            description: String::new(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            origin: None,
        }
    }

    #[test]
    fn the_last_and_the_tagged_stay() {
        let versions =
            || vec![version(4, &[]), version(3, &[]), version(2, &["gold"]), version(1, &[])];
        let removed = |keep_last, keep_tagged| {
            let (keep, remove) = decide(&Rule { keep_last, keep_tagged }, versions());
            assert_eq!(keep.len() + remove.len(), 4);
            remove.into_iter().map(|version| version.name).collect::<Vec<_>>()
        };
        assert_eq!(removed(2, true), ["v1"]);
        assert_eq!(removed(1, true), ["v3", "v1"]);
        assert_eq!(removed(1, false), ["v3", "v2", "v1"]);
        assert!(removed(9, false).is_empty());
    }

    #[test]
    fn a_plan_is_known_by_what_it_removes() {
        let rule = |keep_last| Rule { keep_last, keep_tagged: false };
        let tokens = [
            token("d", &rule(1), &[version(1, &[])]),
            token("e", &rule(1), &[version(1, &[])]),
            token("d", &rule(2), &[version(1, &[])]),
            token("d", &rule(1), &[version(2, &[])]),
            token("d", &rule(1), &[version(1, &["gold"])]),
        ];
        assert_eq!(HashSet::from(tokens.clone()).len(), tokens.len());
    }
}
