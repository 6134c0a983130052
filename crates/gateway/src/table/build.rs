//! The table from the objects of a cluster.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use dais_api::routing::{GATEWAY, HTTPRoute, HttpRouteRule, ParentReference};
use dais_api::{TrafficPolicy, labels, traffic};
use http::HeaderValue;
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;
use tokio::sync::Notify;

use super::{Backend, Endpoint, Engaged, Governed, Rule, Table};
use crate::admission::Target;
use crate::compare::Terms;
use crate::engagement::Engagements;
use crate::hearing::Hearing;
use crate::live::Live;
use crate::metrics::{Behind, Meter, Metrics, Tally};
use crate::policy::{Assignment, Credential, Policy, PolicyKey, Shadow};

/// Label with which an EndpointSlice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Port of the Services that policies name.
const PORT: i32 = 80;
/// Group and kind of what a policy is for.
const ROUTE: (&str, &str) = ("gateway.networking.k8s.io", "HTTPRoute");

/// What a table is built from: all objects of these kinds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Objects<'a> {
    pub routes: &'a [Arc<HTTPRoute>],
    pub services: &'a [Arc<Service>],
    pub slices: &'a [Arc<EndpointSlice>],
    pub policies: &'a [Arc<TrafficPolicy>],
    /// Of those that the gateway may read.
    pub secrets: &'a [Arc<Secret>],
}

/// What outlives a table: counts, what policies hold, who is busy with which endpoint.
pub struct Standing<'a> {
    pub before: &'a Table,
    pub metrics: &'a Metrics,
    pub bell: &'a Arc<Notify>,
    pub engagements: &'a Engagements,
}

type Endpoints = HashMap<(String, String, i32), Vec<Engaged>>;

impl Table {
    pub fn build(objects: &Objects<'_>, standing: &Standing<'_>) -> Self {
        let endpoints = endpoints(objects.services, objects.slices, standing.engagements);
        let mut table = Self::default();
        // A route of another controller is not ours to serve.
        let mut routes: Vec<&Arc<HTTPRoute>> =
            objects.routes.iter().filter(|route| ours(route).is_some()).collect();
        routes.sort_by_cached_key(|route| seniority(route));
        for route in routes {
            let target = target(route);
            let mut of_route = OfRoute {
                name: route.name_any(),
                endpoints: &endpoints,
                secrets: objects.secrets,
                meter: standing.metrics.meter(&target),
                tallies: standing.before.tallies.get(&target).cloned().unwrap_or_default(),
                target,
                standing,
            };
            let policy = policy_of(route, objects.policies);
            let policy = policy.map(|policy| Arc::new(of_route.policy(policy)));
            let mut is_served = false;
            let mut hearing = Hearing::default();
            for rule in &route.spec.rules {
                for prefix in prefixes(rule) {
                    let Some(prefix) = hearing.hear(route, prefix, &table.rules) else { continue };
                    let rule = of_route.rule(rule, &prefix, policy.clone());
                    is_served |= rule.is_served();
                    table.rules.insert(prefix, Arc::new(rule));
                }
            }
            table.hearings.push((Arc::clone(route), hearing));
            table.take(of_route, policy, is_served);
        }
        table
    }

    fn take(&mut self, route: OfRoute<'_>, policy: Option<Arc<Policy>>, is_served: bool) {
        let OfRoute { target, tallies, .. } = route;
        if let Some(policy) = policy {
            let backends = tallies.iter().map(|(backend, tally)| (backend.clone(), tally.clone()));
            let mut backends: Vec<_> = backends.collect();
            backends.sort_by(|one, other| one.0.cmp(&other.0));
            let governed = Governed { policy, backends, is_served };
            self.governed.insert(governed.policy.key.clone(), governed);
        }
        self.tallies.entry(target).or_default().extend(tallies);
    }
}

/// Where a route names the gateway.
pub fn ours(route: &HTTPRoute) -> Option<&ParentReference> {
    route.spec.parent_refs.iter().find(|parent| parent.name == GATEWAY)
}

/// In a conflict the oldest route wins, and of those of one second the first by project
/// and name (Gateway API, HTTPRouteRule).
fn seniority(route: &HTTPRoute) -> impl Ord + use<> {
    let created = route.creation_timestamp().map(|time| time.0);
    (created, route.namespace(), route.name_any())
}

