//! Parsed manifests, kept for the next request: a version of 100,000 files is
//! some 15 MB of JSON, and its pages, previews and downloads each look into it.
//! A manifest never changes, so what is kept is never stale.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::{FileEntry, Manifest};
use crate::versions::blocking;
use crate::{Data, Error};

/// Files of all kept manifests together: at some 200 bytes each, 60 MB.
const FILES_KEPT: usize = 300_000;

/// Project, digest and what is kept of them; the one asked for last is last.
#[derive(Default)]
pub(crate) struct Manifests(Mutex<VecDeque<(String, Digest, Arc<Manifest>)>>);

impl Manifests {
    fn get(&self, project: &str, digest: &Digest) -> Option<Arc<Manifest>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(of, with, _)| of == project && with == digest)?;
        let found = kept.remove(at)?;
        let manifest = found.2.clone();
        kept.push_back(found);
        Some(manifest)
    }

    fn keep(&self, project: String, digest: Digest, manifest: Arc<Manifest>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((project, digest, manifest));
        while kept.iter().map(|(.., manifest)| manifest.files.len()).sum::<usize>() > FILES_KEPT {
            kept.pop_front();
        }
    }
}

impl Data {
    /// Where the content of a file is; the file never changes.
    pub fn content_path(&self, project: &str, file: &FileEntry) -> PathBuf {
        self.inner.blobs.path(project, &file.digest)
    }

    /// What a version or a code bundle of this project consists of.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the stored text is not what its digest says.
    pub async fn manifest(&self, project: &str, digest: &str) -> Result<Arc<Manifest>, Error> {
        let digest = Digest::parse("digest", digest)?;
        if let Some(known) = self.inner.manifests.get(project, &digest) {
            return Ok(known);
        }
        let (data, project) = (self.clone(), project.to_owned());
        blocking(move || {
            let text = data.inner.blobs.read(&project, &digest)?;
            let actual = Digest::of(&text);
            if actual != digest {
                return Err(Error::Damaged {
                    digest: digest.to_string(),
                    actual: actual.to_string(),
                });
            }
            let manifest = Arc::new(Manifest::parse(&digest, &text)?);
            data.inner.manifests.keep(project, digest, manifest.clone());
            Ok(manifest)
        })
        .await
    }
}
