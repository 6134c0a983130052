//! Slows down guessing: after a few failures a name has to wait, twice as long
//! each time. Kept in memory; a restart forgives.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{Clock, Error, Result};

/// A person who mistypes is not bothered.
const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Names with failures that are remembered. Beyond it the oldest go first.
const NAMES: usize = 10_000;

#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<String, Failures>>);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: i64,
}

impl Failures {
    fn wait(self) -> Duration {
        match self.count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(beyond) => (FIRST_WAIT * 2_u32.pow(beyond.min(16))).min(LONGEST_WAIT),
        }
    }
}

impl Throttle {
    /// Refuses a name that has to wait. Counts the attempt as failed until
    /// [`Self::succeeded`] takes it back, so attempts at the same moment do
    /// not slip by together.
    pub(crate) fn begin(&self, name: &str, clock: &Clock) -> Result<()> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.now();
        let failures = names.get(name).copied().unwrap_or(Failures { count: 0, last: 0 });
        let passed = Duration::from_millis(u64::try_from(now - failures.last).unwrap_or(0));
        if let Some(retry_after) = failures.wait().checked_sub(passed)
            && !retry_after.is_zero()
        {
            return Err(Error::Throttled { retry_after });
        }
        if names.len() >= NAMES
            && !names.contains_key(name)
            && let Some(oldest) = oldest(&names)
        {
            names.remove(&oldest);
        }
        let count = failures.count.saturating_add(1);
        names.insert(name.to_owned(), Failures { count, last: now });
        Ok(())
    }

    pub(crate) fn succeeded(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(name);
    }
}

fn oldest(names: &HashMap<String, Failures>) -> Option<String> {
    let oldest = names.iter().min_by_key(|(_, failures)| failures.last);
    oldest.map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Throttle;
    use crate::{Clock, Error};

    #[test]
    fn waits_double_and_success_forgives() {
        let (throttle, clock) = (Throttle::default(), Clock::standing_at(1_000_000));
        let refused = |name: &str| match throttle.begin(name, &clock) {
            Err(Error::Throttled { retry_after }) => Some(retry_after.as_secs()),
            _ => None,
        };
        for _ in 0..5 {
            assert_eq!(refused("eve"), None);
        }
        assert_eq!(refused("eve"), Some(1));
        assert_eq!(refused("ann"), None, "others are not punished");
        clock.advance(Duration::from_secs(1));
        assert_eq!(refused("eve"), None);
        assert_eq!(refused("eve"), Some(2));
        throttle.succeeded("eve");
        assert_eq!(refused("eve"), None);
    }

    #[test]
    fn the_wait_has_an_end() {
        let (throttle, clock) = (Throttle::default(), Clock::standing_at(1_000_000));
        for _ in 0..40 {
            clock.advance(Duration::from_secs(300));
            assert!(throttle.begin("eve", &clock).is_ok());
        }
    }
}
