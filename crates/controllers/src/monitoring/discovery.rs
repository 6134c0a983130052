//! From monitors and annotations to what is scraped. A pure function of the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use dais_api::monitoring::{Endpoint, NamespaceSelector, PodMonitor, Relabeling, ServiceMonitor};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use kube::core::{Selector, SelectorExt};

use super::PLATFORM_NAMESPACE;
use super::labels::{Labels, add_service, label_name};
use super::targets::{begin, find_port, is_alive, ports};

/// The job of pods that ask for it by annotation.
const ANNOTATED: &str = "kubernetes-pods";
const SCRAPE: &str = "prometheus.io/scrape";
const PORT: &str = "prometheus.io/port";
const PATH: &str = "prometheus.io/path";
const SCHEME: &str = "prometheus.io/scheme";
/// On an EndpointSlice: the Service that it belongs to.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// What discovery looks at.
#[derive(Default)]
pub struct World {
    pub pods: Vec<Arc<Pod>>,
    pub services: Vec<Arc<Service>>,
    pub slices: Vec<Arc<EndpointSlice>>,
    pub service_monitors: Vec<Arc<ServiceMonitor>>,
    pub pod_monitors: Vec<Arc<PodMonitor>>,
}

/// Targets that are scraped in the same way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScrapeJob {
    /// Unique; `serviceMonitor/<namespace>/<name>/<endpoint>` and the like.
    pub name: String,
    /// Durations such as `30s`.
    pub interval: Option<String>,
    pub timeout: Option<String>,
    pub honor_labels: bool,
    /// The `namespace` of series is the pod's, whatever target and relabelling say.
    pub keep_namespace: bool,
    pub sample_limit: Option<u64>,
    pub relabelings: Vec<Relabeling>,
    pub metric_relabelings: Vec<Relabeling>,
    /// The labels of each target before relabelling: `__address__`, `__scheme__`,
    /// `__metrics_path__`, `__param_…`, `__meta_kubernetes_…`, and those that stay.
    pub targets: Vec<Labels>,
}

/// In order of their names; jobs without targets are left out.
pub fn scrape_jobs(world: &World) -> Vec<ScrapeJob> {
    let mut jobs = vec![annotated(world)];
    jobs.extend(world.pod_monitors.iter().flat_map(|monitor| pod_monitor(world, monitor)));
    jobs.extend(world.service_monitors.iter().flat_map(|monitor| service_monitor(world, monitor)));
    jobs.retain(|job| !job.targets.is_empty());
    jobs.iter_mut().for_each(|job| job.targets.sort());
    jobs.sort_by(|left, right| left.name.cmp(&right.name));
    jobs
}

fn annotated(world: &World) -> ScrapeJob {
    let wanted = |pod: &&Arc<Pod>| {
        is_alive(pod) && pod.annotations().get(SCRAPE).is_some_and(|value| value == "true")
    };
    let targets = world.pods.iter().filter(wanted).flat_map(|pod| annotated_ports(pod)).collect();
    ScrapeJob { name: ANNOTATED.to_owned(), keep_namespace: true, targets, ..ScrapeJob::default() }
}

/// The port that the annotation names, else every declared one.
fn annotated_ports(pod: &Pod) -> Vec<Labels> {
    let annotation = |name: &str| pod.annotations().get(name).cloned();
    let mut found: Vec<Labels> = match annotation(PORT).map(|port| port.parse::<u16>()) {
        Some(Ok(number)) => {
            let number = i32::from(number);
            vec![begin(pod, number, find_port(pod, &IntOrString::Int(number)))]
        }
        Some(Err(_)) => vec![],
        None => ports(pod).map(|port| begin(pod, port.1.container_port, Some(port))).collect(),
    };
    for labels in &mut found {
        labels.insert("job".to_owned(), ANNOTATED.to_owned());
        address(labels, annotation(SCHEME), annotation(PATH));
    }
    found
}

