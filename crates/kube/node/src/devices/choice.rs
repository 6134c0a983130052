//! How many devices a pod needs, and which container gets which.
//!
//! As the scheduler counts (KEP-753): init containers run one after the other and use
//! what the main ones get later; sidecars keep theirs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::Share;
use crate::pods::container::{Role, specs};

/// The number of devices of each resource.
pub(super) fn wanted(spec: &PodSpec) -> BTreeMap<String, usize> {
    let names: BTreeSet<&str> =
        specs(spec).flat_map(|(container, _)| wishes(container)).map(|(name, _)| name).collect();
    let count = |name: &str| {
        let (mut kept, mut most) = (0_usize, 0_usize);
        for (container, role) in specs(spec) {
            let own = wish(container, name);
            most = most.max(kept.saturating_add(own));
            if role != Role::Init {
                kept = kept.saturating_add(own);
            }
        }
        most
    };
    names.into_iter().map(|name| (name.to_owned(), count(name))).collect()
}

/// Gives the devices of the pools out: those of sidecars and main containers once each,
/// those of an init container from what is still to be given when it runs.
pub(super) fn share(spec: &PodSpec, pools: &BTreeMap<String, Vec<String>>) -> Vec<Share> {
    let mut shares = Vec::new();
    for (resource, pool) in pools {
        let mut kept = 0;
        for (container, role) in specs(spec) {
            let own = wish(container, resource);
            let given = pool.iter().skip(kept).take(own).map(|id| Share {
                id: id.clone(),
                resource: resource.clone(),
                container: container.name.clone(),
            });
            shares.extend(given);
            if role != Role::Init {
                kept += own;
            }
        }
    }
    shares
}

fn wish(container: &Container, resource: &str) -> usize {
    wishes(container).find(|(name, _)| *name == resource).map_or(0, |(_, count)| count)
}

/// Limits count: for what cannot be shared, the API wants requests to equal them.
fn wishes(container: &Container) -> impl Iterator<Item = (&str, usize)> {
    let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let devices = limits.into_iter().flatten().filter(|(name, _)| is_device(name));
    devices.map(|(name, count)| {
        let count = crate::quantity::whole(&count.0);
        (name.as_str(), usize::try_from(count).unwrap_or(usize::MAX))
    })
}

/// Resources with a domain that is not Kubernetes' own.
fn is_device(resource: &str) -> bool {
    resource.split_once('/').is_some_and(|(domain, _)| !domain.ends_with("kubernetes.io"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GPU: &str = "nvidia.com/gpu";

    fn spec() -> PodSpec {
        let asks = |count: &str| json!({"limits": {GPU: count, "memory": "1Gi"}});
        serde_json::from_value(json!({
            "initContainers": [
                {"name": "first", "resources": asks("3")},
                {"name": "side", "restartPolicy": "Always", "resources": asks("1")},
                {"name": "late", "resources": asks("1")},
            ],
            "containers": [
                {"name": "a", "resources": asks("1")},
                {"name": "b", "resources": asks("1")},
                {"name": "none"},
            ],
        }))
        .expect("a pod")
    }

    #[test]
    fn the_largest_moment_counts() {
        assert_eq!(wanted(&spec()), BTreeMap::from([(GPU.to_owned(), 3)]));
    }

    #[test]
    fn only_init_containers_pass_theirs_on() {
        let pool = ["x", "y", "z"].map(str::to_owned).to_vec();
        let shares = share(&spec(), &BTreeMap::from([(GPU.to_owned(), pool)]));
        let given: Vec<(&str, &str)> =
            shares.iter().map(|share| (share.container.as_str(), share.id.as_str())).collect();
        let first = [("first", "x"), ("first", "y"), ("first", "z")];
        assert_eq!(given[..3], first);
        assert_eq!(given[3..], [("side", "x"), ("late", "y"), ("a", "y"), ("b", "z")]);
    }
}