fn prefixes(rule: &HttpRouteRule) -> Vec<String> {
    let paths = rule.matches.iter().filter_map(|one| one.path.as_ref());
    let by_prefix = paths.filter(|path| path.type_.as_deref().is_none_or(|t| t == "PathPrefix"));
    let values = by_prefix.filter_map(|path| path.value.as_deref());
    values.map(|value| value.trim_end_matches('/').to_owned()).collect()
}

/// Called as what the route was made for.
fn target(route: &HTTPRoute) -> Target {
    let exact = route.annotations().get(labels::INSTANCE_ANNOTATION).cloned();
    Target {
        namespace: route.namespace().unwrap_or_default().into(),
        service: exact.unwrap_or_else(|| route.name_any()).into(),
    }
}

/// The policy for a route; of several the oldest, as Gateway API decides conflicts
/// (GEP-713), and of those of one second the first by name.
fn policy_of<'a>(
    route: &HTTPRoute,
    policies: &'a [Arc<TrafficPolicy>],
) -> Option<&'a TrafficPolicy> {
    let targets = policies.iter().filter(|policy| {
        let target = &policy.spec.target_ref;
        (target.group.as_str(), target.kind.as_str()) == ROUTE
            && target.name == route.name_any()
            && policy.namespace() == route.namespace()
    });
    let age = |policy: &&Arc<TrafficPolicy>| {
        (policy.creation_timestamp().map(|time| time.0), policy.name_any())
    };
    targets.min_by_key(age).map(|policy| &**policy)
}

/// What the rules and the policy of one route are built with.
struct OfRoute<'a> {
    name: String,
    target: Target,
    endpoints: &'a Endpoints,
    secrets: &'a [Arc<Secret>],
    standing: &'a Standing<'a>,
    meter: Arc<Meter>,
    /// By backend. One that left stays for as long as the route does: should it return,
    /// nobody takes what it did before for what it does then.
    tallies: HashMap<Arc<str>, Tally>,
}

impl OfRoute<'_> {
    fn rule(&mut self, rule: &HttpRouteRule, prefix: &str, policy: Option<Arc<Policy>>) -> Rule {
        let backends = rule.backend_refs.iter().map(|backend| Backend {
            weight: u32::try_from(backend.weight.unwrap_or(1)).unwrap_or(0),
            tally: self.tally(&backend.name),
            ..self.backend(&backend.name, backend.port.unwrap_or(PORT))
        });
        let backends = backends.collect();
        let rewrites = rule.filters.iter().filter_map(|filter| filter.url_rewrite.as_ref());
        let replacement = rewrites.filter_map(|rewrite| rewrite.path.as_ref()).next();
        Rule {
            backends,
            target: self.target.clone(),
            route: self.name.clone(),
            prefix: prefix.into(),
            replacement: replacement.and_then(|path| path.replace_prefix_match.clone()),
            policy,
            meter: self.meter.clone(),
        }
    }

    fn policy(&mut self, policy: &TrafficPolicy) -> Policy {
        let key = PolicyKey {
            namespace: policy.namespace().unwrap_or_default(),
            name: policy.name_any(),
            uid: policy.uid().unwrap_or_default(),
        };
        let spec = &policy.spec;
        let assignment = spec.assignment.as_ref();
        let shadow = spec.shadow.as_ref().map(|shadow| Shadow {
            backend: Arc::new(self.backend(&shadow.service, PORT)),
            percent: shadow.percent,
            terms: Arc::new(Terms::from(shadow)),
        });
        Policy {
            hold: spec.hold.as_ref().map(Into::into),
            record: spec.record.as_ref().map(Into::into),
            assignment: assignment.map(|spec| {
                Assignment::new(spec, |variant| Backend {
                    tally: self.tally(&variant.service),
                    ..self.backend(&variant.service, PORT)
                })
            }),
            shadow,
            credential: spec.credential.as_ref().map(|spec| self.credential(spec)),
            live: self.live(&key, policy),
            key,
        }
    }

    fn credential(&self, spec: &traffic::Credential) -> Credential {
        let is_meant = |secret: &&Arc<Secret>| {
            secret.name_any() == spec.secret
                && secret.namespace().as_deref() == Some(&*self.target.namespace)
                && secret.labels().contains_key(labels::GATEWAY_CREDENTIAL)
        };
        let secret = self.secrets.iter().find(is_meant);
        let value = secret.and_then(|secret| secret.data.as_ref()?.get(&spec.key)).map(|value| {
            let value = [spec.scheme.as_bytes(), b" ", &value.0].concat();
            HeaderValue::try_from(value)
        });
        match value {
            Some(Ok(mut value)) => {
                value.set_sensitive(true);
                Credential::Known(value)
            }
            Some(Err(_)) | None => Credential::Unknown,
        }
    }

    /// What a policy counted goes on. A new one is reported at once where its route has
    /// counted before, and one that another run of the gateway left in the middle of
    /// requests, so that nobody waits for those.
    fn live(&self, key: &PolicyKey, policy: &TrafficPolicy) -> Arc<Live> {
        let Standing { before, bell, .. } = self.standing;
        if let Some(known) = before.governed.get(key) {
            return known.policy.live.clone();
        }
        let status = policy.status.as_ref();
        let is_stale = status.is_some_and(|status| status.held > 0 || status.concurrency > 0.0);
        let is_counted = self.tallies.values().any(|tally| tally.requests.get() > 0);
        Arc::new(Live::new(Arc::clone(bell), self.meter.held(), is_stale || is_counted))
    }

    /// Without weight, and counted nowhere.
    fn backend(&self, service: &str, port: i32) -> Backend {
        let key = (self.target.namespace.to_string(), service.to_owned(), port);
        Backend {
            service: service.into(),
            weight: 0,
            endpoints: self.endpoints.get(&key).cloned().unwrap_or_default(),
            tally: Tally::default(),
            next: AtomicUsize::new(0),
        }
    }

    fn tally(&mut self, service: &str) -> Tally {
        if let Some(known) = self.tallies.get(service) {
            return known.clone();
        }
        let tally = self.standing.metrics.tally(&Behind::of(&self.target, service));
        self.tallies.insert(service.into(), tally.clone());
        tally
    }
}

