//! One tantivy index holding the lines that arrived in one stretch of time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher};

use crate::clause::lower::lower;
use crate::clause::{Clause, Field, Scalar};
use crate::error::{Error, Result};
use crate::position::Positions;
use crate::schema::{Fields, schema, tokenizers};

/// tantivy's smallest: the heap of one indexing thread before it flushes.
const WRITER_HEAP_BYTES: usize = 15_000_000;
/// Blocks of stored documents kept unpacked per segment; lines are read seldom.
const CACHED_BLOCKS: usize = 2;

/// What one workspace has in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub lines: u64,
    /// Of the documents as they were sent, before compression.
    pub bytes: u64,
}

/// What is committed together with the lines.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Committed {
    pub next_sequence: u64,
    pub positions: Positions,
    /// Span of the window's `@timestamp`s; `None` while it is empty.
    pub span: Option<(i64, i64)>,
    /// When the window got its first line.
    pub opened: Option<i64>,
    /// By workspace; the empty name stands for lines of none. Windows of the first
    /// release say nothing here.
    #[serde(default)]
    pub shares: BTreeMap<String, Share>,
}

pub struct Window {
    pub number: u64,
    pub path: PathBuf,
    pub fields: Fields,
    index: Index,
    reader: IndexReader,
    committed: RwLock<Option<Committed>>,
}

fn workspace_clause(workspace: &str) -> Clause {
    let field = Field::Keyword("workspace");
    if workspace.is_empty() {
        let must_not = vec![Clause::Exists { field }];
        return Clause::Bool { must: vec![], should: vec![], must_not, minimum: 0 };
    }
    Clause::Term { field, values: vec![Scalar::Text(workspace.to_owned())] }
}

impl Window {
    /// Opens the window in `path`, or makes it when nothing was ever committed there.
    pub fn open(path: &Path, number: u64) -> Result<Window> {
        let fault = |doing| move |source| Error::Index { path: path.to_owned(), doing, source };
        let directory = |source| Error::Directory { path: path.to_owned(), source };
        if !path.join("meta.json").exists() && path.exists() {
            fs::remove_dir_all(path).map_err(directory)?;
        }
        fs::create_dir_all(path).map_err(directory)?;
        let (schema, fields) = schema();
        let files = MmapDirectory::open(path).map_err(|error| fault("opening")(error.into()))?;
        let index = Index::builder()
            .schema(schema)
            .tokenizers(tokenizers())
            .open_or_create(files)
            .map_err(fault("opening"))?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(CACHED_BLOCKS)
            .try_into()
            .map_err(fault("opening"))?;
        let payload = index.load_metas().map_err(fault("reading its commit"))?.payload;
        let committed = payload.as_deref().and_then(|payload| serde_json::from_str(payload).ok());
        Ok(Window {
            number,
            path: path.to_owned(),
            fields,
            index,
            reader,
            committed: RwLock::new(committed),
        })
    }

    pub fn writer(&self) -> Result<IndexWriter> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_HEAP_BYTES)
            .build();
        let writer =
            self.index.writer_with_options(options).map_err(self.fault("opening a writer"))?;
        writer.set_merge_policy(Box::new(LogMergePolicy::default()));
        Ok(writer)
    }

    /// Makes everything added to `writer` durable and visible, together with `committed`.
    pub fn commit(&self, writer: &mut IndexWriter, committed: &Committed) -> Result<()> {
        let payload = serde_json::to_string(committed).expect("positions are plain JSON");
        let mut prepared = writer.prepare_commit().map_err(self.fault("writing lines"))?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(self.fault("committing"))?;
        *self.committed.write().unwrap_or_else(|poisoned| poisoned.into_inner()) =
            Some(committed.clone());
        self.reader.reload().map_err(self.fault("opening the new commit"))
    }

    /// Takes the lines of some workspaces out, and their bytes off the disk. Only for
    /// windows that are written no more.
    pub fn purge(&self, workspaces: &[String]) -> Result<()> {
        let mut committed = self.committed().unwrap_or_default();
        let mut writer = self.writer()?;
        for workspace in workspaces {
            let of_workspace = lower(&workspace_clause(workspace), &self.fields);
            writer.delete_query(of_workspace).map_err(self.fault("deleting lines"))?;
            committed.shares.remove(workspace);
        }
        self.commit(&mut writer, &committed)?;
        // Deleted lines keep their bytes until their segment is written anew.
        let segments =
            self.index.searchable_segment_ids().map_err(self.fault("reading its segments"))?;
        if !segments.is_empty() {
            writer.merge(&segments).wait().map_err(self.fault("merging what is left"))?;
        }
        writer.garbage_collect_files().wait().map_err(self.fault("removing old files"))?;
        writer.wait_merging_threads().map_err(self.fault("merging what is left"))?;
        self.reader.reload().map_err(self.fault("opening the new commit"))
    }

    pub fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    pub fn committed(&self) -> Option<Committed> {
        self.committed.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// The span of its times, without copying the positions.
    pub fn span(&self) -> Option<(i64, i64)> {
        self.committed
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .as_ref()
            .and_then(|committed| committed.span)
    }

    pub fn documents(&self) -> u64 {
        self.searcher().num_docs()
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        let Ok(entries) = fs::read_dir(&self.path) else { return 0 };
        entries
            .flatten()
            .filter_map(|entry| entry.metadata().ok())
            .map(|metadata| metadata.len())
            .sum()
    }

    pub fn fault(
        &self,
        doing: &'static str,
    ) -> impl FnOnce(tantivy::TantivyError) -> Error + use<> {
        let path = self.path.clone();
        move |source| Error::Index { path, doing, source }
    }
}
