//! What the store holds at a moment: the head and the blocks, alike to questions.

use std::borrow::Cow;
use std::sync::Arc;

use crate::block::Block;
use crate::body::Rows;
use crate::error::{Error, Result};
use crate::head::{Contents, Head, Name};

/// Shared by the writer, which alone changes it, and the questions.
#[derive(Default)]
pub struct Shelf {
    pub head: Head,
    /// By number: what was taken in later comes later.
    pub blocks: Vec<Arc<Block>>,
}

/// A block, or the head as it was.
pub enum Source {
    Head(Box<Contents>),
    Block(Arc<Block>),
}

impl Shelf {
    /// In the order in which they were taken in.
    pub fn sources(&self) -> Vec<Source> {
        let mut sources: Vec<Source> = self.blocks.iter().cloned().map(Source::Block).collect();
        if !self.head.is_empty() {
            sources.push(Source::Head(Box::new(self.head.contents().clone())));
        }
        sources
    }
}

impl Source {
    pub fn earliest(&self) -> i64 {
        match self {
            Source::Head(contents) => contents.earliest,
            Source::Block(block) => block.earliest,
        }
    }

    pub fn latest(&self) -> i64 {
        match self {
            Source::Head(contents) => contents.latest,
            Source::Block(block) => block.latest,
        }
    }

    pub fn spans(&self) -> u64 {
        match self {
            Source::Head(contents) => contents.spans,
            Source::Block(block) => block.spans,
        }
    }

    pub fn names(&self) -> Cow<'_, [Name]> {
        match self {
            Source::Head(contents) => Cow::Borrowed(&contents.names),
            Source::Block(block) => Cow::Owned(read(block, block.names())),
        }
    }

    /// Whether one of the [`short`](crate::head::short) trace ids is there, which are sorted.
    pub fn may_hold(&self, ids: &[u32]) -> bool {
        match self {
            Source::Head(contents) => contents.ids.iter().any(|id| ids.binary_search(id).is_ok()),
            Source::Block(block) => {
                let own = read(block, block.ids());
                ids.iter().any(|id| own.binary_search(id).is_ok())
            }
        }
    }

    /// Goes over all spans. What is damaged is logged and passed over.
    pub fn scan(&self, look: impl FnOnce(Rows<'_>) -> postcard::Result<()>) {
        let body = match self {
            Source::Head(contents) => Cow::Borrowed(&contents.body),
            Source::Block(block) => Cow::Owned(read(block, block.body())),
        };
        if let Err(error) = look(Rows::new(&body)) {
            let number = match self {
                Source::Head(contents) => contents.number,
                Source::Block(block) => block.number,
            };
            tracing::error!(block = number, %error, "spans cannot be read; the rest is passed over");
        }
    }
}

/// A block that cannot be read counts as an empty one.
fn read<T: Default>(block: &Block, result: Result<T>) -> T {
    match result {
        Ok(found) => found,
        // It grew too old between the question and now.
        Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            T::default()
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(block = block.number, error, "block passed over");
            T::default()
        }
    }
}
