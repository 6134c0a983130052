//! One request under a policy: held, shared out, copied and written down.
//!
//! ```text
//! begin ─▶ wait while nobody could take it ─▶ key, variant ─▶ ask ─┬▶ answer ─▶ end
//!                                   ▲                              │
//!                                   └──────── nobody took it ◀─────┘
//! ```

use std::sync::Arc;

use axum::extract::Request;
use http::Method;

use crate::admission::opens_page;
use crate::assignment::Share;
use crate::forward::outgoing;
use crate::hold::{Over, Patience, refusal};
use crate::observe::{Chosen, Observed, Outcome};
use crate::policy::{Choice, Credential, Policy};
use crate::proxy::{Arrival, Forwarded, Tried, Way, give_up, unforwardable};
use crate::refusal::unavailable;
use crate::table::{Backend, Rule};

impl Way {
    pub(crate) async fn govern(
        &self,
        rule: &Arc<Rule>,
        policy: &Policy,
        arrival: &Arrival<'_>,
        request: Request,
    ) -> Forwarded {
        let under_way = policy.live.begin(arrival.start);
        let path = request.uri().path().to_owned();
        let is_visit = request.method() == Method::GET && opens_page(request.headers());
        if let Some(Credential::Unknown) = policy.credential {
            return unavailable(&rule.target).into();
        }
        let caller = (arrival.identity, &**arrival.user);
        let Some(mut request) = outgoing(rule, caller, request) else {
            return unforwardable().into();
        };
        let observed = Observed::begin((rule, policy), arrival, &mut request);
        let patience = Patience::new(&self.gateway, policy, (&path, arrival.line), is_visit);
        let mut course = Course { way: self, rule: rule.clone(), share: None, patience };
        let outcome = course.run(policy, request).await;
        observed.end(self, outcome, under_way)
    }
}

/// A request on its way to a backend.
struct Course<'a> {
    way: &'a Way,
    rule: Arc<Rule>,
    share: Option<Share>,
    patience: Patience<'a>,
}

impl Course<'_> {
    async fn run(&mut self, policy: &Policy, mut request: Request) -> Outcome {
        // A body is read only once somebody could take it.
        if policy.hold.is_some() && !self.rule.is_served() {
            match self.patience.wait(false, Rule::is_served).await {
                Ok(rule) => self.rule = rule,
                Err(over) => return self.over(over, None, None),
            }
        }
        if let Some(assignment) = &policy.assignment {
            let key = assignment.key.read(&mut request).await;
            self.share = Some(assignment.split.share(key.as_deref()));
        }
        loop {
            let rule = self.rule.clone();
            let choice = rule.choice(self.share.as_ref());
            let mut tried = None;
            if let Some(choice) = choice {
                match self.way.ask(&rule, choice.backend, request).await {
                    Ok(forwarded) => return Outcome { forwarded, chosen: Some(choice.into()) },
                    Err(unsent) => (request, tried) = (unsent.request, unsent.tried),
                }
            }
            let share = self.share.as_ref();
            let is_ready = |rule: &Rule| rule.choice(share).is_some();
            match self.patience.wait(tried.is_some(), is_ready).await {
                Ok(rule) => self.rule = rule,
                Err(over) => return self.over(over, choice, tried),
            }
        }
    }

    /// The end of a request that no endpoint took; `tried` was the last.
    fn over(&self, over: Over, choice: Option<Choice<'_>>, tried: Option<Tried>) -> Outcome {
        let target = &self.rule.target;
        let backend = choice.map(|choice| choice.backend).or_else(|| self.backend());
        let chosen = choice.filter(|_| tried.is_some()).map(Chosen::from);
        let name = format!("{}/{}", target.namespace, target.service);
        let forwarded = match refusal(over, &name) {
            None => give_up(target, backend, tried),
            Some(response) => {
                if let Some(backend) = backend.filter(|_| over != Over::Gone) {
                    backend.tally.unanswered();
                }
                let endpoint = tried.map(|tried| tried.endpoint);
                Forwarded { endpoint, ..response.into() }
            }
        };
        Outcome { forwarded, chosen }
    }

    /// Who should have answered where nobody was chosen.
    fn backend(&self) -> Option<&Backend> {
        let assignment = self.rule.policy.as_ref().and_then(|policy| policy.assignment.as_ref());
        match assignment {
            Some(assignment) => assignment.backends.first(),
            None => self.rule.choose(rand::random()),
        }
    }
}
