//! A few connections that only read, lent one at a time.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;

use crate::{Error, Result};

/// A connection that several threads take turns with.
pub(crate) type Shared = Arc<Mutex<Connection>>;

pub(crate) struct Readers {
    connections: Vec<Shared>,
    turn: AtomicUsize,
    path: PathBuf,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, connections: Vec<Shared>) -> Self {
        assert!(!connections.is_empty(), "a store has at least one reader");
        Self { connections, turn: AtomicUsize::new(0), path }
    }

    /// A connection that nobody uses just now.
    fn idle(&self) -> Option<MutexGuard<'_, Connection>> {
        self.connections.iter().find_map(|connection| match connection.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    fn wait(&self) -> MutexGuard<'_, Connection> {
        self.idle().unwrap_or_else(|| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
            hold(&self.connections[turn])
        })
    }

    /// Runs a question that takes microseconds, on this very thread when a
    /// connection is free: handing it to another thread would cost more than
    /// the answer.
    pub(crate) async fn ask_briefly<T: Send + 'static>(
        self: &Arc<Self>,
        attempt: &'static str,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(connection) = self.idle() {
            return question(&connection)
                .map_err(|source| Error::sqlite(attempt, &self.path, source));
        }
        self.ask(attempt, question).await
    }

    /// Runs a question of any length on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        attempt: &'static str,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            question(&readers.wait())
                .map_err(|source| Error::sqlite(attempt, &readers.path, source))
        });
        // The task only fails when the runtime is shutting down.
        answer.await.unwrap_or(Err(Error::Closed))
    }
}

/// Locks a connection. A poisoned one is fine: SQLite's state is its own, and
/// a transaction left open by a panic was rolled back when it was dropped.
pub(crate) fn hold(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
