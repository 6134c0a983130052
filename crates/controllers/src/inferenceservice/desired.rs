//! The objects of a service, as values: no I/O.

use std::collections::BTreeMap;

use dais_api::routing::{
    BackendReference, GATEWAY, HTTPRoute, HttpPathMatch, HttpRouteFilter, HttpRouteMatch,
    HttpRouteRule, HttpRouteSpec, ParentReference,
};
use dais_api::traffic::{Hold, PolicyTarget, TrafficPolicy, TrafficPolicySpec};
use dais_api::{ABTest, InferenceService, RolloutState, RolloutStatus, labels};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{PodTemplateSpec, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{Resource, ResourceExt};

use super::server::{self, PORT};
use crate::abtest;
use crate::context::Settings;
use crate::seams::RegisteredVersion;

/// How long a request waits for a service that sleeps: what loading a large model takes.
const HOLD_SECONDS: i32 = 300;
/// Requests that wait at a time.
const HOLD_MOST: i32 = 1000;
/// Longest name that the objects of a service get from it, so that a mark still fits.
const LONGEST: usize = 46;

/// Which of a service's two sets of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// The service's own.
    Stable,
    /// Those of a version on its way in.
    Canary,
}

/// One set of servers.
pub struct Servers<'a> {
    pub service: &'a InferenceService,
    pub track: Track,
    pub version: Option<&'a RegisteredVersion>,
    pub replicas: i32,
}

/// Path of the service on the gateway.
pub fn path(service: &InferenceService) -> String {
    let project = service.namespace().unwrap_or_default();
    format!("/serve/{project}/{}", service.name_any())
}

/// Name of a track's Deployment and Service, whose rules are stricter than those of an
/// InferenceService's own name.
pub fn name(service: &InferenceService, track: Track) -> String {
    let own = service.name_any();
    let starts_well = own.starts_with(|c: char| c.is_ascii_lowercase());
    let is_plain = own.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let stable = if starts_well && is_plain && own.len() <= LONGEST {
        own
    } else {
        let safe = labels::label_value(&format!("{own}/")).replace(['.', '_'], "-");
        let kept = safe.len().saturating_sub(LONGEST);
        format!("s-{}", safe[kept..].trim_matches('-'))
    };
    let uid = service.uid().unwrap_or_default();
    let mark: String = uid.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    match track {
        Track::Stable => stable,
        Track::Canary => format!("{stable}-next-{mark}"),
    }
}

pub fn application(service: &InferenceService) -> String {
    service.spec.application.clone().unwrap_or_else(|| service.name_any())
}

pub fn user(service: &InferenceService) -> String {
    service.annotations().get(labels::CREATED_BY).cloned().unwrap_or_default()
}

/// The label by which a track's pods are known.
fn instance(service: &InferenceService, track: Track) -> String {
    match track {
        Track::Stable => labels::label_value(&service.name_any()),
        Track::Canary => name(service, track),
    }
}

pub fn selector(service: &InferenceService, track: Track) -> BTreeMap<String, String> {
    BTreeMap::from([
        (labels::KIND.to_owned(), InferenceService::kind(&()).into_owned()),
        (labels::INSTANCE.to_owned(), instance(service, track)),
    ])
}

fn pod_labels(service: &InferenceService, track: Track) -> BTreeMap<String, String> {
    let kind = InferenceService::kind(&());
    let mut all =
        labels::pod_labels(&kind, &service.name_any(), &application(service), &user(service));
    all.insert(labels::INSTANCE.to_owned(), instance(service, track));
    all
}

fn metadata(service: &InferenceService, name: String, track: Track) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: service.namespace(),
        labels: Some(pod_labels(service, track)),
        owner_references: Some(service.controller_owner_ref(&()).into_iter().collect()),
        ..ObjectMeta::default()
    }
}