/// (namespace, service, service port) → ready endpoints.
fn endpoints(
    services: &[Arc<Service>],
    slices: &[Arc<EndpointSlice>],
    engagements: &Engagements,
) -> Endpoints {
    let mut found = Endpoints::new();
    for slice in slices {
        let namespace = slice.namespace().unwrap_or_default();
        let owner: Arc<str> = namespace.as_str().into();
        let Some(name) = slice.labels().get(SERVICE_NAME) else { continue };
        let service = services.iter().find(|service| {
            &service.name_any() == name && service.namespace() == slice.namespace()
        });
        let ports = service.and_then(|service| service.spec.as_ref()?.ports.as_ref());
        for port in ports.into_iter().flatten() {
            let target = slice.ports.iter().flatten().find(|p| {
                p.name.as_deref().unwrap_or_default() == port.name.as_deref().unwrap_or_default()
            });
            let Some(number) = target.and_then(|target| u16::try_from(target.port?).ok()) else {
                continue;
            };
            let key = (namespace.clone(), name.clone(), port.port);
            let ready = ready(slice).map(|(ip, pod)| Engaged {
                endpoint: Endpoint {
                    address: SocketAddr::new(ip, number),
                    namespace: owner.clone(),
                    pod,
                },
                engagement: engagements.of(&namespace, ip),
            });
            found.entry(key).or_default().extend(ready);
        }
    }
    found
}

fn ready(slice: &EndpointSlice) -> impl Iterator<Item = (IpAddr, Option<Arc<str>>)> + '_ {
    let endpoints = slice.endpoints.iter().flatten().filter(|endpoint| {
        let conditions = endpoint.conditions.as_ref();
        conditions.and_then(|conditions| conditions.ready).unwrap_or(true)
    });
    endpoints.flat_map(|endpoint| {
        let target = endpoint.target_ref.as_ref();
        let pod = target.filter(|target| target.kind.as_deref() == Some("Pod"));
        let pod: Option<Arc<str>> = pod.and_then(|pod| pod.name.as_deref()).map(Arc::from);
        let addresses = endpoint.addresses.iter().filter_map(|address| address.parse().ok());
        addresses.map(move |ip| (ip, pod.clone()))
    })
}

#[cfg(test)]
mod tests;
