//! Lines that may be continued wait for a moment, then they are lines as they are.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Follower, Pod};
use crate::error::Result;

/// Programs write a stack trace at once; what comes later is another line.
const WAIT: Duration = Duration::from_millis(500);

impl Follower {
    /// How long until a held line has waited enough.
    pub(super) fn next_release(&self) -> Duration {
        let waited = self.waiting.values().map(|since| WAIT.saturating_sub(since.elapsed()));
        waited.min().unwrap_or(Duration::MAX)
    }

    /// Gives on what has waited enough. What an earlier run held starts to wait now.
    pub(super) fn release_held(&mut self) -> Result<()> {
        let holding = self.positions.iter().filter(|(_, series)| !series.held.is_empty());
        let mut due = Vec::new();
        for (name, _) in holding {
            let since = *self.waiting.entry(name.clone()).or_insert_with(Instant::now);
            if since.elapsed() >= WAIT {
                due.push(name.clone());
            }
        }
        for name in due {
            let Some(mut series) = self.positions.get(&name).cloned() else { continue };
            let fields = self.fields_of(&name);
            let entries = self.reader.release(&mut series, &fields);
            self.send(name, entries, series)?;
        }
        Ok(())
    }

    /// The fields of a series' pod, by its directory's name when that is gone.
    fn fields_of(&self, name: &str) -> serde_json::Map<String, serde_json::Value> {
        let container = name.rsplit_once('/').map_or(name, |(container, _)| container);
        let container = self.config.directory.join(container);
        let directory = container.parent().unwrap_or(Path::new(""));
        let pod = self.pods.get(directory).cloned().or_else(|| Pod::from_name(directory));
        pod.map(|pod| pod.fields(&container, &self.config.describe)).unwrap_or_default()
    }
}
