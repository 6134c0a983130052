//! The objects of a service, as values: no I/O.

use std::collections::BTreeMap;

use dais_api::traffic::TrafficPolicy;
use dais_api::{ABTest, InferenceService};

use super::server::{self, PORT};
use crate::abtest;
use crate::context::Settings;
use crate::seams::RegisteredVersion;
use crate::serving::{Front, Rules, Servers, Template, Track};

pub fn front(service: &InferenceService) -> Front {
    Front::of(service, service.spec.application.as_deref(), "serve")
}

/// By the service's own word and that of a test that has its address.
pub fn policy(
    front: &Front,
    service: &InferenceService,
    test: Option<&ABTest>,
) -> Option<TrafficPolicy> {
    let (assignment, shadow) = test
        .and_then(|test| Some((test, test.status.as_ref()?)))
        .map(|(test, status)| (abtest::assignment(test, status), abtest::shadow(test, status)))
        .unwrap_or_default();
    let spec = &service.spec;
    front.policy(Rules {
        autoscaling: spec.autoscaling.as_ref(),
        rollout: spec.rollout.as_ref(),
        record: spec.record.as_ref(),
        assignment,
        shadow,
        ..Rules::default()
    })
}

/// One set of the service's servers.
pub fn servers(
    (service, front): (&InferenceService, &Front),
    (track, version): (Track, Option<&RegisteredVersion>),
    replicas: i32,
    settings: &Settings,
) -> Servers {
    let mut annotations = BTreeMap::new();
    if service.spec.server.is_none() {
        annotations.insert("prometheus.io/scrape".to_owned(), "true".to_owned());
        annotations.insert("prometheus.io/port".to_owned(), PORT.to_string());
    }
    let spec = server::pod_spec(service, front, version, settings);
    Servers {
        service: Some(front.service(track, "http", Vec::new())),
        deployment: front.deployment(track, replicas, Template { annotations, spec }),
    }
}
