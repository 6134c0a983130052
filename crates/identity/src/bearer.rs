//! Who a bearer token speaks for, with a short memory of recent answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::{API_AUDIENCE, Caller, Clock, Identity, Result, Secret, tokens};

/// A token revoked here is forgotten at once; one revoked by another process
/// on the same database is refused after this long.
const MEMORY: Duration = Duration::from_secs(5);
/// More tokens than a busy platform uses within that time.
const REMEMBERED: usize = 4096;

/// SHA-256 of a token.
type Fingerprint = [u8; 32];

#[derive(Default)]
pub(crate) struct Bearers(Mutex<HashMap<Fingerprint, (Arc<Caller>, i64)>>);

impl Bearers {
    fn recall(&self, token: &Fingerprint, clock: &Clock) -> Option<Arc<Caller>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (caller, until) = answers.get(token)?;
        (clock.now() < *until).then(|| Arc::clone(caller))
    }

    fn remember(&self, token: Fingerprint, caller: &Arc<Caller>, clock: &Clock) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED {
            answers.clear();
        }
        answers.insert(token, (Arc::clone(caller), clock.after(MEMORY)));
    }

    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Identity {
    /// Who a bearer token speaks for: an API token or a service account's
    /// token for [`API_AUDIENCE`]. `None` for anything else.
    pub async fn authenticate(&self, bearer: &str) -> Result<Option<Arc<Caller>>> {
        if let Some(caller) = self.recall(bearer) {
            return Ok(Some(caller));
        }
        let caller = if bearer.starts_with(tokens::PREFIX) {
            self.token_caller(&Secret::new(bearer)).await?
        } else {
            self.verify_service_account(bearer)
                .filter(|account| account.audiences.iter().any(|name| name == API_AUDIENCE))
                .map(|account| account.caller())
        };
        let caller = caller.map(Arc::new);
        if let Some(caller) = &caller {
            self.bearers().remember(fingerprint(bearer), caller, self.clock());
        }
        Ok(caller)
    }

    /// What [`Identity::authenticate`] found for the token a moment ago.
    pub fn recall(&self, bearer: &str) -> Option<Arc<Caller>> {
        self.bearers().recall(&fingerprint(bearer), self.clock())
    }
}

fn fingerprint(bearer: &str) -> Fingerprint {
    Sha256::digest(bearer.as_bytes()).into()
}
