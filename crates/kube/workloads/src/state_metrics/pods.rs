//! `kube_pod_*`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};
use kube::ResourceExt;

use super::page::{Family, Page, allowed, resource, seconds};
use crate::ownership::controller;
use crate::pods;
use dais_quantity as quantity;

const PHASES: [&str; 5] = ["Pending", "Succeeded", "Failed", "Unknown", "Running"];

/// Renders all pods.
pub fn render(page: &mut Page, all: &[Arc<Pod>], labels: &[String]) {
    let all: Vec<Named<'_>> = all.iter().map(|pod| Named::new(pod)).collect();
    info(page, &all);
    shown_labels(page, &all, labels);
    phases(page, &all);
    times(page, &all);
    resources(page, &all);
    containers(page, &all);
}

/// A pod with the labels that all of its metrics carry.
struct Named<'a> {
    pod: &'a Pod,
    namespace: String,
    name: String,
    uid: String,
}

impl<'a> Named<'a> {
    fn new(pod: &'a Pod) -> Self {
        Self {
            pod,
            namespace: pod.namespace().unwrap_or_default(),
            name: pod.name_any(),
            uid: pod.uid().unwrap_or_default(),
        }
    }

    fn with<'b>(&'b self, more: &[(&'b str, &'b str)]) -> Vec<(&'b str, &'b str)> {
        let mut labels = vec![
            ("namespace", self.namespace.as_str()),
            ("pod", self.name.as_str()),
            ("uid", self.uid.as_str()),
        ];
        labels.extend(more);
        labels
    }
}

