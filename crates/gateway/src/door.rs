//! The time before the gateway knows its routes: nobody is told that a path is not
//! there before it was looked for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::refusal::refuse;

/// Reading all routes takes a fraction of a second; who has waited this long is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests that wait at a time.
const MOST: usize = 1000;
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

pub struct Door {
    /// Read by every request, without the lock that the token has.
    is_open: AtomicBool,
    opened: CancellationToken,
    places: Semaphore,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            is_open: AtomicBool::new(false),
            opened: CancellationToken::new(),
            places: Semaphore::new(MOST),
        }
    }
}

impl Door {
    /// The routes are known from now on.
    pub fn open(&self) {
        self.is_open.store(true, Ordering::Release);
        self.opened.cancel();
    }

    /// Waits until the routes are known.
    ///
    /// # Errors
    /// The answer for one who waited in vain, or found no place to wait.
    pub async fn enter(&self) -> Result<(), Response<Body>> {
        if self.is_open.load(Ordering::Acquire) {
            return Ok(());
        }
        let wait = async {
            let _place = self.places.try_acquire().ok()?;
            tokio::time::timeout(PATIENCE, self.opened.cancelled()).await.ok()
        };
        wait.await.ok_or_else(shut)
    }
}

fn shut() -> Response<Body> {
    let mut response = refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "the gateway has just started and does not know its routes yet",
        "try again in a moment; if it stays so, the platform's log says why",
    );
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}
