//! Password hashes: Argon2id with the parameters that OWASP recommends
//! (19 MiB, two passes), which are the crate's default.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::{Error, Result, Secret};

/// Each takes 19 MiB and a core: a flood of sign-ins must not take them all.
const AT_ONCE: usize = 2;

pub(crate) const MINIMUM: usize = 10;
const MAXIMUM: usize = 256;

/// Verified against when there is no such user, so that it takes as long: a
/// hash of the present parameters that no password is known for.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(crate) struct Passwords {
    turns: Semaphore,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Semaphore::new(AT_ONCE) }
    }

    pub(crate) async fn hash(&self, password: &Secret) -> Result<String> {
        check(password)?;
        let password = password.clone();
        self.work(move || hash(&password)).await
    }

    /// Whether the password fits the stored hash. Without one (no such user,
    /// or a user without a password) it does the same work and says no.
    pub(crate) async fn verify(&self, password: &Secret, stored: Option<String>) -> Result<bool> {
        let stored = stored.filter(|hash| !hash.is_empty());
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| DECOY.to_owned());
        let password = password.clone();
        let fits = self.work(move || fits(&password, &stored)).await?;
        Ok(fits && known)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _turn = self.turns.acquire().await.map_err(|_| Error::Closed)?;
        // The task only fails when the runtime is shutting down.
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or(Err(Error::Closed))
    }
}

fn hash(password: &Secret) -> Result<String> {
    Argon2::default()
        .hash_password(password.expose().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Hash(error.to_string()))
}

fn fits(password: &Secret, stored: &str) -> Result<bool> {
    let hash = PasswordHash::new(stored).map_err(|error| Error::Hash(error.to_string()))?;
    let password = password.expose().as_bytes();
    Ok(Argon2::default().verify_password(password, &hash).is_ok())
}

/// Length is the one rule (NIST SP 800-63B): others make passwords worse.
fn check(password: &Secret) -> Result<()> {
    let length = password.expose().chars().count();
    if length < MINIMUM {
        return Err(Error::invalid(
            "password",
            format!("has {length} characters"),
            format!("use at least {MINIMUM}; a few words are easy to keep in mind"),
        ));
    }
    if password.expose().len() > MAXIMUM {
        return Err(Error::invalid(
            "password",
            "is too long",
            format!("use at most {MAXIMUM} bytes"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{DECOY, fits, hash};
    use crate::Secret;

    #[test]
    fn the_decoy_costs_what_a_real_hash_costs() {
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        let real = hash(&Secret::new("correct horse")).unwrap();
        assert_eq!(cost(&real), cost(DECOY));
        assert_eq!(real.len(), DECOY.len());
        assert!(!fits(&Secret::new("correct horse"), DECOY).unwrap());
        assert!(fits(&Secret::new("correct horse"), &real).unwrap());
    }
}
