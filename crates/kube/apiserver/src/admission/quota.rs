//! ResourceQuota: what a namespace may use in all.
//!
//! Use is counted from the stored objects, under one lock, so that two creates
//! at once cannot both take the last of it. The status of the quotas is written
//! behind the requests, by a task that looks whenever something that counts has
//! changed.

pub mod recount;
pub mod usage;

use serde_json::{Map, Value};
use tokio::sync::MutexGuard;

use self::usage::Usage;
use crate::http::handle::Call;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use dais_schema::quantity::Quantity;

/// Checks a new object against the quotas of its namespace.
///
/// # Errors
/// 403 in Kubernetes' words: what was requested, used and is the limit.
pub(crate) async fn on_create<'a>(
    call: &'a Call,
    resource: &Resource,
    object: &Value,
) -> Result<Option<MutexGuard<'a, ()>>, Failure> {
    if !resource.namespaced || resource.is("", "events") || resource.is("", "resourcequotas") {
        return Ok(None);
    }
    let namespace = object::namespace(object);
    let quotas = call.catalog.expect("", "v1", "resourcequotas");
    let lock = call.server.quota.lock().await;
    let quotas = call.server.objects.all(quotas, namespace).await?;
    if quotas.is_empty() {
        return Ok(None);
    }
    for quota in &quotas {
        let hard = quota.object.pointer("/spec/hard").and_then(Value::as_object);
        let Some(hard) = hard.filter(|_| usage::in_scope(&quota.object, resource, object)) else {
            continue;
        };
        let own = usage::of_object(resource, object);
        let subject = resource.subject(object::name(object));
        let name = object::name(&quota.object);
        must_specify(resource, object, hard)
            .map_err(|why| Failure::forbidden(subject, &format!("failed quota: {name}: {why}")))?;
        let wanted: Usage = own
            .into_iter()
            .filter(|(key, amount)| hard.contains_key(key) && !amount.is_zero())
            .collect();
        if wanted.is_empty() {
            continue;
        }
        let used =
            usage::of_namespace(&call.server, &call.catalog, namespace, &quota.object).await?;
        exceeded(&wanted, &used, hard).map_err(|why| {
            Failure::forbidden(subject, &format!("exceeded quota: {name}, {why}"))
        })?;
    }
    Ok(Some(lock))
}

/// A quota on compute resources makes every container say what it needs.
fn must_specify(
    resource: &Resource,
    object: &Value,
    hard: &Map<String, Value>,
) -> Result<(), String> {
    if !resource.is("", "pods") {
        return Ok(());
    }
    let mut missing = Vec::new();
    let mut keys: Vec<&String> = hard.keys().collect();
    keys.sort();
    for key in keys {
        let (kind, name) = match key.as_str() {
            "cpu" | "memory" => ("requests", key.as_str()),
            other => match other.split_once('.') {
                Some((kind @ ("requests" | "limits"), name @ ("cpu" | "memory"))) => (kind, name),
                _ => continue,
            },
        };
        let containers = object.pointer("/spec/containers").and_then(Value::as_array);
        let silent: Vec<&str> = containers
            .into_iter()
            .flatten()
            .filter(|one| one.pointer(&format!("/resources/{kind}/{name}")).is_none())
            .map(|one| object::text(one, "/name"))
            .collect();
        if !silent.is_empty() {
            missing.push(format!("{key} for: {}", silent.join(",")));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("must specify {}", missing.join("; "))) }
}

fn exceeded(wanted: &Usage, used: &Usage, hard: &Map<String, Value>) -> Result<(), String> {
    let (mut requested, mut present, mut limited) = (Vec::new(), Vec::new(), Vec::new());
    for (key, amount) in wanted {
        let Some(most) = hard.get(key).and_then(Value::as_str) else { continue };
        let Ok(limit) = Quantity::parse(most) else { continue };
        let zero = Quantity::from_int(0);
        let now = used.get(key).unwrap_or(&zero);
        if now.add(amount) > limit {
            requested.push(format!("{key}={amount}"));
            present.push(format!("{key}={now}"));
            limited.push(format!("{key}={most}"));
        }
    }
    if requested.is_empty() {
        return Ok(());
    }
    Err(format!(
        "requested: {}, used: {}, limited: {}",
        requested.join(","),
        present.join(","),
        limited.join(",")
    ))
}
