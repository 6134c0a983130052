//! The objects behind one address, as values: no I/O.

use std::collections::BTreeMap;

use dais_api::routing::{
    BackendReference, GATEWAY, HTTPRoute, HttpPathMatch, HttpRouteFilter, HttpRouteMatch,
    HttpRouteRule, HttpRouteSpec, ParentReference,
};
use dais_api::traffic::{
    Assignment, Credential, Hold, PolicyTarget, Record, Shadow, TrafficPolicy, TrafficPolicySpec,
};
use dais_api::{Autoscaling, Rollout, RolloutState, RolloutStatus, labels};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{Resource, ResourceExt};

/// How long a request waits for servers that sleep: what loading a large model takes.
const HOLD_SECONDS: i32 = 300;
/// Requests that wait at a time.
const HOLD_MOST: i32 = 1000;
/// Longest name that the objects get from their owner's, so that a mark still fits.
const LONGEST: usize = 46;

/// Which of two sets of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// The object's own.
    Stable,
    /// Those of a version on its way in.
    Canary,
}

/// Who answers: how the objects are called, labelled and owned.
#[derive(Clone, Debug, Default)]
pub struct Front {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub application: String,
    pub user: String,
    pub owner: Option<OwnerReference>,
    /// Path on the gateway.
    pub path: String,
    /// The servers see the whole path.
    pub keeps_path: bool,
    /// Keeps the objects of kinds apart that may have the same name; empty for one of them.
    pub suffix: &'static str,
}

/// What the gateway is to do besides sending requests on.
#[derive(Default)]
pub struct Rules<'a> {
    pub autoscaling: Option<&'a Autoscaling>,
    pub rollout: Option<&'a Rollout>,
    pub record: Option<&'a Record>,
    pub assignment: Option<Assignment>,
    pub shadow: Option<Shadow>,
    /// Who opens a page waits for servers that sleep; programs do not.
    pub wakes_for_visits: bool,
    pub credential: Option<Credential>,
}

/// What a server's pod is made of.
pub struct Template {
    pub annotations: BTreeMap<String, String>,
    pub spec: PodSpec,
}

impl Front {
    /// Of an object, whose name is its application's where it names none; `root` is where
    /// its kind is on the gateway.
    pub fn of<K>(object: &K, application: Option<&str>, root: &str) -> Self
    where
        K: Resource<DynamicType = ()>,
    {
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        Self {
            kind: K::kind(&()).into_owned(),
            path: format!("/{root}/{namespace}/{name}"),
            application: application.map_or_else(|| name.clone(), ToOwned::to_owned),
            user: object.annotations().get(labels::CREATED_BY).cloned().unwrap_or_default(),
            uid: object.uid().unwrap_or_default(),
            owner: object.controller_owner_ref(&()),
            namespace,
            name,
            ..Self::default()
        }
    }

    /// Name of a track's Deployment and Service, whose rules are stricter than those of
    /// the owner's own name.
    pub fn object_name(&self, track: Track) -> String {
        let (own, longest) = (&self.name, LONGEST - self.suffix.len());
        let starts_well = own.starts_with(|c: char| c.is_ascii_lowercase());
        let is_plain = own.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let stable = if starts_well && is_plain && own.len() <= longest {
            own.clone()
        } else {
            let safe = labels::label_value(&format!("{own}/")).replace(['.', '_'], "-");
            let kept = safe.len().saturating_sub(longest);
            format!("s-{}", safe[kept..].trim_matches('-'))
        };
        let mark: String = self.uid.chars().filter(char::is_ascii_hexdigit).take(8).collect();
        match track {
            Track::Stable => format!("{stable}{}", self.suffix),
            Track::Canary => format!("{stable}{}-next-{mark}", self.suffix),
        }
    }

    /// Name of the HTTPRoute and of its policy.
    pub fn route_name(&self) -> String {
        match self.suffix.is_empty() {
            true => self.name.clone(),
            false => self.object_name(Track::Stable),
        }
    }

    /// The label by which a track's pods are known.
    fn instance(&self, track: Track) -> String {
        match track {
            Track::Stable => labels::label_value(&self.name),
            Track::Canary => self.object_name(track),
        }
    }

    pub fn selector(&self, track: Track) -> BTreeMap<String, String> {
        BTreeMap::from([
            (labels::KIND.to_owned(), self.kind.clone()),
            (labels::INSTANCE.to_owned(), self.instance(track)),
        ])
    }

    /// Whether a pod's label says that it is one of these servers.
    pub fn has(&self, instance: Option<&String>) -> bool {
        let tracks = [Track::Stable, Track::Canary];
        instance.is_some_and(|label| tracks.iter().any(|track| self.instance(*track) == *label))
    }

    pub fn labels(&self, track: Track) -> BTreeMap<String, String> {
        let mut all = labels::pod_labels(&self.kind, &self.name, &self.application, &self.user);
        all.insert(labels::INSTANCE.to_owned(), self.instance(track));
        all
    }

