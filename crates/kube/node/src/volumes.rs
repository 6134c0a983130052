//! Volumes of pods: from what a pod names to host paths that a runtime binds.
//!
//! Each kind says where its files lie; [`content`] writes those that are made
//! of API objects, in a way that readers never see half of.

mod claim;
mod content;
mod driver;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{HostPathVolumeSource, Pod, PodSpec, Volume};

pub use driver::{Published, VolumeDriver, VolumeError, VolumeRequest};

use crate::host::Host;
use crate::pods::env::Facts;
use crate::pods::names::PodNames;
use crate::shim::record::User;

/// A volume that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mounted {
    pub(crate) path: PathBuf,
    pub(crate) read_only: bool,
    /// When its contents should be made again (tokens run out, objects change).
    pub(crate) refresh_at: Option<Timestamp>,
}

impl Mounted {
    fn at(path: impl Into<PathBuf>, read_only: bool) -> Mounted {
        Mounted { path: path.into(), read_only, refresh_at: None }
    }
}

/// A volume that is not there (yet), in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotMounted {
    pub(crate) volume: String,
    pub(crate) message: String,
}

/// The pod whose volumes are meant.
pub(crate) struct PodVolumes<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) names: &'a PodNames,
    pub(crate) spec: &'a PodSpec,
    pub(crate) pod_ip: &'a str,
    pub(crate) user: Option<User>,
}

impl PodVolumes<'_> {
    /// Makes all of them available. Asking again is harmless, and makes anew
    /// what is made of API objects.
    pub(crate) async fn mount(&self, host: &Host) -> Result<BTreeMap<String, Mounted>, NotMounted> {
        let mut mounted = BTreeMap::new();
        for volume in self.spec.volumes.iter().flatten() {
            let one = self.mount_one(host, volume).await;
            let one = one.map_err(|message| NotMounted { volume: volume.name.clone(), message })?;
            mounted.insert(volume.name.clone(), one);
        }
        Ok(mounted)
    }

    /// Lets go of what drivers provided; the rest goes with the pod's directory.
    pub(crate) async fn unmount(&self, host: &Host) {
        for volume in self.spec.volumes.iter().flatten() {
            let Some(request) = self.driver_request(volume) else { continue };
            let Some(driver) =
                volume.csi.as_ref().and_then(|csi| host.config.volume_drivers.get(&csi.driver))
            else {
                continue;
            };
            if let Err(error) = driver.unpublish(request).await {
                tracing::warn!(pod = self.names.name, volume = volume.name, %error, "volume not released");
            }
        }
    }

    async fn mount_one(&self, host: &Host, volume: &Volume) -> Result<Mounted, String> {
        if volume.empty_dir.is_some() {
            let dir = host.dirs.volume(&self.names.uid, &volume.name);
            make_dir(&dir, self.user)?;
            return Ok(Mounted::at(dir, false));
        }
        if let Some(source) = &volume.host_path {
            return host_path(source);
        }
        if let Some(claim) = &volume.persistent_volume_claim {
            let path = claim::path_of(host, self.names, &claim.claim_name).await?;
            make_dir(&path, self.user)?;
            return Ok(Mounted::at(path, claim.read_only == Some(true)));
        }
        if let Some(request) = self.driver_request(volume) {
            return self.publish(host, volume, request).await;
        }
        self.project(host, volume).await
    }

    fn driver_request(&self, volume: &Volume) -> Option<VolumeRequest> {
        let csi = volume.csi.as_ref()?;
        Some(VolumeRequest {
            namespace: self.names.namespace.clone(),
            pod: self.names.name.clone(),
            pod_uid: self.names.uid.clone(),
            attributes: csi.volume_attributes.clone().unwrap_or_default(),
            read_only: csi.read_only == Some(true),
        })
    }

    async fn publish(
        &self,
        host: &Host,
        volume: &Volume,
        request: VolumeRequest,
    ) -> Result<Mounted, String> {
        let name = volume.csi.as_ref().map(|csi| csi.driver.clone()).unwrap_or_default();
        let driver = host.config.volume_drivers.get(&name);
        let driver = driver.ok_or_else(|| {
            format!("driver name {name} not found in the list of registered CSI drivers")
        })?;
        let asked_read_only = request.read_only;
        let published = driver.publish(request).await.map_err(|error| error.to_string())?;
        let read_only = asked_read_only || published.read_only;
        if !read_only {
            give(&published.path, self.user)?;
        }
        Ok(Mounted::at(published.path, read_only))
    }

    async fn project(&self, host: &Host, volume: &Volume) -> Result<Mounted, String> {
        let facts =
            Facts { pod: self.pod, pod_ip: self.pod_ip, host_ip: host.ip, node: &host.config.name };
        let projection = sources::collect(host, self.names, self.spec, volume, &facts).await?;
        let dir = host.dirs.volume(&self.names.uid, &volume.name);
        make_dir(&dir, self.user)?;
        content::write(&dir, &projection.files, self.user)
            .map_err(|error| format!("write {}: {error}", volume.name))?;
        Ok(Mounted { path: dir, read_only: true, refresh_at: Some(projection.refresh_at) })
    }
}

/// A directory for one pod's user.
fn make_dir(dir: &Path, user: Option<User>) -> Result<(), String> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|error| format!("create {}: {error}", dir.display()))?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o770))
        .map_err(|error| format!("set the permissions of {}: {error}", dir.display()))?;
    give(dir, user)
}

fn give(path: &Path, user: Option<User>) -> Result<(), String> {
    let Some(user) = user else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
        .map_err(|error| format!("give {} to the pod's user: {error}", path.display()))
}

/// What `type` demands must be so, or may be made.
fn host_path(source: &HostPathVolumeSource) -> Result<Mounted, String> {
    let path = Path::new(&source.path);
    let failed = |error: std::io::Error| format!("create {}: {error}", path.display());
    let demand = |holds: bool, what: &str| {
        if holds {
            Ok(())
        } else {
            Err(format!("hostPath type check failed: {} is not {what}", path.display()))
        }
    };
    match source.type_.as_deref().unwrap_or_default() {
        "DirectoryOrCreate" => fs::create_dir_all(path).map_err(failed)?,
        "FileOrCreate" if !path.exists() => fs::write(path, "").map_err(failed)?,
        "Directory" => demand(path.is_dir(), "a directory")?,
        "File" => demand(path.is_file(), "a file")?,
        _ => demand(path.exists(), "there")?,
    }
    Ok(Mounted::at(path, false))
}

pub(crate) use claim::provision;
