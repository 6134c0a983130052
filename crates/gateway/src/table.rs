//! Which request goes where: built from objects, read on every request. No I/O.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dais_api::routing::{GATEWAY, HTTPRoute, HttpRouteRule};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;

use crate::admission::Target;

/// Label with which an EndpointSlice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Where a backend answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub address: SocketAddr,
    /// The pod behind it, where there is one.
    pub pod: Option<Arc<str>>,
}

/// A Service with its share of a rule's traffic.
#[derive(Debug)]
pub struct Backend {
    pub service: String,
    pub weight: u32,
    pub endpoints: Vec<Endpoint>,
    next: AtomicUsize,
}

impl Backend {
    /// The endpoints, starting with the one whose turn it is.
    pub fn in_turn(&self) -> impl Iterator<Item = &Endpoint> {
        let count = self.endpoints.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        (0..count).map(move |step| &self.endpoints[(first.wrapping_add(step)) % count])
    }
}

#[derive(Debug)]
pub struct Rule {
    /// The route's namespace and its name, which is that of the service as people know it.
    pub target: Target,
    pub prefix: Arc<str>,
    /// What takes the prefix's place on the way to the backend.
    pub replacement: Option<String>,
    pub backends: Vec<Backend>,
}

impl Rule {
    /// A backend by weight; `point` is uniform in `0.0..1.0`.
    pub fn choose(&self, point: f64) -> Option<&Backend> {
        let total: u64 = self.backends.iter().map(|backend| u64::from(backend.weight)).sum();
        let mut left = point * total as f64;
        let weighted = self.backends.iter().filter(|backend| backend.weight > 0);
        let mut last = None;
        for backend in weighted {
            if left < f64::from(backend.weight) {
                return Some(backend);
            }
            left -= f64::from(backend.weight);
            last = Some(backend);
        }
        last
    }

    /// `path` as the backend sees it.
    pub fn rewrite(&self, path: &str) -> String {
        let Some(replacement) = &self.replacement else { return path.to_owned() };
        let rest = path.strip_prefix(&*self.prefix).unwrap_or(path).trim_start_matches('/');
        format!("{}/{rest}", replacement.trim_end_matches('/'))
    }
}

/// All rules, by prefix.
#[derive(Debug, Default)]
pub struct Table {
    rules: HashMap<String, Arc<Rule>>,
}

impl Table {
    pub fn build(
        routes: &[Arc<HTTPRoute>],
        services: &[Arc<Service>],
        slices: &[Arc<EndpointSlice>],
    ) -> Self {
        let endpoints = endpoints(services, slices);
        let mut rules = HashMap::new();
        for route in routes.iter().filter(|route| is_ours(route)) {
            for rule in &route.spec.rules {
                for prefix in prefixes(rule) {
                    let rule = self::rule(route, rule, &prefix, &endpoints);
                    rules.insert(prefix, Arc::new(rule));
                }
            }
        }
        Self { rules }
    }

    /// The rule with the longest prefix of `path`, at path-segment boundaries.
    pub fn find(&self, path: &str) -> Option<&Arc<Rule>> {
        let mut candidate = path.trim_end_matches('/');
        loop {
            if let Some(rule) = self.rules.get(candidate) {
                return Some(rule);
            }
            candidate = &candidate[..candidate.rfind('/')?];
        }
    }
}

/// A route of another controller is not ours to serve; and no route may take
/// requests under another project's path.
fn is_ours(route: &HTTPRoute) -> bool {
    route.spec.parent_refs.iter().any(|parent| parent.name == GATEWAY)
}

fn prefixes(rule: &HttpRouteRule) -> Vec<String> {
    let paths = rule.matches.iter().filter_map(|one| one.path.as_ref());
    let by_prefix = paths.filter(|path| path.type_.as_deref().is_none_or(|t| t == "PathPrefix"));
    let values = by_prefix.filter_map(|path| path.value.as_deref());
    values.map(|value| value.trim_end_matches('/').to_owned()).collect()
}