    pub fn metadata(&self, name: String, track: Track) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels(track)),
            owner_references: Some(self.owner.iter().cloned().collect()),
            ..ObjectMeta::default()
        }
    }

    /// An annotation: labels have names in another form.
    fn exact_name(&self) -> (String, String) {
        (labels::INSTANCE_ANNOTATION.to_owned(), self.name.clone())
    }

    /// Metadata of a pod, whose template has annotations of its own.
    pub fn pod_metadata(
        &self,
        track: Track,
        mut annotations: BTreeMap<String, String>,
    ) -> ObjectMeta {
        let user = (labels::USER_ANNOTATION.to_owned(), self.user.clone());
        annotations.extend([user, self.exact_name()]);
        ObjectMeta {
            labels: Some(self.labels(track)),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        }
    }

    /// Its port 80 leads to the servers' port `target`; there may be more.
    pub fn service(&self, track: Track, target: &str, more: Vec<ServicePort>) -> Service {
        let http = ServicePort {
            name: Some("http".to_owned()),
            port: 80,
            target_port: Some(IntOrString::String(target.to_owned())),
            ..ServicePort::default()
        };
        Service {
            metadata: self.metadata(self.object_name(track), track),
            spec: Some(ServiceSpec {
                selector: Some(self.selector(track)),
                ports: Some([vec![http], more].concat()),
                ..ServiceSpec::default()
            }),
            ..Service::default()
        }
    }

    /// The way to the servers; a version on its way in gets its share.
    pub fn route(&self, rollout: Option<&RolloutStatus>) -> HTTPRoute {
        let path =
            HttpPathMatch { type_: Some("PathPrefix".to_owned()), value: Some(self.path.clone()) };
        let backend = |track, weight| BackendReference {
            name: self.object_name(track),
            port: Some(80),
            weight: Some(weight),
        };
        let share = rollout.map_or(0, share);
        let mut backends = vec![backend(Track::Stable, 100 - share)];
        if share > 0 {
            backends.push(backend(Track::Canary, share));
        }
        let strip = (!self.keeps_path).then(|| HttpRouteFilter::replace_prefix("/"));
        let spec = HttpRouteSpec {
            parent_refs: vec![ParentReference { name: GATEWAY.to_owned(), namespace: None }],
            rules: vec![HttpRouteRule {
                matches: vec![HttpRouteMatch { path: Some(path) }],
                filters: strip.into_iter().collect(),
                backend_refs: backends,
            }],
        };
        let annotations = Some(BTreeMap::from([self.exact_name()]));
        let metadata =
            ObjectMeta { annotations, ..self.metadata(self.route_name(), Track::Stable) };
        HTTPRoute { metadata, spec, status: None }
    }

    /// What the gateway does with the requests; `None`: nothing beyond sending them on, and
    /// nobody needs its counts.
    pub fn policy(&self, rules: Rules<'_>) -> Option<TrafficPolicy> {
        let Rules {
            autoscaling,
            rollout,
            record,
            assignment,
            shadow,
            wakes_for_visits,
            credential,
        } = rules;
        let is_counted = autoscaling.is_some() || rollout.is_some() || wakes_for_visits;
        let is_plain = !is_counted && credential.is_none();
        if is_plain && record.is_none() && assignment.is_none() && shadow.is_none() {
            return None;
        }
        let sleeps = autoscaling.is_some_and(|rule| rule.min_replicas == 0);
        let hold = Hold { seconds: HOLD_SECONDS, most: HOLD_MOST, visits: wakes_for_visits };
        let hold = (sleeps || wakes_for_visits).then_some(hold);
        let target_ref = PolicyTarget {
            group: HTTPRoute::group(&()).into_owned(),
            kind: HTTPRoute::kind(&()).into_owned(),
            name: self.route_name(),
        };
        let record = record.cloned();
        Some(TrafficPolicy {
            metadata: self.metadata(self.route_name(), Track::Stable),
            spec: TrafficPolicySpec { target_ref, hold, shadow, record, assignment, credential },
            status: None,
        })
    }

    pub fn deployment(&self, track: Track, replicas: i32, template: Template) -> Deployment {
        let Template { annotations, spec } = template;
        Deployment {
            metadata: self.metadata(self.object_name(track), track),
            spec: Some(DeploymentSpec {
                replicas: Some(replicas),
                selector: LabelSelector {
                    match_labels: Some(self.selector(track)),
                    ..LabelSelector::default()
                },
                template: PodTemplateSpec {
                    metadata: Some(self.pod_metadata(track, annotations)),
                    spec: Some(spec),
                },
                ..DeploymentSpec::default()
            }),
            ..Deployment::default()
        }
    }
}

fn share(rollout: &RolloutStatus) -> i32 {
    match rollout.state {
        RolloutState::Progressing | RolloutState::Promoting => rollout.percent.clamp(0, 100),
        RolloutState::Starting | RolloutState::RolledBack => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, suffix: &'static str) -> Front {
        let uid = "12345678-9abc-4def-8123-456789abcdef".to_owned();
        Front { name: name.to_owned(), uid, suffix, ..Front::default() }
    }

    #[test]
    fn objects_have_names_that_services_may_have() {
        let plain = named("digits", "");
        assert_eq!(plain.object_name(Track::Stable), "digits");
        assert_eq!(plain.object_name(Track::Canary), "digits-next-12345678");
        assert_eq!(named("digits", "-app").object_name(Track::Stable), "digits-app");
        let (long, other) = ("a".repeat(253), format!("{}b", "a".repeat(252)));
        let hostile = [long.as_str(), &other, "1st", "a.b", &"x-".repeat(100), "0"];
        let mut seen = Vec::new();
        for own in hostile {
            for (suffix, track) in ["", "-app"]
                .into_iter()
                .flat_map(|suffix| [Track::Stable, Track::Canary].map(|track| (suffix, track)))
            {
                let name = named(own, suffix).object_name(track);
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
            let backends = &named("digits", "").route(rollout).spec.rules[0].backend_refs;
            backends.iter().map(|backend| backend.weight).collect()
        };
        assert_eq!(weights(None), [Some(100)]);
        assert_eq!(weights(Some(&at(RolloutState::Starting, 0))), [Some(100)]);
        assert_eq!(weights(Some(&at(RolloutState::Progressing, 10))), [Some(90), Some(10)]);
        assert_eq!(weights(Some(&at(RolloutState::RolledBack, 10))), [Some(100)]);
    }
}
