//! `kube_namespace_*` and `kube_resourcequota`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, ResourceQuota};
use kube::ResourceExt;

use super::page::{Page, allowed, seconds};
use dais_quantity as quantity;

/// Renders all namespaces.
pub fn render(page: &mut Page, all: &[Arc<Namespace>], keys: &[String]) {
    let mut family = page.gauge("kube_namespace_created", "Unix creation timestamp");
    for namespace in all {
        let time = namespace.metadata.creation_timestamp.as_ref();
        family.maybe(&[("namespace", &namespace.name_any())], time.map(seconds));
    }
    let mut family =
        page.gauge("kube_namespace_labels", "Kubernetes labels converted to Prometheus labels.");
    for namespace in all {
        let name = namespace.name_any();
        let shown = allowed(namespace.metadata.labels.as_ref(), keys);
        let mut labels = vec![("namespace", name.as_str())];
        labels.extend(shown.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        family.sample(&labels, 1);
    }
    let mut family =
        page.gauge("kube_namespace_status_phase", "kubernetes namespace status phase.");
    for namespace in all {
        let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
        for candidate in ["Active", "Terminating"] {
            family.sample(
                &[("namespace", &namespace.name_any()), ("phase", candidate)],
                u8::from(phase == Some(candidate)),
            );
        }
    }
}

/// Renders all quotas.
pub fn render_quotas(page: &mut Page, all: &[Arc<ResourceQuota>]) {
    let mut family = page.gauge("kube_resourcequota", "Information about resource quota.");
    for quota in all {
        let namespace = quota.namespace().unwrap_or_default();
        let name = quota.name_any();
        let status = quota.status.clone().unwrap_or_default();
        for (type_, list) in [("hard", status.hard), ("used", status.used)] {
            for (resource, amount) in list.into_iter().flatten() {
                family.sample(
                    &[
                        ("namespace", &namespace),
                        ("resourcequota", &name),
                        ("resource", &resource),
                        ("type", type_),
                    ],
                    quantity::as_f64(quantity::parse(&amount)),
                );
            }
        }
    }
}
