//! Which request goes where: built from objects, read on every request. No I/O.

mod build;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dais_api::routing::HTTPRoute;

use crate::admission::Target;
use crate::assignment::Share;
use crate::engagement::Engagement;
use crate::hearing::Hearing;
use crate::metrics::{Behind, Meter, Tally};
use crate::policy::{Choice, Policy, PolicyKey};

pub use build::{Objects, Standing, ours};

/// Where a backend answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub address: SocketAddr,
    /// Whose it is.
    pub namespace: Arc<str>,
    /// The pod behind it, where there is one.
    pub pod: Option<Arc<str>>,
}

/// An endpoint that a table names: kept from ending for as long as somebody holds this.
#[derive(Clone, Debug)]
pub struct Engaged {
    pub endpoint: Endpoint,
    pub engagement: Arc<Engagement>,
}

/// A Service with its share of a rule's traffic.
#[derive(Debug)]
pub struct Backend {
    pub service: Arc<str>,
    pub weight: u32,
    pub endpoints: Vec<Engaged>,
    pub tally: Tally,
    next: AtomicUsize,
}

impl Backend {
    /// The endpoints, starting with the one whose turn it is.
    pub fn in_turn(&self) -> impl Iterator<Item = &Engaged> {
        let count = self.endpoints.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        (0..count).map(move |step| &self.endpoints[(first.wrapping_add(step)) % count])
    }
}

#[derive(Debug)]
pub struct Rule {
    /// The route's namespace and its name, which is that of the service as people know it.
    pub target: Target,
    pub prefix: Arc<str>,
    /// Name of the HTTPRoute, which may be another than people know.
    pub route: String,
    /// What takes the prefix's place on the way to the backend.
    pub replacement: Option<String>,
    pub backends: Vec<Backend>,
    pub policy: Option<Arc<Policy>>,
    pub meter: Arc<Meter>,
}

impl Rule {
    /// A backend by weight, with endpoints or without; `point` is uniform in `0.0..1.0`.
    pub fn choose(&self, point: f64) -> Option<&Backend> {
        choose(self.backends.iter(), point)
    }

    /// Where a request goes under a policy; `None` while it has nowhere to go. A request
    /// that could wait goes to any backend with an endpoint, so that none waits while
    /// another could answer.
    pub fn choice(&self, share: Option<&Share>) -> Option<Choice<'_>> {
        let policy = self.policy.as_deref();
        let assignment = policy.and_then(|policy| policy.assignment.as_ref());
        if let (Some(assignment), Some(share)) = (assignment, share) {
            return assignment.choice(share);
        }
        let held = policy.is_some_and(|policy| policy.hold.is_some());
        let open = self.backends.iter().filter(|one| !held || !one.endpoints.is_empty());
        let backend = choose(open, rand::random())?;
        Some(Choice { backend, variant: None, key_hash: None })
    }

    /// Whether any request has somewhere to go.
    pub fn is_served(&self) -> bool {
        let assignment = self.policy.as_ref().and_then(|policy| policy.assignment.as_ref());
        match assignment {
            Some(assignment) => assignment.backends.iter().any(|one| !one.endpoints.is_empty()),
            None => self.backends.iter().any(|one| one.weight > 0 && !one.endpoints.is_empty()),
        }
    }

    /// `path` as the backend sees it.
    pub fn rewrite(&self, path: &str) -> String {
        let Some(replacement) = &self.replacement else { return path.to_owned() };
        let rest = path.strip_prefix(&*self.prefix).unwrap_or(path).trim_start_matches('/');
        format!("{}/{rest}", replacement.trim_end_matches('/'))
    }
}

fn choose<'a>(
    backends: impl Iterator<Item = &'a Backend> + Clone,
    point: f64,
) -> Option<&'a Backend> {
    let total: u64 = backends.clone().map(|backend| u64::from(backend.weight)).sum();
    let mut left = point * total as f64;
    let mut last = None;
    for backend in backends.filter(|backend| backend.weight > 0) {
        if left < f64::from(backend.weight) {
            return Some(backend);
        }
        left -= f64::from(backend.weight);
        last = Some(backend);
    }
    last
}

/// A policy with the backends of its route, as they are counted.
#[derive(Debug)]
pub struct Governed {
    pub policy: Arc<Policy>,
    pub backends: Vec<(Arc<str>, Tally)>,
    /// Whether a request of the route has somewhere to go.
    pub is_served: bool,
}

/// All rules, by prefix.
#[derive(Debug, Default)]
pub struct Table {
    rules: HashMap<String, Arc<Rule>>,
    governed: HashMap<PolicyKey, Governed>,
    /// Of each route, by backend.
    tallies: HashMap<Target, HashMap<Arc<str>, Tally>>,
    hearings: Vec<(Arc<HTTPRoute>, Hearing)>,
}

impl Table {
    /// The rule with the longest prefix of `path`, at path-segment boundaries.
    pub fn find(&self, path: &str) -> Option<&Arc<Rule>> {
        let mut candidate = path.trim_end_matches('/');
        loop {
            if let Some(rule) = self.rules.get(candidate) {
                return Some(rule);
            }
            candidate = &candidate[..candidate.rfind('/')?];
        }
    }

    pub fn governed(&self) -> impl Iterator<Item = &Governed> {
        self.governed.values()
    }

    /// Tells those who wait under the table before this one: where there may be an
    /// endpoint now, and where the policy that holds them is gone.
    pub fn wake(&self, before: &Table) {
        for (key, old) in &before.governed {
            let live = &old.policy.live;
            let is_due = self.governed.get(key).is_none_or(|new| new.is_served);
            if live.held.get() > 0 && is_due {
                live.ready.notify_waiters();
            }
        }
    }

    /// Backends that were counted under `before`, of routes that are gone.
    pub fn gone<'a>(&'a self, before: &'a Table) -> impl Iterator<Item = Behind> + 'a {
        let gone = before.tallies.iter().filter(|(target, _)| !self.tallies.contains_key(target));
        gone.flat_map(|(target, tallies)| tallies.keys().map(|name| Behind::of(target, name)))
    }

    /// The routes that name the gateway, and what became of their paths.
    pub fn hearings(&self) -> &[(Arc<HTTPRoute>, Hearing)] {
        &self.hearings
    }
}
