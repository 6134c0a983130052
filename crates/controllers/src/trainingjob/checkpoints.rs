//! The folder that a job keeps over its attempts: a volume claim that goes with it.

use std::collections::BTreeMap;

use dais_api::TrainingJob;
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, Volume,
    VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, PostParams};
use kube::{Resource, ResourceExt};

use crate::context::Context;
use crate::error::{Error, Result};

const VOLUME: &str = "checkpoints";
const SIZE: &str = "10Gi";
const MOUNT: &str = "/checkpoints";

/// Where the program finds the folder; `None` when the job has none.
pub fn path(job: &TrainingJob) -> Option<&str> {
    let wanted = job.spec.checkpoints.as_ref()?;
    Some(wanted.mount_path.as_deref().unwrap_or(MOUNT))
}

/// The folder in a pod.
pub fn volume(job: &TrainingJob) -> Option<(Volume, VolumeMount)> {
    let path = path(job)?;
    let source = PersistentVolumeClaimVolumeSource { claim_name: name(job), read_only: None };
    let volume = Volume {
        name: VOLUME.to_owned(),
        persistent_volume_claim: Some(source),
        ..Volume::default()
    };
    let mount = VolumeMount {
        name: VOLUME.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    };
    Some((volume, mount))
}

/// Makes the claim, once.
pub async fn keep(job: &TrainingJob, context: &Context) -> Result<()> {
    let project = job.namespace().unwrap_or_default();
    let claims = Api::<PersistentVolumeClaim>::namespaced(context.client.clone(), &project);
    match claims.create(&PostParams::default(), &claim(job)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(known)) if known.code == 409 => Ok(()),
        Err(error) => Err(Error::kube("making the claim for the job's checkpoints")(error)),
    }
}

fn name(job: &TrainingJob) -> String {
    format!("checkpoints-{}", job.uid().unwrap_or_default())
}

fn claim(job: &TrainingJob) -> PersistentVolumeClaim {
    let size = job.spec.checkpoints.as_ref().and_then(|wanted| wanted.size.clone());
    let size = size.unwrap_or_else(|| Quantity(SIZE.to_owned()));
    // Replicas may come to lie on several machines.
    let mode = if job.spec.replicas() > 1 { "ReadWriteMany" } else { "ReadWriteOnce" };
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name(job)),
            namespace: job.namespace(),
            owner_references: Some(job.controller_owner_ref(&()).into_iter().collect()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec![mode.to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), size)])),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}
