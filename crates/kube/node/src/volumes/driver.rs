//! The seam for volumes that other parts provide: CSI inline volumes, without
//! CSI's sockets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;

/// Provides the volumes of one CSI driver name.
#[async_trait]
pub trait VolumeDriver: Send + Sync {
    /// Makes the volume available at a host path. Called again with the same
    /// request after an error and after a restart of the platform; both must
    /// be answered as the first time.
    async fn publish(&self, request: VolumeRequest) -> Result<Published, VolumeError>;

    /// The pod is gone; nothing uses what `publish` returned.
    async fn unpublish(&self, request: VolumeRequest) -> Result<(), VolumeError>;
}

/// Which volume, for which pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeRequest {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The pod's uid.
    pub pod_uid: String,
    /// `volumeAttributes` of the volume.
    pub attributes: BTreeMap<String, String>,
    /// Whether the pod asks only to read.
    pub read_only: bool,
}

/// Where a volume lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Host path; bound at the container's mount path.
    pub path: PathBuf,
    /// Whether containers may only read, whatever they ask.
    pub read_only: bool,
}

/// Why a volume cannot be provided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VolumeError {
    /// It may come to be: the pod waits and the node asks again.
    #[error("{0}")]
    NotYet(String),
    /// It will not, as asked: the reason is shown at the pod, which waits.
    #[error("{0}")]
    Invalid(String),
}
