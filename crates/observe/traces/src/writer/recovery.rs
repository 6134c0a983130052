//! What the last process left, made whole.

use std::sync::{Arc, RwLock};
use std::time::Instant;

use super::{Writer, remove, report};
use crate::block::Block;
use crate::directory::Directory;
use crate::error::Result;
use crate::head::Head;
use crate::legacy;
use crate::metrics::Metrics;
use crate::sampling::Tail;
use crate::shelf::Shelf;
use crate::store::Config;
use crate::wal::Wal;

impl Writer {
    pub fn open(config: Config) -> Result<Writer> {
        config.sampling.check()?;
        let directory = Directory::open(&config.directory)?;
        legacy::carry_over(&directory)?;
        let mut blocks = Vec::new();
        for (number, path) in directory.blocks()? {
            match Block::open(&path, number) {
                Ok(block) => blocks.push(Arc::new(block)),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "block passed over");
                }
            }
        }
        let shelf = Arc::new(RwLock::new(Shelf { head: Head::default(), blocks }));
        let mut writer = Writer {
            shelf,
            directory,
            wal: None,
            written: 0,
            dropped: 0,
            last_retention: Instant::now(),
            tail: config.sampling.tail.clone().map(Tail::new),
            began: Instant::now(),
            metrics: Metrics::default(),
            config,
        };
        writer.recover()?;
        writer.retain(crate::head::now());
        Ok(writer)
    }

    fn recover(&mut self) -> Result<()> {
        for (number, path) in self.directory.wals()? {
            if self.read().blocks.iter().any(|block| block.number == number) {
                remove(&path);
                continue;
            }
            if !self.read().head.is_empty() {
                self.seal()?;
            }
            let (wal, body) = Wal::recover(&path)?;
            let written = body.len();
            if body.is_empty() {
                remove(&path);
                continue;
            }
            match Head::recover(number, body) {
                Ok(head) => {
                    self.change().head = head;
                    (self.wal, self.written) = (Some(wal), written);
                }
                Err(error) => {
                    let aside = path.with_extension("damaged");
                    tracing::error!(path = %aside.display(), %error, "spans cannot be read; set aside");
                    std::fs::rename(&path, &aside).map_err(crate::error::file("rename", &path))?;
                }
            }
        }
        if self.read().head.is_full() {
            report(self.seal());
        }
        Ok(())
    }
}
