//! Who a bearer token speaks for, with a short memory of recent answers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{API_AUDIENCE, Caller, Clock, Identity, Result, Secret, tokens};

/// A token revoked here is forgotten at once; one revoked by another process
/// on the same database is refused after this long.
const MEMORY: Duration = Duration::from_secs(5);
/// More tokens than a busy platform uses within that time.
const REMEMBERED: usize = 4096;

#[derive(Default)]
pub(crate) struct Bearers(Mutex<HashMap<String, (Caller, i64)>>);

impl Bearers {
    fn recall(&self, digest: &str, clock: &Clock) -> Option<Caller> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (caller, until) = answers.get(digest)?;
        (clock.now() < *until).then(|| caller.clone())
    }

    fn remember(&self, digest: String, caller: &Caller, clock: &Clock) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED {
            answers.clear();
        }
        answers.insert(digest, (caller.clone(), clock.after(MEMORY)));
    }

    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Identity {
    /// Who a bearer token speaks for: an API token or a service account's
    /// token for [`API_AUDIENCE`]. `None` for anything else.
    pub async fn authenticate(&self, bearer: &str) -> Result<Option<Caller>> {
        let token = Secret::new(bearer);
        let digest = token.digest();
        if let Some(caller) = self.bearers().recall(&digest, self.clock()) {
            return Ok(Some(caller));
        }
        let caller = if bearer.starts_with(tokens::PREFIX) {
            self.token_caller(&token).await?
        } else {
            self.verify_service_account(bearer)
                .filter(|account| account.audiences.iter().any(|name| name == API_AUDIENCE))
                .map(|account| account.caller())
        };
        if let Some(caller) = &caller {
            self.bearers().remember(digest, caller, self.clock());
        }
        Ok(caller)
    }
}
