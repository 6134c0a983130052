//! The bucket `datasets`: every version of every dataset of a project, as it is stored.

use async_trait::async_trait;
use dais_buckets::{Error, Folder, Result, Shelf, ShelfFile};
use dais_data::Data;

pub struct Datasets(pub Data);

fn failed(error: &dais_data::Error) -> Error {
    Error::Unavailable(format!("datasets could not be read: {error}"))
}

#[async_trait]
impl Shelf for Datasets {
    async fn folders(&self, project: &str) -> Result<Vec<Folder>> {
        let versions = self.0.all_versions(project).await.map_err(|error| failed(&error))?;
        let mut folders: Vec<Folder> = versions
            .into_iter()
            .map(|(dataset, version)| Folder {
                prefix: format!("{dataset}/{}/", version.name),
                created_at: version
                    .created_at
                    .parse::<jiff::Timestamp>()
                    .map_or(0, jiff::Timestamp::as_millisecond),
                content: version.digest,
            })
            .collect();
        folders.sort_by(|a, b| a.prefix.cmp(&b.prefix));
        Ok(folders)
    }

    async fn files(
        &self,
        project: &str,
        folder: &Folder,
        from: &str,
        limit: usize,
    ) -> Result<Vec<ShelfFile>> {
        let manifest = self.0.manifest(project, &folder.content).await;
        let manifest = manifest.map_err(|error| failed(&error))?;
        let files = manifest.files();
        let at = files.partition_point(|file| file.path.as_str() < from);
        let shown = files[at..].iter().take(limit).map(|file| ShelfFile {
            path: file.path.clone(),
            size: file.size,
            digest: file.digest().trim_start_matches("sha256:").to_owned(),
            at: self.0.content_path(project, file),
        });
        Ok(shown.collect())
    }
}