fn info(page: &mut Page, all: &[Named<'_>]) {
    let mut family = page.gauge("kube_pod_info", "Information about pod.");
    for named in all {
        let status = named.pod.status.clone().unwrap_or_default();
        let spec = named.pod.spec.clone().unwrap_or_default();
        let owner = controller(named.pod);
        family.sample(
            &named.with(&[
                ("host_ip", status.host_ip.as_deref().unwrap_or_default()),
                ("pod_ip", status.pod_ip.as_deref().unwrap_or_default()),
                ("node", pods::node(named.pod).unwrap_or_default()),
                ("created_by_kind", owner.map_or("", |owner| &owner.kind)),
                ("created_by_name", owner.map_or("", |owner| &owner.name)),
                ("priority_class", spec.priority_class_name.as_deref().unwrap_or_default()),
                ("host_network", if spec.host_network == Some(true) { "true" } else { "false" }),
            ]),
            1,
        );
    }
    let mut family = page.gauge("kube_pod_owner", "Information about the Pod's owner.");
    for named in all {
        if let Some(owner) = controller(named.pod) {
            family.sample(
                &named.with(&[
                    ("owner_kind", &owner.kind),
                    ("owner_name", &owner.name),
                    ("owner_is_controller", "true"),
                ]),
                1,
            );
        }
    }
}

fn shown_labels(page: &mut Page, all: &[Named<'_>], keys: &[String]) {
    let mut family =
        page.gauge("kube_pod_labels", "Kubernetes labels converted to Prometheus labels.");
    for named in all {
        let shown = allowed(named.pod.metadata.labels.as_ref(), keys);
        let shown: Vec<(&str, &str)> =
            shown.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        family.sample(&named.with(&shown), 1);
    }
}

fn phases(page: &mut Page, all: &[Named<'_>]) {
    let mut family = page.gauge("kube_pod_status_phase", "The pods current phase.");
    for named in all {
        let phase = pods::phase(named.pod);
        for candidate in PHASES {
            family.sample(&named.with(&[("phase", candidate)]), u8::from(phase == candidate));
        }
    }
    let mut family = page
        .gauge("kube_pod_status_ready", "Describes whether the pod is ready to serve requests.");
    for named in all {
        let ready = pods::is_ready(named.pod);
        family.sample(&named.with(&[("condition", "true")]), u8::from(ready));
        family.sample(&named.with(&[("condition", "false")]), u8::from(!ready));
    }
    let mut family = page
        .gauge("kube_pod_status_unschedulable", "Describes the unschedulable status for the pod.");
    for named in all {
        let scheduled = pods::condition(named.pod, "PodScheduled");
        if scheduled
            .is_some_and(|c| c.status == "False" && c.reason.as_deref() == Some("Unschedulable"))
        {
            family.sample(&named.with(&[]), 1);
        }
    }
}

fn times(page: &mut Page, all: &[Named<'_>]) {
    let mut family = page.gauge("kube_pod_created", "Unix creation timestamp");
    for named in all {
        let time = named.pod.metadata.creation_timestamp.as_ref();
        family.maybe(&named.with(&[]), time.map(seconds));
    }
    let mut family = page.gauge("kube_pod_start_time", "Start time in unix timestamp for a pod.");
    for named in all {
        let time = named.pod.status.as_ref().and_then(|status| status.start_time.as_ref());
        family.maybe(&named.with(&[]), time.map(seconds));
    }
    let mut family =
        page.gauge("kube_pod_completion_time", "Completion time in unix timestamp for a pod.");
    for named in all.iter().filter(|named| pods::is_finished(named.pod)) {
        let ends = statuses(named.pod).iter().filter_map(|status| {
            let terminated = status.state.as_ref()?.terminated.as_ref()?;
            terminated.finished_at.as_ref().map(seconds)
        });
        family.maybe(&named.with(&[]), ends.reduce(f64::max));
    }
}

fn statuses(pod: &Pod) -> &[ContainerStatus] {
    let status = pod.status.as_ref();
    status.and_then(|status| status.container_statuses.as_deref()).unwrap_or_default()
}

fn resources(page: &mut Page, all: &[Named<'_>]) {
    let mut family = page.gauge(
        "kube_pod_container_resource_requests",
        "The number of requested request resource by a container.",
    );
    each_resource(&mut family, all, |container| container.resources.as_ref()?.requests.as_ref());
    let mut family = page.gauge(
        "kube_pod_container_resource_limits",
        "The number of requested limit resource by a container.",
    );
    each_resource(&mut family, all, |container| container.resources.as_ref()?.limits.as_ref());
}

type List =
    std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>;

fn each_resource(
    family: &mut Family<'_>,
    all: &[Named<'_>],
    of: impl Fn(&Container) -> Option<&List>,
) {
    for named in all {
        let containers = named.pod.spec.iter().flat_map(|spec| &spec.containers);
        for container in containers {
            for (name, amount) in of(container).into_iter().flatten() {
                let (name, unit) = resource(name);
                family.sample(
                    &named.with(&[
                        ("container", &container.name),
                        ("node", pods::node(named.pod).unwrap_or_default()),
                        ("resource", &name),
                        ("unit", unit),
                    ]),
                    quantity::as_f64(quantity::parse(amount)),
                );
            }
        }
    }
}

fn containers(page: &mut Page, all: &[Named<'_>]) {
    let mut family = page.counter(
        "kube_pod_container_status_restarts_total",
        "The number of container restarts per container.",
    );
    each_container(&mut family, all, |status| status.restart_count);
    let mut family = page.gauge(
        "kube_pod_container_status_ready",
        "Describes whether the containers readiness check succeeded.",
    );
    each_container(&mut family, all, |status| i32::from(status.ready));
    let mut family = page.gauge(
        "kube_pod_container_status_running",
        "Describes whether the container is currently in running state.",
    );
    each_container(&mut family, all, |status| {
        i32::from(status.state.as_ref().is_some_and(|s| s.running.is_some()))
    });
    let mut family = page.gauge(
        "kube_pod_container_status_terminated",
        "Describes whether the container is currently in terminated state.",
    );
    each_container(&mut family, all, |status| {
        i32::from(status.state.as_ref().is_some_and(|s| s.terminated.is_some()))
    });
    let mut family = page.gauge(
        "kube_pod_container_status_waiting_reason",
        "Describes the reason the container is currently in waiting state.",
    );
    for named in all {
        for status in statuses(named.pod) {
            let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
            if let Some(reason) = waiting.and_then(|waiting| waiting.reason.as_deref()) {
                family.sample(&named.with(&[("container", &status.name), ("reason", reason)]), 1);
            }
        }
    }
}

fn each_container(
    family: &mut Family<'_>,
    all: &[Named<'_>],
    value: impl Fn(&ContainerStatus) -> i32,
) {
    for named in all {
        for status in statuses(named.pod) {
            family.sample(&named.with(&[("container", &status.name)]), value(status));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_as_kube_state_metrics_shows_it() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "a", "uid": "u", "labels": {"dais.io/app": "web", "secret": "x"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "j", "controller": true}]},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "resources": {"requests": {"cpu": "250m", "nvidia.com/gpu": "1"}}}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [
                {"name": "c", "image": "", "imageID": "", "ready": true, "restartCount": 3}]},
        }))
        .expect("a pod");
        let mut page = Page::default();
        render(&mut page, &[Arc::new(pod)], &["dais.io/app".to_owned()]);
        let text = page.into_text();
        for line in [
            r#"kube_pod_info{namespace="a",pod="p",uid="u",host_ip="",pod_ip="10.0.0.1",node="n",created_by_kind="Job",created_by_name="j",priority_class="",host_network="false"} 1"#,
            r#"kube_pod_labels{namespace="a",pod="p",uid="u",label_dais_io_app="web"} 1"#,
            r#"kube_pod_status_phase{namespace="a",pod="p",uid="u",phase="Running"} 1"#,
            r#"kube_pod_status_phase{namespace="a",pod="p",uid="u",phase="Failed"} 0"#,
            r#"kube_pod_container_resource_requests{namespace="a",pod="p",uid="u",container="c",node="n",resource="cpu",unit="core"} 0.25"#,
            r#"kube_pod_container_resource_requests{namespace="a",pod="p",uid="u",container="c",node="n",resource="nvidia_com_gpu",unit="integer"} 1"#,
            r#"kube_pod_container_status_restarts_total{namespace="a",pod="p",uid="u",container="c"} 3"#,
        ] {
            assert!(text.lines().any(|found| found == line), "missing {line} in\n{text}");
        }
    }
}
