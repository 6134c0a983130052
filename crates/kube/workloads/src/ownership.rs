//! Who controls what: owner references, adoption and release.
//!
//! An object belongs to at most one controller. A controller takes in objects
//! that match its selector and belong to nobody, and lets go of its own that
//! match no longer.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference};
use kube::api::{Patch, PatchParams};
use kube::core::{Expression, Selector, SelectorExt};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::error::{Attempt, Error, Result, is_not_found};
use crate::feed::{Change, Watched};

/// The reference that marks a child of `owner`.
pub fn controller_reference<K: Resource<DynamicType = ()>>(owner: &K) -> Result<OwnerReference> {
    let mut reference = owner
        .controller_owner_ref(&())
        .ok_or_else(|| Error::Incomplete { object: describe(owner), field: "metadata.uid" })?;
    reference.block_owner_deletion = Some(true);
    Ok(reference)
}

/// The controller of an object, if any.
pub fn controller<K: Resource>(object: &K) -> Option<&OwnerReference> {
    object.owner_references().iter().find(|reference| reference.controller == Some(true))
}

/// Whether the object is controlled by that uid.
pub fn is_controlled_by<K: Resource>(object: &K, uid: &str) -> bool {
    controller(object).is_some_and(|reference| reference.uid == uid)
}

/// The controllers of a changed object, before and after, that are of kind `T`.
pub fn owners<K, T>(change: &Change<K>) -> Vec<ObjectRef<T>>
where
    K: Watched,
    T: Watched,
{
    let mut owners: Vec<ObjectRef<T>> = Vec::new();
    for object in change.versions() {
        let Some(reference) = controller(&**object) else {
            continue;
        };
        if reference.kind != T::kind(&()) || reference.api_version != T::api_version(&()) {
            continue;
        }
        let mut owner = ObjectRef::new(&reference.name);
        if let Some(namespace) = &object.meta().namespace {
            owner = owner.within(namespace);
        }
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    owners
}

/// Parses a selector of a workload. One that selects everything is refused: a
/// controller with it would take in every pod.
pub fn selector<K: Resource<DynamicType = ()>>(
    owner: &K,
    selector: &LabelSelector,
) -> Result<Selector> {
    let broken = |reason: String| Error::Selector { object: describe(owner), reason };
    let parsed: Selector = selector
        .clone()
        .try_into()
        .map_err(|error: kube::core::ParseExpressionError| broken(error.to_string()))?;
    if parsed.selects_all() {
        return Err(broken("it selects everything".into()));
    }
    Ok(parsed)
}

/// Whether labels satisfy a selector.
pub fn matches(selector: &Selector, labels: Option<&BTreeMap<String, String>>) -> bool {
    match labels {
        Some(labels) => selector.matches(labels),
        None => selector.matches(&BTreeMap::new()),
    }
}

/// A selector of exact labels, as Services have.
pub fn exact(labels: &BTreeMap<String, String>) -> Selector {
    labels.iter().map(|(key, value)| Expression::Equal(key.clone(), value.clone())).collect()
}

/// Divides candidates into the owner's own, those to adopt and those to release.
pub struct Claim<K> {
    pub own: Vec<Arc<K>>,
    pub adopt: Vec<Arc<K>>,
    pub release: Vec<Arc<K>>,
}

/// Decides, without acting, which candidates belong to the owner.
///
/// An owner that is being deleted neither adopts nor releases.
pub fn claim<O: Resource, K: Resource>(
    owner: &O,
    selector: &Selector,
    candidates: impl IntoIterator<Item = Arc<K>>,
) -> Claim<K> {
    let uid = owner.uid().unwrap_or_default();
    let leaving = owner.meta().deletion_timestamp.is_some();
    let mut claim = Claim { own: Vec::new(), adopt: Vec::new(), release: Vec::new() };
    for candidate in candidates {
        let fits = matches(selector, candidate.meta().labels.as_ref());
        let going = candidate.meta().deletion_timestamp.is_some();
        match controller(&*candidate) {
            Some(reference) if reference.uid != uid => {}
            Some(_) if fits => claim.own.push(candidate),
            Some(_) if !leaving => claim.release.push(candidate),
            None if fits && !leaving && !going => claim.adopt.push(candidate),
            Some(_) | None => {}
        }
    }
    claim
}

/// Carries out a claim; the answer is what the owner has now.
pub async fn settle<O, K>(api: &Api<K>, owner: &O, claim: Claim<K>) -> Result<Vec<Arc<K>>>
where
    O: Resource<DynamicType = ()>,
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let Claim { mut own, adopt, release } = claim;
    for object in adopt {
        let mut references = object.owner_references().to_vec();
        references.push(controller_reference(owner)?);
        let change = json!({"metadata": {"uid": object.uid(), "ownerReferences": references}});
        own.push(Arc::new(patch(api, &*object, change, "adopt").await?));
    }
    for object in release {
        let uid = owner.uid();
        let kept: Vec<_> = object
            .owner_references()
            .iter()
            .filter(|reference| Some(&reference.uid) != uid.as_ref())
            .collect();
        let change = json!({"metadata": {"uid": object.uid(), "ownerReferences": kept}});
        match patch(api, &*object, change, "release").await {
            Err(Error::Request { source, .. }) if is_not_found(&source) => {}
            other => drop(other?),
        }
    }
    Ok(own)
}

async fn patch<K>(
    api: &Api<K>,
    object: &K,
    mut change: serde_json::Value,
    attempted: &'static str,
) -> Result<K>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    // A list is replaced as a whole: only on what was read.
    change["metadata"]["resourceVersion"] = json!(object.resource_version());
    api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(change))
        .await
        .attempt(attempted, describe(object))
}

/// "Pod default/web-0", for errors and logs.
pub fn describe<K: Resource<DynamicType = ()>>(object: &K) -> String {
    match object.meta().namespace.as_deref() {
        Some(namespace) => format!("{} {namespace}/{}", K::kind(&()), object.name_any()),
        None => format!("{} {}", K::kind(&()), object.name_any()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::ReplicaSet;
    use k8s_openapi::api::core::v1::Pod;

    fn pod(name: &str, label: &str, owner: Option<&str>) -> Arc<Pod> {
        let owner = owner.map(|uid| {
            json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": uid, "controller": true}])
        });
        Arc::new(
            serde_json::from_value(json!({"metadata": {
                "name": name, "labels": {"app": label}, "ownerReferences": owner,
            }}))
            .expect("a pod"),
        )
    }

    #[test]
    fn adopts_orphans_and_releases_strangers() {
        let set: ReplicaSet =
            serde_json::from_value(json!({"metadata": {"name": "s", "uid": "me"}}))
                .expect("a replica set");
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        let claim = claim(
            &set,
            &exact(&labels),
            [
                pod("mine", "web", Some("me")),
                pod("theirs", "web", Some("other")),
                pod("orphan", "web", None),
                pod("changed", "db", Some("me")),
                pod("unrelated", "db", None),
            ],
        );
        let names = |pods: &[Arc<Pod>]| pods.iter().map(|pod| pod.name_any()).collect::<Vec<_>>();
        assert_eq!(names(&claim.own), ["mine"]);
        assert_eq!(names(&claim.adopt), ["orphan"]);
        assert_eq!(names(&claim.release), ["changed"]);
    }

    #[test]
    fn a_selector_of_everything_is_refused() {
        let set = ReplicaSet::default();
        assert!(selector(&set, &LabelSelector::default()).is_err());
    }
}
