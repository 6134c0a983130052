//! Which of a route's paths the gateway serves, and what is said of the others in the
//! route's status, in Gateway API's words (`RouteParentStatus`, `RouteConditionType`).

mod tell;

use std::collections::HashMap;
use std::sync::Arc;

use dais_api::routing::{HTTPRoute, HttpRouteStatus, RouteParentStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use crate::table::{Rule, ours};

pub use tell::{Due, due, tell};

/// Who says it.
const CONTROLLER: &str = "dais.io/gateway";
const ACCEPTED: &str = "Accepted";
const PARTIALLY_INVALID: &str = "PartiallyInvalid";

/// What became of a route's paths.
#[derive(Debug, Default)]
pub struct Hearing {
    served: usize,
    refused: Vec<Refused>,
}

#[derive(Debug)]
struct Refused {
    reason: &'static str,
    words: String,
}

impl Hearing {
    /// `prefix`, where the route may have it: below its own project's name, and nobody
    /// older has it.
    pub fn hear(
        &mut self,
        route: &HTTPRoute,
        prefix: String,
        taken: &HashMap<String, Arc<Rule>>,
    ) -> Option<String> {
        let project = route.namespace().unwrap_or_default();
        if prefix.split('/').nth(2) != Some(&*project) {
            let words = format!(
                "path {prefix:?} is not project {project:?}'s: its paths have its name second, as in /serve/{project}/…"
            );
            self.refused.push(Refused { reason: "NotAllowedByListeners", words });
            return None;
        }
        if let Some(rule) = taken.get(&prefix) {
            if rule.route == route.name_any() {
                // It says so twice.
                return None;
            }
            let words = format!(
                "HTTPRoute {:?} had path {prefix:?} first: delete that one, or choose another path",
                rule.route
            );
            self.refused.push(Refused { reason: "PathTaken", words });
            return None;
        }
        self.served += 1;
        Some(prefix)
    }

    /// The status of `route` with the gateway's word in it; `None` where it is there already.
    pub fn status(&self, route: &HTTPRoute) -> Option<HttpRouteStatus> {
        let parent_ref = ours(route)?.clone();
        let before = route.status.clone().unwrap_or_default();
        let own = |parent: &RouteParentStatus| parent.controller_name == CONTROLLER;
        let known = before.parents.iter().find(|parent| own(parent));
        let conditions = self.conditions(route, known);
        let new =
            RouteParentStatus { parent_ref, controller_name: CONTROLLER.to_owned(), conditions };
        if known == Some(&new) {
            return None;
        }
        let others = before.parents.iter().filter(|parent| !own(parent)).cloned();
        Some(HttpRouteStatus { parents: others.chain([new]).collect() })
    }

    fn conditions(&self, route: &HTTPRoute, before: Option<&RouteParentStatus>) -> Vec<Condition> {
        let words: Vec<&str> = self.refused.iter().map(|refused| &*refused.words).collect();
        let words = words.join("; ");
        let condition = |type_: &str, status: &str, reason: &str, message: &str| {
            let known = before
                .and_then(|before| before.conditions.iter().find(|known| known.type_ == type_));
            let since = known.filter(|known| known.status == status);
            let since = since.map(|known| known.last_transition_time.clone());
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: reason.to_owned(),
                message: message.to_owned(),
                observed_generation: route.metadata.generation,
                last_transition_time: since.unwrap_or_else(|| Time(Timestamp::now())),
            }
        };
        match (self.served, self.refused.first()) {
            (0, Some(refused)) => vec![condition(ACCEPTED, "False", refused.reason, &words)],
            (0, None) => {
                let words = "no rule has a match with a path of type PathPrefix, and nothing else is served";
                vec![condition(ACCEPTED, "False", "UnsupportedValue", words)]
            }
            (_, None) => vec![condition(ACCEPTED, "True", ACCEPTED, "its paths are served")],
            (_, Some(refused)) => vec![
                condition(ACCEPTED, "True", ACCEPTED, "some of its paths are served"),
                condition(PARTIALLY_INVALID, "True", refused.reason, &words),
            ],
        }
    }
}
