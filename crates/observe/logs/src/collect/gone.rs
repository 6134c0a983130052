//! Forgets the positions of files and containers that are gone for good.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use super::{Follower, GONE_AFTER, files};
use crate::error::Result;
use crate::intake::{Batch, Message};
use crate::position::Advance;

impl Follower {
    /// Drops the positions of rotated files that were deleted; the next lines carry it to disk.
    pub(super) fn note_files(&mut self, listing: &[files::LogFile], container: &Path) {
        let present: HashSet<String> =
            listing.iter().filter_map(|file| self.reader.known(file)).collect();
        let prefix = format!("{}/", self.series_name(container, 0).trim_end_matches("/0"));
        let missing = &mut self.missing;
        for (name, series) in self
            .positions
            .range_mut(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
        {
            series.files.retain(|file, _| {
                let key = format!("{name}#{file}");
                if present.contains(file) {
                    missing.remove(&key);
                    return true;
                }
                let since = *missing.entry(key.clone()).or_insert_with(Instant::now);
                let gone = since.elapsed() > GONE_AFTER;
                if gone {
                    missing.remove(&key);
                }
                !gone
            });
        }
    }

    pub(super) fn forget_what_is_gone(&mut self) -> Result<()> {
        let root = self.config.directory.clone();
        let is_gone = |name: &str| {
            name.rsplit_once('/').is_some_and(|(container, _)| !root.join(container).exists())
        };
        let gone: Vec<String> =
            self.positions.keys().filter(|name| is_gone(name)).cloned().collect();
        for name in gone {
            let since = *self.missing.entry(name.clone()).or_insert_with(Instant::now);
            if since.elapsed() <= GONE_AFTER {
                continue;
            }
            self.missing.remove(&name);
            self.positions.remove(&name);
            self.intake.send(Message::Lines(Batch {
                advances: vec![Advance::Forget(name)],
                generation: Some(self.generation),
                ..Batch::default()
            }))?;
        }
        Ok(())
    }
}
