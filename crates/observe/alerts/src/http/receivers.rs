//! Receivers: their names, how they are doing, and a test message.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::Caller;
use super::view::View;
use crate::alerts::Alerts;
use crate::delivery::Attempt;
use crate::error::Result;

/// Names. Who sees some namespaces sees the receivers of alerts that fire there.
pub async fn list(State(alerts): State<Alerts>, caller: Caller) -> Json<Vec<Value>> {
    let names: BTreeSet<String> = alerts.look(|state| {
        if caller.scope.is_all() {
            return state.config.receivers.keys().cloned().collect();
        }
        let view = View::new(state, &caller.scope, Timestamp::now());
        let firing = view.firing().flat_map(|(_, alert)| view.receivers(&alert.labels));
        firing.map(str::to_owned).collect()
    });
    Json(names.into_iter().map(|name| json!({"name": name})).collect())
}

/// Every way out, with what it came to and what waits for it.
pub async fn detailed(State(alerts): State<Alerts>, caller: Caller) -> Result<Json<Vec<Value>>> {
    if !caller.scope.is_all() {
        // What receivers said may tell of anybody's alerts.
        return Ok(Json(vec![]));
    }
    let receivers = alerts.look(|state| {
        let queued = |key: &str| {
            state.deliveries.values().filter(|delivery| delivery.integration == key).count()
        };
        let receiver = |own: &crate::config::receiver::Receiver| {
            let integrations: Vec<Value> = own
                .integrations
                .iter()
                .map(|integration| {
                    json!({
                        "integration": integration.key,
                        "kind": integration.channel.kind(),
                        "sendResolved": integration.send_resolved,
                        "queued": queued(&integration.key),
                    })
                })
                .collect();
            json!({"name": own.name, "language": own.language, "integrations": integrations})
        };
        state.config.receivers.values().map(receiver).collect::<Vec<Value>>()
    });
    Ok(Json(receivers.into_iter().map(|receiver| with_health(&alerts, receiver)).collect()))
}

fn with_health(alerts: &Alerts, mut receiver: Value) -> Value {
    for integration in receiver["integrations"].as_array_mut().into_iter().flatten() {
        let key = integration["integration"].as_str().unwrap_or_default().to_owned();
        integration["health"] = json!(alerts.health(&key));
    }
    receiver
}

/// Sends a test message and tells what each way out said.
pub async fn test(
    State(alerts): State<Alerts>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Vec<Attempt>>> {
    caller.administrator()?;
    Ok(Json(alerts.test(&name).await?))
}
