//! What the server tells about itself.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::caller::Caller;
use crate::alerts::Alerts;

/// The configuration names receivers and namespaces of everybody, so it is shown to those
/// alone who may see every alert.
pub async fn status(State(alerts): State<Alerts>, caller: Caller) -> Json<Value> {
    let original = if caller.scope.is_all() {
        alerts.look(|state| state.config.original.clone())
    } else {
        String::new()
    };
    Json(json!({
        "cluster": {"status": "disabled", "peers": []},
        "config": {"original": original},
        "uptime": alerts.started(),
        "versionInfo": {
            "branch": "", "buildDate": "", "buildUser": "", "goVersion": "",
            "revision": env!("CARGO_PKG_VERSION"),
            "version": "0.28.0",
        },
    }))
}
