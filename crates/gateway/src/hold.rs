//! Requests that wait until their service has an endpoint.
//!
//! Guarantees: a request that waits holds a place and nothing else: its body is not
//! read. It goes on with the table in which it has somewhere to go, which wakes it, and
//! stops when its time is over or its caller hangs up.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::Instant;

use crate::gateway::Gateway;
use crate::line::Line;
use crate::policy::{Hold, Policy};
use crate::refusal::refuse;
use crate::table::Rule;

/// Between tries of endpoints that are there and refuse: one that has just started
/// listens soon, and nobody announces it. Twice as long each time, up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// Told to those who find no place: a service needs seconds to start.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// One request's, from its first wait to its last.
pub struct Patience<'a> {
    gateway: &'a Gateway,
    path: &'a str,
    policy: &'a Policy,
    line: Option<&'a Line>,
    /// A person opens a page with it.
    is_visit: bool,
    deadline: Option<Instant>,
    pause: Duration,
}

/// Why a request waits no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Nothing holds requests of this route, or not any more.
    NotHeld,
    /// As many as may wait do.
    Full,
    Late(Duration),
    /// The caller hung up.
    Gone,
}

impl<'a> Patience<'a> {
    pub fn new(
        gateway: &'a Gateway,
        policy: &'a Policy,
        (path, line): (&'a str, Option<&'a Line>),
        is_visit: bool,
    ) -> Self {
        Self { gateway, path, policy, line, is_visit, deadline: None, pause: FIRST_PAUSE }
    }

    /// Waits until `is_ready` for the rule of the path and gives it; `refused` waits a
    /// little longer, since the endpoints that are there were tried.
    ///
    /// # Errors
    /// When there is nothing to wait for, no place or no time.
    pub async fn wait(
        &mut self,
        refused: bool,
        is_ready: impl Fn(&Rule) -> bool,
    ) -> Result<Arc<Rule>, Over> {
        let hold = self.policy.hold.filter(|hold| self.is_visit || !hold.visits);
        let Hold { time, most, .. } = hold.ok_or(Over::NotHeld)?;
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + time);
        let live = &self.policy.live;
        let _place = live.hold(most).ok_or(Over::Full)?;
        let mut pause = refused.then(|| self.next_pause());
        loop {
            let mut changed = pin!(live.ready.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            if pause.is_none()
                && let Some(rule) = self.rule(&is_ready)?
            {
                return Ok(rule);
            }
            let until = pause.take().map_or(deadline, |pause| deadline.min(Instant::now() + pause));
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(until) => {
                    if Instant::now() >= deadline {
                        return Err(Over::Late(time));
                    }
                }
                () = hung_up(self.line) => return Err(Over::Gone),
            }
        }
    }

    /// The rule, once it is ready.
    fn rule(&self, is_ready: impl Fn(&Rule) -> bool) -> Result<Option<Arc<Rule>>, Over> {
        let rule = self.gateway.find(self.path).ok_or(Over::NotHeld)?;
        if is_ready(&rule) {
            return Ok(Some(rule));
        }
        let policy = rule.policy.as_ref().filter(|policy| policy.hold.is_some());
        let is_held = policy.is_some_and(|policy| Arc::ptr_eq(&policy.live, &self.policy.live));
        if is_held { Ok(None) } else { Err(Over::NotHeld) }
    }

    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (2 * pause).min(LAST_PAUSE);
        pause
    }
}

async fn hung_up(line: Option<&Line>) {
    match line {
        Some(line) => line.hung_up().await,
        None => std::future::pending().await,
    }
}

/// What a caller is told who waited in vain; `None` where nobody would have waited.
pub fn refusal(over: Over, name: &str) -> Option<Response<Body>> {
    match over {
        Over::NotHeld => None,
        Over::Full => {
            let mut response = refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                &format!(
                    "{name} has no ready replica, and as many requests as may wait for one do"
                ),
                "try again in a moment; the service's policy says how many may wait",
            );
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            Some(response)
        }
        Over::Late(time) => Some(refuse(
            StatusCode::GATEWAY_TIMEOUT,
            &format!(
                "{name} did not come up in time: no replica was ready within {} s",
                time.as_secs()
            ),
            "the service's page and `dais get inferenceservices` say why; a larger service needs a longer hold",
        )),
        Over::Gone => Some(refuse(CLOSED, "the caller hung up", "nothing is to be done")),
    }
}

/// nginx's word for it: HTTP has none, since nobody is there to read the answer.
const CLOSED: StatusCode = match StatusCode::from_u16(499) {
    Ok(status) => status,
    Err(_) => StatusCode::BAD_REQUEST,
};
