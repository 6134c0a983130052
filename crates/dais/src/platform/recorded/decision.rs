//! Decisions on requests to move protected aliases. Their address holds a number and
//! their body a reason: what they are about is asked before they happen.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use dais_identity::Caller;
use serde_json::{Value, json};

const BELOW: &str = "/dais/model-approvals/";
/// The last word of the address, and what it makes of an open request.
const VERBS: [(&str, &str); 3] =
    [("/approve", "approved"), ("/reject", "rejected"), ("/withdraw", "withdrawn")];

pub struct Decision {
    question: Request,
    state: &'static str,
}

impl Decision {
    /// `None` where a request is no decision.
    pub fn of(caller: &Caller, request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let verb = |(verb, state): &(&str, &'static str)| Some((path.strip_suffix(*verb)?, *state));
        let (address, state) = VERBS.iter().find_map(verb)?;
        if !address.contains(BELOW) {
            return None;
        }
        let mut question = Request::get(address).body(Body::empty()).ok()?;
        question.extensions_mut().insert(caller.clone());
        Some(Self { question, state })
    }

    /// What was there and what is to be, in place of the body alone.
    pub async fn told(self, before: Router, body: Option<Value>) -> (Option<Value>, Option<Value>) {
        let found = super::ask(before, self.question).await.unwrap_or_default();
        let asked = &found["model_approval"];
        if !asked.is_object() {
            return (None, body);
        }
        let (old, new) = change(asked, self.state, body.as_ref());
        (Some(old), Some(new))
    }
}

/// The request's own words stand among what is new: the record is to tell them.
fn change(asked: &Value, state: &str, body: Option<&Value>) -> (Value, Value) {
    let now = &asked["current_version"];
    let then = if state == "approved" { &asked["version"] } else { now };
    let old = json!({"state": asked["state"], "version": now});
    let new = json!({
        "name": asked["name"],
        "alias": asked["alias"],
        "requested_by": asked["requested_by"],
        "requested_because": asked["reason"],
        "version": then,
        "state": state,
        "reason": body.map_or(&Value::Null, |body| &body["reason"]),
    });
    (old, new)
}

#[cfg(test)]
mod tests {
    use dais_identity::Via;

    use super::*;

    #[test]
    fn decisions_are_known_by_their_address() {
        let caller = Caller::local("ann", Vec::new(), Via::Internal);
        let address = |path: &str| {
            let request = Request::post(path).body(Body::empty()).expect("a request");
            let decision = Decision::of(&caller, &request)?;
            Some((decision.question.uri().path().to_owned(), decision.state))
        };
        let api = "/mlflow/p/risk/api/2.0/dais/model-approvals";
        assert_eq!(address(&format!("{api}/3/reject")), Some((format!("{api}/3"), "rejected")));
        assert_eq!(address(api), None);
        assert_eq!(address("/data/p/risk/x/approve"), None);
    }

    #[test]
    fn only_an_approval_moves_the_alias() {
        let asked = json!({"name": "digits", "alias": "production", "version": "3",
            "current_version": "2", "state": "open", "requested_by": "ann", "reason": "better"});
        let body = json!({"reason": "seen"});
        let (old, new) = change(&asked, "approved", Some(&body));
        assert_eq!((&old["version"], &new["version"]), (&json!("2"), &json!("3")));
        assert_eq!((&old["state"], &new["state"]), (&json!("open"), &json!("approved")));
        assert_eq!(new["reason"], "seen");
        let (old, new) = change(&asked, "rejected", Some(&body));
        assert_eq!(old["version"], new["version"]);
    }
}
