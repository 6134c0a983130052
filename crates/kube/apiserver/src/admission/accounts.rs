//! Every pod runs as a service account; priority classes become numbers.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::http::handle::Call;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;

/// Fills in the account and the tolerations and priority that every pod has.
///
/// # Errors
/// 403 for an account that was named and is not there, or an unknown priority class.
pub(crate) async fn on_create(
    call: &Call,
    pods: &Resource,
    pod: &mut Value,
) -> Result<(), Failure> {
    account(call, pods, pod).await?;
    priority(call, pods, pod).await?;
    tolerations(pod);
    Ok(())
}

/// The account `default` is filled in where it exists. Kubernetes refuses a pod
/// without it; here a namespace may have none, since no controller makes them.
async fn account(call: &Call, pods: &Resource, pod: &mut Value) -> Result<(), Failure> {
    let named = object::text(pod, "/spec/serviceAccountName").to_owned();
    let wanted = if named.is_empty() { "default" } else { &named };
    let accounts: &Arc<Resource> = call.catalog.expect("", "v1", "serviceaccounts");
    let namespace = object::namespace(pod).to_owned();
    let there = call.server.objects.get(accounts, &namespace, wanted).await?.is_some();
    if !there && !named.is_empty() {
        let why = format!(
            "error looking up service account {namespace}/{named}: serviceaccount {named:?} not found"
        );
        return Err(Failure::forbidden(pods.subject(object::name(pod)), &why));
    }
    if there {
        let spec = object::child_mut(pod, "spec");
        spec.insert("serviceAccountName".into(), wanted.into());
        spec.insert("serviceAccount".into(), wanted.into());
    }
    Ok(())
}

async fn priority(call: &Call, pods: &Resource, pod: &mut Value) -> Result<(), Failure> {
    let name = object::text(pod, "/spec/priorityClassName").to_owned();
    let classes: &Arc<Resource> = call.catalog.expect("scheduling.k8s.io", "v1", "priorityclasses");
    let class = if name.is_empty() {
        let all = call.server.objects.all(classes, "").await?;
        all.into_iter().find(|entry| entry.object.get("globalDefault") == Some(&Value::Bool(true)))
    } else {
        let found = call.server.objects.get(classes, "", &name).await?;
        if found.is_none() {
            let why = format!("no PriorityClass with name {name} was found");
            return Err(Failure::forbidden(pods.subject(object::name(pod)), &why));
        }
        found
    };
    let spec = object::child_mut(pod, "spec");
    let field = |name: &str| class.as_ref().and_then(|entry| entry.object.get(name)).cloned();
    if let Some(entry) = &class {
        spec.insert("priorityClassName".into(), object::name(&entry.object).into());
    }
    spec.insert("priority".into(), field("value").unwrap_or_else(|| 0.into()));
    spec.insert(
        "preemptionPolicy".into(),
        field("preemptionPolicy").unwrap_or_else(|| "PreemptLowerPriority".into()),
    );
    Ok(())
}

/// A pod stays five minutes on a node that is not ready, unless it says otherwise.
fn tolerations(pod: &mut Value) {
    let spec = object::child_mut(pod, "spec");
    let list = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(list) = list.as_array_mut() else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let known = list.iter().any(|one| {
            let effect = object::text(one, "/effect");
            let own = object::text(one, "/key");
            (own == key || own.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        });
        if !known {
            list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
}
