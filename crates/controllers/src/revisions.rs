//! Revisions: what an object was at some time, in ControllerRevisions that it owns, numbered
//! from 1.
//!
//! Owns what makes a revision: a change, who made it and why. Does not know what a kind
//! holds in one, how many it keeps or what they are called.

pub mod changes;

use std::collections::BTreeMap;

use dais_api::{Release, labels};
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use serde_json::Value;

use crate::error::{Error, Result};

/// Where Kubernetes' own tools write why.
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// Those of an object, oldest first.
pub async fn read(
    owner: &impl ResourceExt,
    selector: &str,
    client: &Client,
) -> Result<Vec<(ControllerRevision, Release)>> {
    let project = owner.namespace().unwrap_or_default();
    let found = Api::<ControllerRevision>::namespaced(client.clone(), &project)
        .list(&ListParams::default().labels(selector))
        .await
        .map_err(Error::kube(format!("listing the revisions of {}", owner.name_any())))?;
    let uid = owner.uid().unwrap_or_default();
    let own = found.items.into_iter().filter(|one| {
        let is_owner = |owner: &k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| {
            owner.uid == uid
        };
        one.owner_references().iter().any(is_owner)
    });
    let mut revisions: Vec<_> = own.filter_map(held).collect();
    revisions.sort_by_key(|(revision, _)| revision.revision);
    Ok(revisions)
}

fn held(mut revision: ControllerRevision) -> Option<(ControllerRevision, Release)> {
    let data = revision.data.take().map(|data| data.0).unwrap_or_default();
    let name = revision.name_any();
    let read = serde_json::from_value(data).map(|release| (revision, release));
    read.inspect_err(|error| tracing::error!(name, %error, "a revision cannot be read")).ok()
}

pub fn object(metadata: ObjectMeta, number: i64, release: &Release) -> ControllerRevision {
    let data = Some(RawExtension(serde_json::to_value(release).unwrap_or_default()));
    ControllerRevision { metadata, data, revision: number }
}

/// What comes after these, oldest first, if `spec` or the versions of `inputs` are new.
pub fn next(
    object: &impl ResourceExt,
    spec: Value,
    before: &[&Release],
    inputs: BTreeMap<String, String>,
) -> Option<Release> {
    let Some(last) = before.last() else {
        let (by, cause) = author(object, labels::CREATED_BY);
        return Some(Release { spec, inputs, changes: Vec::new(), by, cause });
    };
    let mut changes = changes::between(&last.spec, &spec);
    let (by, cause) = match changes.is_empty() {
        true => (String::new(), None),
        false => author(object, labels::CHANGED_BY),
    };
    // The annotation stays; it is the reason of the revision that came with it alone.
    let said = before.iter().rev().find_map(|one| one.cause.as_ref());
    let cause = cause.filter(|cause| said != Some(cause));
    let is_told = !changes.is_empty();
    for (key, version) in &inputs {
        match last.inputs.get(key) {
            Some(old) if old == version => {}
            Some(_) => changes.push(format!("{key} was changed")),
            // Of a field that was added the change is told already.
            None if is_told => {}
            None => changes.push(format!("{key} is there now")),
        }
    }
    if changes.is_empty() {
        return None;
    }
    Some(Release { spec, inputs, changes, by, cause })
}

fn author(object: &impl ResourceExt, annotation: &str) -> (String, Option<String>) {
    let annotations = object.annotations();
    let by = annotations.get(annotation).or(annotations.get(labels::CREATED_BY));
    (by.cloned().unwrap_or_default(), annotations.get(CHANGE_CAUSE).cloned())
}
