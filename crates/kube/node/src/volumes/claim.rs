//! Persistent volumes on this node's disk, for claims of the storage class
//! `local`: a directory each, made when the claim appears and removed with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::{
    LocalVolumeSource, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, ObjectReference,
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, VolumeNodeAffinity,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::pods::names::PodNames;

const CLASS: &str = "local";
const PROVISIONER: &str = "kubernetes.io/local-directory";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Where the files of a bound claim lie.
pub(super) async fn path_of(host: &Host, names: &PodNames, claim: &str) -> Result<PathBuf, String> {
    let said = |error: kube::Error| crate::pods::start::words(&error);
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(host.client.clone(), &names.namespace);
    let found = claims.get_opt(claim).await.map_err(said)?;
    let found = found.ok_or_else(|| format!("persistentvolumeclaim \"{claim}\" not found"))?;
    let uid = found.uid();
    let volume = found.spec.and_then(|spec| spec.volume_name).filter(|name| !name.is_empty());
    let volume = volume
        .ok_or_else(|| format!("persistentvolumeclaim \"{claim}\" is not bound to a volume yet"))?;
    let volumes: Api<PersistentVolume> = Api::all(host.client.clone());
    let spec = volumes.get(&volume).await.map_err(said)?.spec.unwrap_or_default();
    if !holds(spec.claim_ref.as_ref(), (&names.namespace, claim, uid.as_deref())) {
        return Err(format!(
            "persistentvolume \"{volume}\" is not for this claim (hint: a claim that names no \
             volume gets one of its own; an administrator sets spec.claimRef of others)"
        ));
    }
    let path =
        spec.local.map(|local| local.path).or(spec.host_path.map(|host_path| host_path.path));
    path.map(PathBuf::from).ok_or_else(|| {
        format!("persistentvolume \"{volume}\" is of a kind that this node cannot mount")
    })
}

/// Whether a volume is for the claim of this namespace, name and uid. Its word counts and
/// not the claim's: anybody may write any volume's name into a claim.
fn holds(
    reference: Option<&ObjectReference>,
    (namespace, name, uid): (&str, &str, Option<&str>),
) -> bool {
    reference.is_some_and(|to| {
        let is_this = |is: &Option<String>, this: &str| is.as_deref() == Some(this);
        // Without a uid it is kept for a claim that is still to come.
        let same_object = to.uid.as_deref().is_none_or(|known| Some(known) == uid);
        is_this(&to.namespace, namespace) && is_this(&to.name, name) && same_object
    })
}

/// Runs for ever: gives claims their volumes, and removes what lost its claim.
pub(crate) async fn provision(host: Arc<Host>) {
    if let Err(error) = make_class(&host).await {
        tracing::warn!(%error, "storage class not made");
    }
    let claims: Api<PersistentVolumeClaim> = Api::all(host.client.clone());
    let mut events = std::pin::pin!(watcher(claims, watcher::Config::default()).default_backoff());
    loop {
        let result = match events.try_next().await {
            Ok(Some(watcher::Event::Apply(claim) | watcher::Event::InitApply(claim))) => {
                bind(&host, &claim).await
            }
            Ok(Some(watcher::Event::Delete(_) | watcher::Event::InitDone)) => clean(&host).await,
            Ok(Some(watcher::Event::Init)) => Ok(()),
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "watch of claims interrupted");
                Ok(())
            }
        };
        if let Err(error) = result {
            tracing::warn!(error = crate::pods::start::words(&error), "claim not served");
        }
    }
}

async fn make_class(host: &Host) -> Result<()> {
    let classes: Api<StorageClass> = Api::all(host.client.clone());
    let action = "make the storage class `local`";
    if classes.get_opt(CLASS).await.map_err(Error::api(action))?.is_some() {
        return Ok(());
    }
    let class = StorageClass {
        metadata: ObjectMeta {
            name: Some(CLASS.to_owned()),
            annotations: Some(BTreeMap::from([(DEFAULT_CLASS.to_owned(), "true".to_owned())])),
            ..ObjectMeta::default()
        },
        provisioner: PROVISIONER.to_owned(),
        reclaim_policy: Some("Delete".to_owned()),
        volume_binding_mode: Some("Immediate".to_owned()),
        ..StorageClass::default()
    };
    classes.create(&PostParams::default(), &class).await.map(drop).map_err(Error::api(action))
}