fn rule(
    route: &HTTPRoute,
    rule: &HttpRouteRule,
    prefix: &str,
    endpoints: &HashMap<(String, String, i32), Vec<Endpoint>>,
) -> Rule {
    let namespace = route.namespace().unwrap_or_default();
    let owns_prefix = prefix.split('/').nth(2) == Some(namespace.as_str());
    let backends = rule.backend_refs.iter().filter(|_| owns_prefix).map(|backend| {
        let key = (namespace.clone(), backend.name.clone(), backend.port.unwrap_or(80));
        Backend {
            service: backend.name.clone(),
            weight: u32::try_from(backend.weight.unwrap_or(1)).unwrap_or(0),
            endpoints: endpoints.get(&key).cloned().unwrap_or_default(),
            next: AtomicUsize::new(0),
        }
    });
    let rewrites = rule.filters.iter().filter_map(|filter| filter.url_rewrite.as_ref());
    let replacement = rewrites.filter_map(|rewrite| rewrite.path.as_ref()).next();
    Rule {
        backends: backends.collect(),
        target: Target { namespace: namespace.into(), service: route.name_any().into() },
        prefix: prefix.into(),
        replacement: replacement.and_then(|path| path.replace_prefix_match.clone()),
    }
}

/// (namespace, service, service port) → ready endpoints.
fn endpoints(
    services: &[Arc<Service>],
    slices: &[Arc<EndpointSlice>],
) -> HashMap<(String, String, i32), Vec<Endpoint>> {
    let mut found: HashMap<(String, String, i32), Vec<Endpoint>> = HashMap::new();
    for slice in slices {
        let namespace = slice.namespace().unwrap_or_default();
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
            let ready = ready(slice)
                .map(|(ip, pod)| Endpoint { address: SocketAddr::new(ip, number), pod });
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
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object<K: serde::de::DeserializeOwned>(value: Value) -> Arc<K> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn table(prefix: &str) -> Table {
        let route = object(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": "digits", "namespace": "a"},
            "spec": {"parentRefs": [{"name": GATEWAY}], "rules": [{
                "matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
                "filters": [{"type": "URLRewrite", "urlRewrite":
                    {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}],
                "backendRefs": [{"name": "digits", "port": 80, "weight": 9},
                                {"name": "next", "port": 80, "weight": 1}]}]}
        }));
        let service = object(json!({
            "metadata": {"name": "digits", "namespace": "a"},
            "spec": {"ports": [{"name": "http", "port": 80}]}
        }));
        let slice = object(json!({
            "metadata": {"name": "digits-1", "namespace": "a", "labels": {SERVICE_NAME: "digits"}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}],
            "endpoints": [{"addresses": ["127.80.0.1"], "conditions": {"ready": true},
                           "targetRef": {"kind": "Pod", "name": "digits-1-x"}},
                          {"addresses": ["127.80.0.2"], "conditions": {"ready": false}}]
        }));
        Table::build(&[route], &[service], &[slice])
    }

    #[test]
    fn the_longest_prefix_at_a_segment_boundary_wins() {
        let table = table("/serve/a/digits");
        let rule = table.find("/serve/a/digits/v2/health/ready").unwrap();
        assert_eq!(rule.rewrite("/serve/a/digits/v2/health/ready"), "/v2/health/ready");
        assert_eq!(rule.rewrite("/serve/a/digits"), "/");
        assert!(table.find("/serve/a/digits").is_some());
        assert!(table.find("/serve/a/digitsx/v2").is_none());
        assert!(table.find("/").is_none());
    }

    #[test]
    fn only_ready_endpoints_are_used_and_in_turn() {
        let table = table("/serve/a/digits");
        let backend = &table.find("/serve/a/digits").unwrap().backends[0];
        let expected = Endpoint {
            address: "127.80.0.1:8080".parse().unwrap(),
            pod: Some("digits-1-x".into()),
        };
        assert_eq!(backend.in_turn().collect::<Vec<_>>(), [&expected]);
    }

    #[test]
    fn weights_split() {
        let table = table("/serve/a/digits");
        let rule = table.find("/serve/a/digits").unwrap();
        assert_eq!(rule.choose(0.0).unwrap().service, "digits");
        assert_eq!(rule.choose(0.89).unwrap().service, "digits");
        assert_eq!(rule.choose(0.91).unwrap().service, "next");
    }

    #[test]
    fn a_route_cannot_take_another_projects_path() {
        let table = table("/serve/b/digits");
        assert!(table.find("/serve/b/digits").unwrap().backends.is_empty());
    }
}
