//! The numbered, immutable versions of datasets.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::origin::Origin;
use crate::tags::Tag;
use crate::{Data, Error, paths};

/// One version, as its dataset's status shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// `v1`, `v2`, …
    pub name: String,
    /// `sha256:…` of the manifest.
    pub digest: String,
    pub files: u64,
    pub bytes: u64,
    /// RFC 3339.
    pub created_at: String,
    pub created_by: String,
    pub description: String,
    /// In the order of their names.
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What subscribers hear when a dataset's versions are others than before.
#[derive(Clone, Debug)]
pub struct VersionCreated {
    pub project: String,
    pub dataset: String,
    /// Its newest: the one that was made, or where old ones were removed the one that stays.
    pub version: Version,
}

const COLUMNS: &str =
    "version, digest, files, bytes, created_at, created_by, description, dataset, origin";

/// Tags by dataset and number of version.
type Tags = HashMap<(String, i64), Vec<String>>;

impl Version {
    fn read(row: &AnyRow, tags: &Tags) -> Result<(String, Version)> {
        let at: i64 = row.try_get(4)?;
        let named = (row.try_get(7)?, row.try_get(0)?);
        let version = Version {
            name: format!("v{}", row.try_get::<i64, _>(0)?),
            digest: row.try_get(1)?,
            files: row.try_get::<i64, _>(2)?.unsigned_abs(),
            bytes: row.try_get::<i64, _>(3)?.unsigned_abs(),
            created_at: jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string(),
            created_by: row.try_get(5)?,
            description: row.try_get(6)?,
            tags: tags.get(&named).cloned().unwrap_or_default(),
            origin: Origin::of_text(row.try_get(8)?),
        };
        Ok((named.0, version))
    }

    pub(crate) fn number(&self) -> i64 {
        self.name[1..].parse().expect("a version's name is v and its number")
    }
}

impl Data {
    /// The datasets of a project that have versions, by name, with their newest.
    pub async fn datasets(&self, project: &str) -> Result<Vec<(String, Version)>, Error> {
        let mut all = self.all_versions(project).await?;
        all.dedup_by(|later, first| later.0 == first.0);
        Ok(all)
    }

    /// All versions of a project: datasets by name, of each the newest first.
    pub async fn all_versions(&self, project: &str) -> Result<Vec<(String, Version)>, Error> {
        let tags = self.all_tags(project).await?;
        let sql = format!("SELECT {COLUMNS} FROM data_versions WHERE project = $1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.to_owned());
        let rows = query.fetch_all(self.inner.database.read()).await?;
        let mut all =
            rows.iter().map(|row| Version::read(row, &tags)).collect::<Result<Vec<_>>>()?;
        // Here and not there: databases order names each in their own way.
        all.sort_by(|(a, one), (b, two)| a.cmp(b).then(two.number().cmp(&one.number())));
        Ok(all)
    }

    /// All versions of a dataset, oldest first; none when it has none.
    pub async fn versions(&self, project: &str, dataset: &str) -> Result<Vec<Version>, Error> {
        let tags = self.all_tags(project).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM data_versions WHERE project = $1 AND dataset = $2 ORDER BY version"
        );
        let query =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.to_owned()).bind(dataset.to_owned());
        let rows = query.fetch_all(self.inner.database.read()).await?;
        rows.iter().map(|row| Ok(Version::read(row, &tags)?.1)).collect()
    }

    /// The version called `v3` (or `3`), `latest`, `sha256:…`, or by a tag.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, [`Error::Invalid`] when the name has another form.
    pub async fn version(
        &self,
        project: &str,
        dataset: &str,
        version: &str,
    ) -> Result<Version, Error> {
        paths::dataset(dataset)?;
        let start =
            format!("SELECT {COLUMNS} FROM data_versions WHERE project = $1 AND dataset = $2");
        let (sql, number, text) = if version == "latest" || version.is_empty() {
            (format!("{start} ORDER BY version DESC LIMIT 1"), None, None)
        } else if version.starts_with("sha256:") {
            (
                format!("{start} AND digest = $3"),
                None,
                Some(Digest::parse("version", version)?.to_string()),
            )
        } else if let Ok(number) = version.strip_prefix('v').unwrap_or(version).parse::<i64>() {
            (format!("{start} AND version = $3"), Some(number), None)
        } else {
            paths::tag(version).map_err(|_| {
                Error::invalid(
                    "version",
                    format!("expected v1, latest, sha256:… or a tag, got '{version}'"),
                )
            })?;
            let tagged =
                "(SELECT version FROM data_tags WHERE project = $1 AND dataset = $2 AND tag = $3)";
            (format!("{start} AND version = {tagged}"), None, Some(version.to_owned()))
        };
        let query =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.to_owned()).bind(dataset.to_owned());
        let query = match (number, text) {
            (Some(number), _) => query.bind(number),
            (_, Some(text)) => query.bind(text),
            _ => query,
        };
        let row = query.fetch_optional(self.inner.database.read()).await?;
        let absent =
            || Error::NotFound { what: "dataset version", name: format!("{dataset}@{version}") };
        let row = row.ok_or_else(absent)?;
        let mut tags = Tags::new();
        for Tag { tag, version } in self.tags(project, dataset).await? {
            let number = version[1..].parse().unwrap_or_default();
            tags.entry((dataset.to_owned(), number)).or_default().push(tag);
        }
        Ok(Version::read(&row, &tags)?.1)
    }

    /// A file of a version.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such version or file.
    pub(crate) async fn file(
        &self,
        project: &str,
        dataset: &str,
        version: &str,
        path: &str,
    ) -> Result<FileEntry> {
        let version = self.version(project, dataset, version).await?;
        let manifest = self.manifest(project, &version.digest).await?;
        let file = manifest.file(path).cloned();
        file.ok_or_else(|| Error::NotFound { what: "file", name: path.to_owned() })
    }
}

/// File work that would hold up other requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Error::File {
            action: "waiting for a worker",
            source: std::io::Error::other(error),
        }),
    }
}
