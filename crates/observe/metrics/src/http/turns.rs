//! How many questions are answered at once. Each may take hundreds of megabytes, and a
//! thread that others need.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::blocking;
use crate::error::{Error, Result};
use crate::promql::Limits;

/// Cheap to clone; all clones share the same turns.
#[derive(Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    limits: Limits,
}

impl Turns {
    pub fn new(limits: Limits) -> Turns {
        Turns { free: Arc::new(Semaphore::new(limits.at_once)), limits }
    }

    /// Works where blocking is allowed, when it is its turn. The work is told how much of
    /// its time is left.
    ///
    /// # Errors
    /// [`Error::Busy`] when its whole time passes before.
    pub async fn take<T: Send + 'static>(
        &self,
        time: Duration,
        work: impl FnOnce(Duration) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let since = Instant::now();
        let turn = tokio::time::timeout(time, self.free.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Error::Busy { limit: self.limits.at_once, waited: since.elapsed() });
        };
        blocking(move || {
            // Held until the work ends, also when nobody waits for it any more.
            let _turn = turn;
            work(time.saturating_sub(since.elapsed()))
        })
        .await
    }

    /// The same, of a question that says nothing of its time.
    pub async fn take_usual<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.take(self.limits.time, |_| work()).await
    }
}
