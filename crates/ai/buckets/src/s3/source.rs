//! What is read, by a reader or by a copy: an object, or a file of a dataset version.

use std::fs::File;
use std::ops::Range;

use crate::blobs::blocking;
use crate::checksum::Kept;
use crate::error::{Error, Result};
use crate::objects::Headers;
use crate::shelf::Shelved;
use crate::transfer::Reading;
use crate::{DATASETS, Object, Scope};

use super::Served;

pub(super) struct Source {
    pub file: File,
    pub digest: String,
    pub size: u64,
    pub etag: String,
    pub modified_at: i64,
    pub headers: Headers,
    pub checksum: Option<Kept>,
    /// Of an object of the store, which a copy only names anew.
    pub object: Option<Object>,
}

impl Source {
    pub fn reading(self, range: &Range<u64>) -> Result<Reading> {
        Reading::new(self.file, self.size, &self.digest, range)
    }
}

impl Served {
    /// # Errors
    /// When it is not there, or may not be seen.
    pub(super) async fn source(&self, scope: &Scope, bucket: &str, key: &str) -> Result<Source> {
        if bucket == DATASETS {
            return self.shelved(scope, key).await;
        }
        scope.reads()?;
        let (object, file) = self.buckets.open_object(&scope.project, bucket, key).await?;
        Ok(Source {
            file,
            digest: object.digest.clone(),
            size: object.size,
            etag: object.etag.clone(),
            modified_at: object.modified_at,
            headers: object.headers.clone(),
            checksum: object.checksum.clone(),
            object: Some(object),
        })
    }

    async fn shelved(&self, scope: &Scope, key: &str) -> Result<Source> {
        self.see_bucket(scope, DATASETS).await?;
        let project = scope.project.as_str();
        let folders = self.shelf.folders(project).await?;
        let shelf = Shelved { shelf: self.shelf.as_ref(), project, folders };
        let absent = || Error::NoObject(key.to_owned());
        let (found, modified_at) = shelf.file(key).await?.ok_or_else(absent)?;
        let at = found.at.clone();
        let open = move || File::open(at).map_err(Error::file("reading a file of a dataset"));
        Ok(Source {
            file: blocking(open).await?,
            etag: found.digest.clone(),
            digest: found.digest,
            size: found.size,
            modified_at,
            headers: Headers::default(),
            checksum: None,
            object: None,
        })
    }
}
