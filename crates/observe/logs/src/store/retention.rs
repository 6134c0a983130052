//! Drops what is too old or too much, by workspace.
//!
//! Windows are shared by all workspaces, since one commit must carry lines together
//! with the positions up to which files were read. So what goes of one workspace is
//! deleted inside windows that are written no more, each of which is then written
//! anew once; a window of which nothing may stay is dropped as a whole.

use std::fs;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::window::{Committed, Window};
use super::{GONE, Shared};
use crate::error::{Error, Result};
use crate::time;

const EVERY: Duration = Duration::from_secs(60);

/// The thread that looks once a minute; ends when dropped.
pub struct Running {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn start(shared: Arc<Shared>) -> Result<Running> {
        let (stop, stopped) = channel::<()>();
        let directory = shared.config.directory.clone();
        let thread = std::thread::Builder::new()
            .name("logs-retention".into())
            .spawn(move || {
                while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    shared.contexts.sweep();
                    retain(&shared);
                }
            })
            .map_err(|source| Error::Directory { path: directory, source })?;
        Ok(Running { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic was reported by the panic hook when it happened.
            let _ = thread.join();
        }
    }
}

/// What a window has of a workspace, and how much of the disk that takes.
fn share_of(committed: &Committed, workspace: &str, on_disk: u64) -> u64 {
    let all: u64 = committed.shares.values().map(|share| share.bytes).sum();
    let own = committed.shares.get(workspace).map_or(0, |share| share.bytes);
    (u128::from(on_disk) * u128::from(own) / u128::from(all.max(1))) as u64
}

/// One look at everything. Trouble with one window does not keep others from going.
pub fn retain(shared: &Shared) {
    let mut windows = shared.windows();
    // The newest is being written.
    windows.pop();
    for window in &windows {
        report(window, drop_expired(shared, window));
    }
    drop_beyond_workspace_bytes(shared);
    drop_beyond_bytes(shared);
}

fn report(window: &Window, result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            window = window.number,
            "cannot drop old log lines"
        );
    }
}

/// By age: a window's lines of a workspace go when the newest line of the window is too old.
fn drop_expired(shared: &Shared, window: &Window) -> Result<()> {
    let committed = window.committed().unwrap_or_default();
    let Some((_, newest)) = committed.span else { return remove(shared, window) };
    let keeps = shared.keeps.read().unwrap_or_else(PoisonError::into_inner).clone();
    let is_expired = |workspace: &str| {
        let keep = keeps.get(workspace).and_then(|keep| keep.age).unwrap_or(shared.config.keep);
        newest < time::now().saturating_sub(i64::try_from(keep.as_nanos()).unwrap_or(i64::MAX))
    };
    if committed.shares.is_empty() {
        return if is_expired("") { remove(shared, window) } else { Ok(()) };
    }
    let expired: Vec<String> =
        committed.shares.keys().filter(|workspace| is_expired(workspace)).cloned().collect();
    match expired.len() {
        0 => Ok(()),
        all if all == committed.shares.len() => remove(shared, window),
        _ => window.purge(&expired),
    }
}

/// By size: the oldest lines of a workspace go until what is left of it fits.
fn drop_beyond_workspace_bytes(shared: &Shared) {
    let keeps = shared.keeps.read().unwrap_or_else(PoisonError::into_inner).clone();
    let limits = keeps.into_iter().filter_map(|(name, keep)| Some((name, keep.bytes?)));
    for (workspace, limit) in limits {
        let windows = shared.windows();
        let share = |window: &Window| {
            window
                .committed()
                .map_or(0, |committed| share_of(&committed, &workspace, window.bytes()))
        };
        let mut total: u64 = windows.iter().map(|window| share(window)).sum();
        for window in windows.iter().take(windows.len().saturating_sub(1)) {
            let own = share(window);
            if total <= limit {
                break;
            }
            if own > 0 {
                total -= own;
                report(window, window.purge(std::slice::from_ref(&workspace)));
            }
        }
    }
}

fn drop_beyond_bytes(shared: &Shared) {
    let windows = shared.windows();
    let mut total: u64 = windows.iter().map(|window| window.bytes()).sum();
    for window in windows.iter().take(windows.len().saturating_sub(1)) {
        if total <= shared.config.keep_bytes {
            break;
        }
        total = total.saturating_sub(window.bytes());
        report(window, remove(shared, window));
    }
}

fn remove(shared: &Shared, window: &Window) -> Result<()> {
    shared
        .windows
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|kept| kept.number != window.number);
    let gone = shared.config.directory.join("windows").join(format!("{GONE}{}", window.number));
    let fault = |source| Error::Directory { path: window.path.clone(), source };
    fs::rename(&window.path, &gone).map_err(fault)?;
    fs::remove_dir_all(&gone).map_err(fault)
}