fn pod_monitor(world: &World, monitor: &PodMonitor) -> Vec<ScrapeJob> {
    let PodMonitor { metadata, spec } = monitor;
    let own = metadata.namespace.clone().unwrap_or_default();
    let name = format!("podMonitor/{own}/{}", monitor.name_any());
    let reach = Reach::new(&own, spec.namespace_selector.as_ref());
    let Some(selector) = selector(&spec.selector) else { return vec![] };
    let pods: Vec<&Arc<Pod>> = world
        .pods
        .iter()
        .filter(|pod| is_alive(pod) && reach.includes(&pod.namespace().unwrap_or_default()))
        .filter(|pod| selector.matches(pod.labels()))
        .collect();
    let job_of = |pod: &Pod| {
        let label = spec.job_label.as_ref().and_then(|label| pod.labels().get(label));
        label.cloned().unwrap_or_else(|| format!("{own}/{}", monitor.name_any()))
    };
    let targets = |endpoint: &Endpoint| {
        let wanted = wanted_port(endpoint)?;
        let of_pod = |pod: &&Arc<Pod>| {
            let port = find_port(pod, &wanted)?;
            let mut labels = begin(pod, port.1.container_port, Some(port));
            copy(&mut labels, &spec.pod_target_labels, pod.labels());
            labels.insert("job".to_owned(), job_of(pod));
            Some(labels)
        };
        Some(pods.iter().filter_map(of_pod).collect())
    };
    jobs(&name, &reach, spec.sample_limit, &spec.pod_metrics_endpoints, targets)
}

fn service_monitor(world: &World, monitor: &ServiceMonitor) -> Vec<ScrapeJob> {
    let ServiceMonitor { metadata, spec } = monitor;
    let own = metadata.namespace.clone().unwrap_or_default();
    let name = format!("serviceMonitor/{own}/{}", monitor.name_any());
    let reach = Reach::new(&own, spec.namespace_selector.as_ref());
    let Some(selector) = selector(&spec.selector) else { return vec![] };
    let services: Vec<&Arc<Service>> = world
        .services
        .iter()
        .filter(|service| reach.includes(&service.namespace().unwrap_or_default()))
        .filter(|service| selector.matches(service.labels()))
        .collect();
    let targets = |endpoint: &Endpoint| {
        let of_service = |service: &&Arc<Service>| {
            let mut found = behind(world, service, endpoint);
            let label = spec.job_label.as_ref().and_then(|label| service.labels().get(label));
            let job = label.cloned().unwrap_or_else(|| service.name_any());
            for (pod, labels) in &mut found {
                add_service(labels, service);
                labels.insert("service".to_owned(), service.name_any());
                copy(labels, &spec.target_labels, service.labels());
                copy(labels, &spec.pod_target_labels, pod.labels());
                labels.insert("job".to_owned(), job.clone());
            }
            found.into_iter().map(|(_, labels)| labels).collect::<Vec<_>>()
        };
        Some(services.iter().flat_map(of_service).collect())
    };
    jobs(&name, &reach, spec.sample_limit, &spec.endpoints, targets)
}

/// The pods behind a Service at one of its ports. An address that is not a pod's own
/// is passed over: slices can be written by hand.
fn behind<'a>(world: &'a World, service: &Service, endpoint: &Endpoint) -> Vec<(&'a Pod, Labels)> {
    let (namespace, name) = (service.namespace(), service.name_any());
    let slices = world.slices.iter().filter(|slice| {
        slice.namespace() == namespace && slice.labels().get(SERVICE_NAME) == Some(&name)
    });
    let pods: BTreeMap<String, &Pod> = world
        .pods
        .iter()
        .map(AsRef::as_ref)
        .filter(|pod| pod.namespace() == namespace && is_alive(pod))
        .map(|pod| (pod.name_any(), pod))
        .collect();
    let mut found = Vec::new();
    for slice in slices {
        for target in
            slice.endpoints.iter().flatten().filter_map(|endpoint| endpoint.target_ref.as_ref())
        {
            let pod = target.name.as_ref().and_then(|name| pods.get(name));
            let Some(pod) = pod.filter(|_| target.kind.as_deref() == Some("Pod")) else { continue };
            let number = match (&endpoint.port, &endpoint.target_port) {
                (Some(name), _) => {
                    let mut ports = slice.ports.iter().flatten();
                    ports.find(|port| port.name.as_ref() == Some(name)).and_then(|port| port.port)
                }
                (None, Some(wanted)) => find_port(pod, wanted).map(|(_, port)| port.container_port),
                (None, None) => None,
            };
            let Some(number) = number else { continue };
            let port = find_port(pod, &IntOrString::Int(number));
            found.push((*pod, begin(pod, number, port)));
        }
    }
    found
}

