//! How the node asks whether a replica is well.

use dais_api::application::Check;
use dais_api::{ApplicationSpec, Health};
use k8s_openapi::api::core::v1::{Container, ExecAction, HTTPGetAction, Probe, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Seconds between two checks, where nothing is said: soon, so that a new release takes
/// requests when it can; at leisure afterwards.
const READY_EVERY: i32 = 1;
const LIVE_EVERY: i32 = 5;
/// Seconds that a program may take to start.
const START: i32 = 30;
/// Failures in a row after which a replica is started anew.
const FAILURES: i32 = 3;

/// The container with its probes.
pub fn checked(spec: &ApplicationSpec, container: Container) -> Container {
    let none = Health::default();
    let health = spec.health.as_ref().unwrap_or(&none);
    let port = spec.ports.first().map(|port| IntOrString::String(port.name.clone()));
    let ready = match &health.ready {
        Some(check) => probe(check, port.as_ref(), READY_EVERY),
        None => port.clone().map(|port| Probe {
            tcp_socket: Some(TCPSocketAction { port, ..TCPSocketAction::default() }),
            period_seconds: Some(READY_EVERY),
            ..Probe::default()
        }),
    };
    let live = health.live.as_ref().and_then(|check| probe(check, port.as_ref(), LIVE_EVERY));
    let start = live.clone().map(|live| Probe {
        period_seconds: Some(1),
        failure_threshold: Some(health.start_seconds.unwrap_or(START)),
        ..live
    });
    let live = live.map(|live| Probe { failure_threshold: Some(FAILURES), ..live });
    Container { readiness_probe: ready, liveness_probe: live, startup_probe: start, ..container }
}

fn probe(check: &Check, port: Option<&IntOrString>, every: i32) -> Option<Probe> {
    let period_seconds = Some(check.every_seconds.unwrap_or(every));
    if !check.command.is_empty() {
        let exec = ExecAction { command: Some(check.command.clone()) };
        return Some(Probe { exec: Some(exec), period_seconds, ..Probe::default() });
    }
    let get =
        HTTPGetAction { path: check.path.clone(), port: port?.clone(), ..HTTPGetAction::default() };
    Some(Probe { http_get: Some(get), period_seconds, ..Probe::default() })
}