async fn bind(host: &Host, claim: &PersistentVolumeClaim) -> Result<()> {
    let spec = claim.spec.clone().unwrap_or_default();
    let ours = spec.storage_class_name.as_deref().is_none_or(|class| class == CLASS);
    let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
    if !ours || phase == Some("Bound") || claim.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let (namespace, name) = (claim.namespace().unwrap_or_default(), claim.name_any());
    // With the uid: a claim made again under the same name starts empty.
    let place = format!("{name}_{}", claim.uid().unwrap_or_default());
    let volume = wanted_volume(host, claim, &host.claims_dir().join(&namespace).join(place));
    let action = || format!("bind claim {namespace}/{name}");
    let volumes: Api<PersistentVolume> = Api::all(host.client.clone());
    let volume_name = volume.name_any();
    if volumes.get_opt(&volume_name).await.map_err(Error::api(action()))?.is_none() {
        volumes.create(&PostParams::default(), &volume).await.map_err(Error::api(action()))?;
    }
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(host.client.clone(), &namespace);
    let merge = |value| Patch::Merge(value);
    let own = PatchParams::default();
    let bound = json!({"spec": {"volumeName": volume_name, "storageClassName": CLASS}});
    claims.patch(&name, &own, &merge(bound)).await.map_err(Error::api(action()))?;
    let capacity = volume.spec.as_ref().and_then(|spec| spec.capacity.clone());
    let status = json!({"status": {"phase": "Bound", "accessModes": spec.access_modes, "capacity": capacity}});
    claims.patch_status(&name, &own, &merge(status)).await.map_err(Error::api(action()))?;
    let status = json!({"status": {"phase": "Bound"}});
    volumes
        .patch_status(&volume_name, &own, &merge(status))
        .await
        .map(drop)
        .map_err(Error::api(action()))
}

fn wanted_volume(host: &Host, claim: &PersistentVolumeClaim, path: &Path) -> PersistentVolume {
    let spec = claim.spec.clone().unwrap_or_default();
    let here = NodeSelectorRequirement {
        key: "kubernetes.io/hostname".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![host.config.name.clone()]),
    };
    let term =
        NodeSelectorTerm { match_expressions: Some(vec![here]), ..NodeSelectorTerm::default() };
    PersistentVolume {
        metadata: ObjectMeta {
            name: Some(format!("pvc-{}", claim.uid().unwrap_or_default())),
            annotations: Some(BTreeMap::from([(
                PROVISIONED_BY.to_owned(),
                PROVISIONER.to_owned(),
            )])),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeSpec {
            access_modes: spec.access_modes,
            capacity: spec.resources.and_then(|resources| resources.requests),
            claim_ref: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                name: claim.metadata.name.clone(),
                namespace: claim.metadata.namespace.clone(),
                uid: claim.metadata.uid.clone(),
                ..ObjectReference::default()
            }),
            local: Some(LocalVolumeSource { path: path.display().to_string(), fs_type: None }),
            node_affinity: Some(VolumeNodeAffinity {
                required: Some(NodeSelector { node_selector_terms: vec![term] }),
            }),
            persistent_volume_reclaim_policy: Some("Delete".to_owned()),
            storage_class_name: Some(CLASS.to_owned()),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    }
}

/// Removes volumes of ours whose claim is gone, files first: a volume object
/// without files is harmless, files without an object would stay for ever.
async fn clean(host: &Host) -> Result<()> {
    let action = "clean up volumes without a claim";
    let volumes: Api<PersistentVolume> = Api::all(host.client.clone());
    for volume in volumes.list(&ListParams::default()).await.map_err(Error::api(action))? {
        let spec = volume.spec.clone().unwrap_or_default();
        let ours = volume.annotations().get(PROVISIONED_BY).is_some_and(|by| by == PROVISIONER);
        let (Some(reference), Some(local)) = (spec.claim_ref, spec.local) else { continue };
        if !ours || spec.persistent_volume_reclaim_policy.as_deref() != Some("Delete") {
            continue;
        }
        let namespace = reference.namespace.clone().unwrap_or_default();
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(host.client.clone(), &namespace);
        let claim = claims
            .get_opt(reference.name.as_deref().unwrap_or_default())
            .await
            .map_err(Error::api(action))?;
        if claim.is_some_and(|claim| claim.metadata.uid == reference.uid) {
            continue;
        }
        let path = Path::new(&local.path);
        if path.starts_with(host.claims_dir()) && path.exists() {
            std::fs::remove_dir_all(path).map_err(Error::file("remove", path))?;
        }
        volumes
            .delete(&volume.name_any(), &DeleteParams::default())
            .await
            .map_err(Error::api(action))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_for_the_claim_that_it_names() {
        let to = |namespace: &str, uid: Option<&str>| ObjectReference {
            namespace: Some(namespace.to_owned()),
            name: Some("home".to_owned()),
            uid: uid.map(str::to_owned),
            ..ObjectReference::default()
        };
        let ours = ("a", "home", Some("1"));
        assert!(holds(Some(&to("a", Some("1"))), ours));
        assert!(holds(Some(&to("a", None)), ours));
        assert!(!holds(Some(&to("b", Some("1"))), ours), "another project's");
        assert!(!holds(Some(&to("a", Some("2"))), ours), "an earlier claim's of the same name");
        assert!(!holds(Some(&to("a", Some("1"))), ("a", "other", Some("1"))));
        assert!(!holds(None, ours), "nobody's");
    }
}