/// One job for each endpoint whose port is said.
fn jobs(
    name: &str,
    reach: &Reach,
    sample_limit: Option<u64>,
    endpoints: &[Endpoint],
    targets: impl Fn(&Endpoint) -> Option<Vec<Labels>>,
) -> Vec<ScrapeJob> {
    let job = |(number, endpoint): (usize, &Endpoint)| {
        let mut targets = targets(endpoint)?;
        for labels in &mut targets {
            address(labels, endpoint.scheme.clone(), endpoint.path.clone());
            for (name, values) in &endpoint.params {
                if let Some(first) = values.first() {
                    labels.insert(format!("__param_{name}"), first.clone());
                }
            }
            let port = endpoint.port.clone().or_else(|| labels.get("container").cloned());
            labels.insert("endpoint".to_owned(), port.unwrap_or_default());
        }
        Some(ScrapeJob {
            name: format!("{name}/{number}"),
            interval: endpoint.interval.clone(),
            timeout: endpoint.scrape_timeout.clone(),
            honor_labels: endpoint.honor_labels.unwrap_or_default(),
            keep_namespace: !reach.is_platform,
            sample_limit,
            relabelings: endpoint.relabelings.clone(),
            metric_relabelings: endpoint.metric_relabelings.clone(),
            targets,
        })
    };
    endpoints.iter().enumerate().filter_map(job).collect()
}

fn wanted_port(endpoint: &Endpoint) -> Option<IntOrString> {
    let name = endpoint.port.clone().map(IntOrString::String);
    name.or_else(|| endpoint.port_number.map(IntOrString::Int)).or(endpoint.target_port.clone())
}

fn address(labels: &mut Labels, scheme: Option<String>, path: Option<String>) {
    let scheme = scheme.unwrap_or_else(|| "http".to_owned()).to_lowercase();
    labels.insert("__scheme__".to_owned(), scheme);
    labels.insert("__metrics_path__".to_owned(), path.unwrap_or_else(|| "/metrics".to_owned()));
}

fn copy(labels: &mut Labels, names: &[String], from: &BTreeMap<String, String>) {
    for name in names {
        if let Some(value) = from.get(name) {
            labels.insert(label_name(name), value.clone());
        }
    }
}

/// Nothing matches what cannot be read.
fn selector(selector: &LabelSelector) -> Option<Selector> {
    Selector::try_from(selector.clone()).ok()
}

/// The namespaces that a monitor may look in.
struct Reach {
    own: String,
    is_platform: bool,
    any: bool,
    names: Vec<String>,
}

impl Reach {
    fn new(own: &str, selector: Option<&NamespaceSelector>) -> Self {
        let is_platform = own == PLATFORM_NAMESPACE;
        let selector = selector.cloned().unwrap_or_default();
        Self {
            own: own.to_owned(),
            is_platform,
            any: is_platform && selector.any == Some(true),
            names: selector.match_names,
        }
    }

    fn includes(&self, namespace: &str) -> bool {
        let is_allowed = self.is_platform || namespace == self.own;
        let is_wanted = match self.names.as_slice() {
            [] => self.any || namespace == self.own,
            names => names.iter().any(|name| name == namespace),
        };
        is_allowed && is_wanted
    }
}

#[cfg(test)]
mod tests;
