//! `pods/eviction`: a deletion that disruption budgets may refuse.

use http::StatusCode;
use serde_json::Value;

use crate::http::body;
use crate::http::handle::{self, Call};
use crate::http::respond::Answer;
use crate::object;
use crate::status::Failure;
use crate::verbs::delete;
use crate::verbs::delete_options::DeleteOptions;

pub(crate) async fn create(call: &Call) -> Result<Answer, Failure> {
    let eviction = body::decode(&call.parts.headers, &call.body, None)?.value;
    let given = object::name(&eviction);
    if !given.is_empty() && given != call.path.name {
        let why = format!(
            "name in URL does not match name in Eviction object: {} != {given}",
            call.path.name
        );
        return Err(Failure::bad_request(why));
    }
    let pod = call.server.objects.expect(&call.resource, call.namespace(), &call.path.name).await?;
    let finished =
        matches!(object::text(&pod.object, "/status/phase"), "Succeeded" | "Failed" | "Pending");
    if !finished && !object::is_deleting(&pod.object) {
        check_budgets(call, &pod.object).await?;
    }
    let options = DeleteOptions::from_value(eviction.get("deleteOptions"))?;
    delete::delete_object(call, &call.resource, (call.namespace(), &call.path.name), &options)
        .await?;
    Ok(handle::success(StatusCode::CREATED))
}

async fn check_budgets(call: &Call, pod: &Value) -> Result<(), Failure> {
    let budgets = call.catalog.expect("policy", "v1", "poddisruptionbudgets");
    for budget in call.server.objects.all(budgets, call.namespace()).await? {
        let selector = budget.object.pointer("/spec/selector");
        let covers = dais_schema::selector::LabelSelector::from_object(selector)
            .is_ok_and(|selector| selector.matches(pod.pointer("/metadata/labels")));
        let allowed = budget
            .object
            .pointer("/status/disruptionsAllowed")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        if covers && allowed < 1 {
            let message = "Cannot evict pod as it would violate the pod's disruption budget.";
            let mut failure = Failure::new(429, "TooManyRequests", message);
            let why = format!(
                "The disruption budget {} needs more healthy pods than it has",
                object::name(&budget.object)
            );
            failure.details = Some(Box::new(
                serde_json::json!({"causes": [{"reason": "DisruptionBudget", "message": why}]}),
            ));
            return Err(failure);
        }
    }
    Ok(())
}
