//! Profiles that are being made: their turns, progress and ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::turns::{Turn, Turns};
use crate::Error;
use crate::digest::Digest;
use crate::error::Result;
use crate::preview::format::Format;

/// What a profile is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub project: String,
    pub digest: Digest,
    pub format: Format,
}

/// Jobs of one project that wait, run or have failed since the start.
const MOST: usize = 100;

pub(crate) struct Jobs {
    table: Mutex<HashMap<Key, Arc<Job>>>,
    turns: Turns,
}

#[derive(Clone, Debug)]
enum State {
    Waiting,
    Running(&'static str),
    Failed { code: &'static str, message: String },
    Ended,
}

pub(crate) struct Job {
    state: watch::Sender<State>,
    cancelled: AtomicBool,
    /// Thousandths of the running phase.
    done: AtomicU32,
    rows: AtomicU64,
}

impl Job {
    fn new() -> Job {
        Job {
            state: watch::Sender::new(State::Waiting),
            cancelled: AtomicBool::new(false),
            done: AtomicU32::new(0),
            rows: AtomicU64::new(0),
        }
    }

    pub fn phase(&self, name: &'static str) {
        self.done.store(0, Ordering::Relaxed);
        self.state.send_replace(State::Running(name));
    }

    /// Tells how far it is.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it shall go no further.
    pub fn progress(&self, done: u64, of: u64, rows: u64) -> Result<()> {
        let part = done.saturating_mul(1000) / of.max(1);
        self.done.store(part.min(1000) as u32, Ordering::Relaxed);
        self.rows.store(rows, Ordering::Relaxed);
        match self.cancelled.load(Ordering::Relaxed) {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    pub fn shown(&self) -> Value {
        match &*self.state.borrow() {
            State::Waiting => json!({ "state": "waiting" }),
            State::Running(phase) => json!({
                "state": "running", "phase": phase,
                "done": f64::from(self.done.load(Ordering::Relaxed)) / 1000.0,
                "rows": self.rows.load(Ordering::Relaxed),
            }),
            State::Failed { code, message } => {
                json!({ "state": "failed", "code": code, "message": message })
            }
            State::Ended => json!({ "state": "none" }),
        }
    }

    /// Returns when it has ended, or after `wait`.
    pub async fn ended(&self, wait: Duration) {
        let mut changes = self.state.subscribe();
        let end = changes.wait_for(|state| matches!(state, State::Failed { .. } | State::Ended));
        // Whether it did, the caller sees.
        let _ = tokio::time::timeout(wait, end).await;
    }
}

impl Jobs {
    /// So many run at a time.
    pub fn new(at_once: usize) -> Jobs {
        Jobs { table: Mutex::default(), turns: Turns::new(at_once) }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Key, Arc<Job>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn find(&self, key: &Key) -> Option<Arc<Job>> {
        self.table().get(key).cloned()
    }

    /// The job for this key, and whether it was made now: one that failed is tried again.
    pub fn begin(&self, key: &Key) -> Result<(Arc<Job>, bool)> {
        let mut table = self.table();
        let failed = |job: &Job| matches!(*job.state.borrow(), State::Failed { .. });
        if let Some(known) = table.get(key)
            && !failed(known)
        {
            return Ok((known.clone(), false));
        }
        let of_project = |of: &Key| of.project == key.project;
        if table.keys().filter(|of| of_project(of)).count() >= MOST {
            table.retain(|of, job| !(of_project(of) && failed(job)));
        }
        if table.keys().filter(|of| of_project(of)).count() >= MOST {
            return Err(Error::Busy { waiting: MOST });
        }
        let job = Arc::new(Job::new());
        table.insert(key.clone(), job.clone());
        Ok((job, true))
    }

    /// Waits until this job may run, after those of other projects that have had fewer.
    pub(super) async fn turn(&self, key: &Key, job: &Job) -> Result<Turn> {
        let turn = self.turns.turn(&key.project).await;
        job.progress(0, 1, 0)?;
        Ok(turn)
    }

    /// Forgets a job, which goes no further.
    pub fn cancel(&self, key: &Key) {
        if let Some(job) = self.table().remove(key) {
            job.cancelled.store(true, Ordering::Relaxed);
            job.state.send_replace(State::Ended);
        }
    }

    pub fn end(&self, key: &Key, job: &Arc<Job>, outcome: Result<()>) {
        let mut table = self.table();
        // One that was cancelled may have a successor by now.
        if !table.get(key).is_some_and(|known| Arc::ptr_eq(known, job)) {
            return;
        }
        let state = match outcome {
            Ok(()) | Err(Error::Cancelled) => State::Ended,
            Err(error) => State::Failed { code: error.code(), message: error.to_string() },
        };
        if matches!(state, State::Ended) {
            table.remove(key);
        }
        job.state.send_replace(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(project: &str, content: usize) -> Key {
        let digest = Digest::of(content.to_string().as_bytes());
        Key { project: project.to_owned(), digest, format: Format::Csv }
    }

    #[test]
    fn a_project_cannot_queue_without_end_and_failed_jobs_make_room() {
        let jobs = Jobs::new(1);
        for at in 0..MOST {
            assert!(jobs.begin(&key("a", at)).expect("room").1);
        }
        assert!(!jobs.begin(&key("a", 0)).expect("known").1);
        assert!(matches!(jobs.begin(&key("a", MOST)), Err(Error::Busy { .. })));
        assert!(jobs.begin(&key("b", 0)).is_ok());
        let failed = jobs.find(&key("a", 3)).expect("known");
        jobs.end(&key("a", 3), &failed, Err(Error::DiskFull));
        assert_eq!(failed.shown()["code"], "disk_full");
        assert!(jobs.begin(&key("a", MOST)).is_ok());
    }

    #[test]
    fn a_cancelled_job_stops_and_does_not_end_its_successor() {
        let jobs = Jobs::new(1);
        let (first, _) = jobs.begin(&key("a", 0)).expect("room");
        jobs.cancel(&key("a", 0));
        assert!(matches!(first.progress(1, 2, 0), Err(Error::Cancelled)));
        let (second, fresh) = jobs.begin(&key("a", 0)).expect("room");
        assert!(fresh);
        jobs.end(&key("a", 0), &first, Err(Error::Cancelled));
        assert!(second.progress(1, 2, 0).is_ok());
        assert!(jobs.find(&key("a", 0)).is_some());
    }
}