pub fn service(service: &InferenceService, track: Track) -> Service {
    Service {
        metadata: metadata(service, name(service, track), track),
        spec: Some(ServiceSpec {
            selector: Some(selector(service, track)),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: 80,
                target_port: Some(IntOrString::String("http".to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The way to the servers; a version on its way in gets its share.
pub fn route(service: &InferenceService, rollout: Option<&RolloutStatus>) -> HTTPRoute {
    let prefix = HttpPathMatch { type_: Some("PathPrefix".to_owned()), value: Some(path(service)) };
    let backend = |track, weight| BackendReference {
        name: name(service, track),
        port: Some(80),
        weight: Some(weight),
    };
    let share = rollout.map_or(0, share);
    let mut backends = vec![backend(Track::Stable, 100 - share)];
    if share > 0 {
        backends.push(backend(Track::Canary, share));
    }
    let spec = HttpRouteSpec {
        parent_refs: vec![ParentReference { name: GATEWAY.to_owned(), namespace: None }],
        rules: vec![HttpRouteRule {
            matches: vec![HttpRouteMatch { path: Some(prefix) }],
            filters: vec![HttpRouteFilter::replace_prefix("/")],
            backend_refs: backends,
        }],
    };
    HTTPRoute { metadata: metadata(service, service.name_any(), Track::Stable), spec, status: None }
}

fn share(rollout: &RolloutStatus) -> i32 {
    match rollout.state {
        RolloutState::Progressing | RolloutState::Promoting => rollout.percent.clamp(0, 100),
        RolloutState::Starting | RolloutState::RolledBack => 0,
    }
}

/// What the gateway does with the service's requests, by its own word and that of a test
/// that has its address; `None`: nothing beyond sending them on, and nobody needs its
/// counts.
pub fn policy(service: &InferenceService, test: Option<&ABTest>) -> Option<TrafficPolicy> {
    let spec = &service.spec;
    let (assignment, shadow) = test
        .and_then(|test| Some((test, test.status.as_ref()?)))
        .map(|(test, status)| (abtest::assignment(test, status), abtest::shadow(test, status)))
        .unwrap_or_default();
    let is_counted = spec.autoscaling.is_some() || spec.rollout.is_some();
    if !is_counted && spec.record.is_none() && assignment.is_none() && shadow.is_none() {
        return None;
    }
    let sleeps = spec.autoscaling.as_ref().is_some_and(|rule| rule.min_replicas == 0);
    let hold = sleeps.then_some(Hold { seconds: HOLD_SECONDS, most: HOLD_MOST });
    let target_ref = PolicyTarget {
        group: HTTPRoute::group(&()).into_owned(),
        kind: HTTPRoute::kind(&()).into_owned(),
        name: service.name_any(),
    };
    let record = spec.record.clone();
    Some(TrafficPolicy {
        metadata: metadata(service, service.name_any(), Track::Stable),
        spec: TrafficPolicySpec { target_ref, hold, shadow, record, assignment },
        status: None,
    })
}

pub fn deployment(servers: &Servers<'_>, settings: &Settings) -> Deployment {
    let Servers { service, track, replicas, .. } = servers;
    let mut annotations = BTreeMap::from([(labels::USER_ANNOTATION.to_owned(), user(service))]);
    if service.spec.server.is_none() {
        annotations.insert("prometheus.io/scrape".to_owned(), "true".to_owned());
        annotations.insert("prometheus.io/port".to_owned(), PORT.to_string());
    }
    Deployment {
        metadata: metadata(service, name(service, *track), *track),
        spec: Some(DeploymentSpec {
            replicas: Some(*replicas),
            selector: LabelSelector {
                match_labels: Some(selector(service, *track)),
                ..LabelSelector::default()
            },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(pod_labels(service, *track)),
                    annotations: Some(annotations),
                    ..ObjectMeta::default()
                }),
                spec: Some(server::pod_spec(service, servers.version, settings)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

#[cfg(test)]
mod tests {
    use dais_api::InferenceServiceSpec;

    use super::*;

    fn named(name: &str) -> InferenceService {
        let mut service = InferenceService::new(name, InferenceServiceSpec::default());
        service.metadata.uid = Some("12345678-9abc-4def-8123-456789abcdef".to_owned());
        service
    }

    #[test]
    fn objects_have_names_that_services_may_have() {
        assert_eq!(name(&named("digits"), Track::Stable), "digits");
        assert_eq!(name(&named("digits"), Track::Canary), "digits-next-12345678");
        let (long, other) = ("a".repeat(253), format!("{}b", "a".repeat(252)));
        let hostile = [long.as_str(), &other, "1st", "a.b", &"x-".repeat(100), "0"];
        let mut seen = Vec::new();
        for own in hostile {
            for track in [Track::Stable, Track::Canary] {
                let name = name(&named(own), track);
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                assert!(name.len() <= 63 && name.chars().all(plain), "{own}: {name}");
                assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{own}: {name}");
                assert!(!name.ends_with('-'), "{own}: {name}");
                assert!(!seen.contains(&name), "{own}: {name} twice");
                seen.push(name);
            }
        }
    }

    #[test]
    fn a_version_on_its_way_in_gets_its_share_and_no_more() {
        let at = |state, percent| RolloutStatus { state, percent, ..RolloutStatus::default() };
        let weights = |rollout: Option<&RolloutStatus>| -> Vec<Option<i32>> {
            let backends = &route(&named("digits"), rollout).spec.rules[0].backend_refs;
            backends.iter().map(|backend| backend.weight).collect()
        };
        assert_eq!(weights(None), [Some(100)]);
        assert_eq!(weights(Some(&at(RolloutState::Starting, 0))), [Some(100)]);
        assert_eq!(weights(Some(&at(RolloutState::Progressing, 10))), [Some(90), Some(10)]);
        assert_eq!(weights(Some(&at(RolloutState::RolledBack, 10))), [Some(100)]);
    }
}
