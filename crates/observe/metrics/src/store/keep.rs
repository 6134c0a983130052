//! What the store does in its own time: full spans become blocks, old blocks go, deleted
//! samples are taken out of the files.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::block::Block;
use super::tombstones::{Tombstone, Tombstones};
use super::{INDEX_UNUSED, Shared, lock, milliseconds};
use crate::error::{Error, Result};
use crate::sample::Series;

impl Shared {
    pub fn keep_house(&self, now: i64) -> Result<()> {
        self.clean_tombstones()?;
        while self.cut(now)? {}
        for block in self.blocks_within(i64::MIN, i64::MAX) {
            block.forget_index(INDEX_UNUSED);
        }
        self.retain(now)
    }

    /// Makes one block of the oldest span of the head when it is old enough that
    /// nothing more comes for it: half a span past its end.
    fn cut(&self, now: i64) -> Result<bool> {
        let length = milliseconds(self.config.block).max(1);
        let span = self.head.read().unwrap_or_else(PoisonError::into_inner).span();
        let Some((oldest, _)) = span else { return Ok(false) };
        let from = oldest.div_euclid(length) * length;
        let until = from + length;
        if now < until + length / 2 {
            return Ok(false);
        }
        let mut wal = lock(&self.wal);
        let head = self.head.read().unwrap_or_else(PoisonError::into_inner);
        let block =
            Block::write(&self.config.directory.join("blocks"), from, until - 1, |block| {
                head.each(from, until - 1, |number, samples| {
                    block.push(head.texts(number), samples)
                })
            })?;
        let fault = |source| self.fault("read samples of", source);
        let rest = head.after(until).map_err(fault)?;
        drop(head);
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        // After a crash between the block and the log the same block is made again.
        blocks.retain(|known| known.path != block.path);
        blocks.push(Arc::new(block));
        drop(blocks);
        wal.rewrite(&rest)?;
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = rest;
        Ok(true)
    }

    pub fn fault(&self, doing: &'static str, source: io::Error) -> Error {
        Error::Store { doing, path: self.config.directory.clone(), source }
    }

    fn retain(&self, now: i64) -> Result<()> {
        let horizon = now.saturating_sub(milliseconds(self.config.keep));
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        blocks.sort_by_key(|block| block.from);
        let mut total: u64 = blocks.iter().map(|block| block.bytes).sum();
        let mut gone = Vec::new();
        blocks.retain(|block| {
            let is_kept = block.to >= horizon && total <= self.config.keep_bytes;
            if !is_kept {
                total -= block.bytes;
                gone.push(block.path.clone());
            }
            is_kept
        });
        drop(blocks);
        for path in gone {
            fs::remove_file(&path).map_err(|source| Error::Store {
                doing: "remove a block of",
                path,
                source,
            })?;
        }
        Ok(())
    }

    /// Hides what is there now of matching series in a span. Durable when it returns.
    pub fn delete(&self, tombstone: Tombstone) -> Result<()> {
        // What is being cleaned must not forget a deletion that comes meanwhile.
        let _wal = lock(&self.wal);
        let head = self.head.read().unwrap_or_else(PoisonError::into_inner).span();
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        let newest = blocks.iter().map(|block| block.to).chain(head.map(|(_, to)| to)).max();
        drop(blocks);
        let Some(newest) = newest else { return Ok(()) };
        // What comes later was never deleted.
        let to = tombstone.to.min(newest);
        let mut tombstones = self.tombstones.write().unwrap_or_else(PoisonError::into_inner);
        tombstones.add(Tombstone { to, ..tombstone })
    }

    /// Takes deleted samples out of the files. The deletions are forgotten last, so that
    /// after a crash it is done again.
    pub fn clean_tombstones(&self) -> Result<()> {
        let mut wal = lock(&self.wal);
        let tombstones = self.tombstones();
        if tombstones.is_empty() {
            return Ok(());
        }
        for block in self.blocks_within(i64::MIN, i64::MAX) {
            if tombstones.overlap(block.from, block.to) {
                self.rewrite_block(&block, &tombstones)?;
            }
        }
        let head = self.head.read().unwrap_or_else(PoisonError::into_inner);
        let fault = |source| self.fault("read samples of", source);
        let rest = head
            .filtered(head.floor(), |labels, samples| tombstones.surviving(labels, samples))
            .map_err(fault)?;
        drop(head);
        wal.rewrite(&rest)?;
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = rest;
        self.tombstones.write().unwrap_or_else(PoisonError::into_inner).clear()
    }

    fn rewrite_block(&self, block: &Block, tombstones: &Tombstones) -> Result<()> {
        let all = block.select(&[], i64::MIN, i64::MAX, &|_| Ok(()))?;
        let kept: Vec<Series> = all
            .into_iter()
            .map(|series| Series {
                samples: tombstones.surviving(&series.labels, series.samples),
                labels: series.labels,
            })
            .filter(|series| !series.samples.is_empty())
            .collect();
        let directory = self.config.directory.join("blocks");
        let new = match kept.is_empty() {
            true => None,
            false => Some(Block::write(&directory, block.from, block.to, |block| {
                kept.iter().try_for_each(|series| block.push(series.labels.iter(), &series.samples))
            })?),
        };
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        blocks.retain(|known| known.path != block.path);
        match new {
            Some(new) => {
                blocks.push(Arc::new(new));
                blocks.sort_by_key(|block| block.from);
                Ok(())
            }
            None => fs::remove_file(&block.path).map_err(|source| Error::Store {
                doing: "remove a block of",
                path: block.path.clone(),
                source,
            }),
        }
    }
}

/// The blocks of a directory, the oldest first. One that is torn or damaged is set aside
/// for a person to look at, and the rest serves.
pub fn open_blocks(directory: &Path) -> Result<Vec<Arc<Block>>> {
    let fault = |source| Error::Store { doing: "list", path: directory.to_owned(), source };
    let mut blocks = Vec::new();
    for entry in fs::read_dir(directory).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            // A crash came before it was complete; the log still has its samples.
            fs::remove_file(&path).map_err(fault)?;
        } else if let Some(block) = Block::open(&path)? {
            match block.check() {
                Ok(()) => blocks.push(Arc::new(block)),
                Err(error) => set_aside(&path, &error).map_err(fault)?,
            }
        }
    }
    blocks.sort_by_key(|block| block.from);
    Ok(blocks)
}

fn set_aside(path: &Path, reason: &Error) -> io::Result<()> {
    let aside = path.with_extension("damaged");
    tracing::error!(
        error = reason as &dyn std::error::Error,
        path = %aside.display(),
        "a block of metrics is damaged and set aside; its span is missing from answers"
    );
    fs::rename(path, aside)
}
