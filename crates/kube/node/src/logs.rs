//! Containers' logs, as kubelet serves them, and how long they stay.

mod read;
mod serve;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::host::Host;

pub(crate) use read::{Reader, tail};
pub(crate) use serve::{LOOK, Source, container_logs};

/// Written into a pod's log directory when the pod is gone.
const DELETED: &str = "deleted";
/// Between looks for logs that have had their time.
const SWEEP: Duration = Duration::from_secs(60);

/// The pod is gone: its logs stay for the retention time from now on, so that
/// a collector can finish.
pub(crate) fn mark_deleted(dir: &Path) {
    if dir.is_dir()
        && let Err(error) = fs::write(dir.join(DELETED), "")
    {
        tracing::warn!(dir = %dir.display(), %error, "logs not marked as done");
    }
}

/// Runs for ever: removes logs of pods that are long gone.
pub(crate) async fn sweep(host: Arc<Host>) {
    loop {
        let dirs = fs::read_dir(host.dirs.logs()).into_iter().flatten().flatten();
        for dir in dirs.map(|entry| entry.path()) {
            let since = fs::metadata(dir.join(DELETED)).and_then(|meta| meta.modified());
            let age = since.ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > host.config.log_retention)
                && let Err(error) = fs::remove_dir_all(&dir)
            {
                tracing::warn!(dir = %dir.display(), %error, "logs not removed");
            }
        }
        tokio::time::sleep(SWEEP).await;
    }
}
