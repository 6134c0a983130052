//! Files that stay as they are: those of a version that a protected alias has, or that
//! somebody was asked to approve for one. What was looked at is what serves.
//!
//! Guarantees: from the moment when a request is made, nothing is put among the version's
//! files and nothing of them is deleted, not even by an upload that had begun before. They
//! are free again when the request was rejected or withdrawn, or the version is gone.

use sqlx::{Any, Executor, Row};

use crate::Error;
use crate::error::Result;
use crate::files::parts;
use crate::location::Locations;
use crate::scope::Scope;
use crate::statement::statement;
use crate::versions::absent;

/// Where the files of a version are, when this server holds them and no other spelling of
/// the address leads there.
fn held(stored: &str) -> Option<&str> {
    let path = Locations::local(stored)?;
    let is_plain = !path.contains(['%', '?', '#']) && parts(path).is_ok_and(|p| !p.is_empty());
    is_plain.then(|| path.trim_end_matches('/'))
}

/// Learns that the version's files can be kept as they are.
pub(crate) async fn can_be(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    (name, version): (&str, i64),
) -> Result<()> {
    let storage = statement!(
        "SELECT storage FROM ml_versions WHERE project = $1 AND name = $2 AND version = $3",
        &scope.project,
        name,
        version
    );
    let row = storage.optional(on).await?.ok_or_else(|| absent(name, version))?;
    let storage: String = row.try_get(0)?;
    if held(&storage).is_some() {
        return Ok(());
    }
    Err(Error::State(format!(
        "the files of version {version} of model '{name}' are at '{storage}', where they may change after \
         somebody approved them: log the model into project '{}', and ask for the version that comes of it",
        scope.project
    )))
}

/// Refuses to change what is at `path`, or below it, where it belongs to such a version.
pub(crate) async fn free(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    path: &str,
) -> Result<()> {
    let protection = scope.protection()?;
    if protection.protected_aliases.is_empty() {
        return Ok(());
    }
    let versions = statement!(
        "SELECT a.name, a.version, a.alias, v.storage FROM ml_model_aliases a \
         JOIN ml_versions v ON v.project = a.project AND v.name = a.name AND v.version = a.version \
         WHERE a.project = $1 \
         UNION SELECT r.name, r.version, r.alias, v.storage FROM ml_alias_requests r \
         JOIN ml_versions v ON v.project = r.project AND v.name = r.name AND v.version = r.version \
         WHERE r.project = $1 AND r.state IN ('open', 'approved')",
        &scope.project
    );
    let path = path.trim_end_matches('/');
    for row in versions.all(on).await? {
        let (alias, storage): (String, String) = (row.try_get(2)?, row.try_get(3)?);
        let is_of = |files: &str| is_within(path, files) || is_within(files, path);
        if protection.covers(&alias) && held(&storage).is_some_and(is_of) {
            let (name, version): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            return Err(Error::Denied(format!(
                "'{path}' is of version {version} of model '{name}', which has the protected alias '{alias}' or was \
                 asked to have it: its files stay as they are. Log the model anew: that is another version"
            )));
        }
    }
    Ok(())
}

/// Whether `inner` is `outer` or below it.
fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_one_spelling_can_be_kept() {
        assert_eq!(held("artifacts:1/r/artifacts/model/"), Some("1/r/artifacts/model"));
        for other in [
            "s3://b/m",
            "artifacts:",
            "artifacts:1/./m",
            "artifacts:1/mod%65l",
            "artifacts:1/m?x",
            "artifacts:1/m#",
        ] {
            assert_eq!(held(other), None, "{other}");
        }
        assert!(
            is_within("1/m/x", "1/m") && is_within("1/m", "1/m") && !is_within("1/model", "1/m")
        );
    }
}
