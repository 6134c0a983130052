//! Commands in running containers, what they print, and their ports, for people:
//! `/exec`, `/attach` and `/portForward` of the kubelet's API.

mod attach;
mod descriptor;
mod exec;
mod forward;
pub(crate) mod process;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use dais_streaming::Wanted;

use crate::host::Host;

pub(crate) fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/exec/{namespace}/{pod}/{container}", any(exec::exec))
        .route("/attach/{namespace}/{pod}/{container}", any(attach::attach))
        .route("/portForward/{namespace}/{pod}", any(forward::forward))
}

/// The streams that the query asks for, in the kubelet's words, and the command line.
fn asked(query: &str) -> (Wanted, Vec<String>) {
    let mut wanted = Wanted::default();
    let mut argv = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let is_set = matches!(&*value, "1" | "true");
        match &*name {
            "input" => wanted.stdin = is_set,
            "output" => wanted.stdout = is_set,
            "error" => wanted.stderr = is_set,
            "tty" => wanted.terminal = is_set,
            "command" => argv.push(value.into_owned()),
            _ => {}
        }
    }
    (wanted, argv)
}
