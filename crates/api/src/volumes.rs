//! How a pod asks for data, code and environments: inline CSI volumes.
//!
//! A driver resolves the attributes inside the pod's own namespace, so that a
//! pod can never name another project's files. What is shared is named by the
//! Algorithm or the Dataset that shares it, which the driver asks.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{CSIVolumeSource, Volume};

/// Driver of dataset versions; attributes [`DATASET`] and [`DATASET_VERSION`].
pub const DATA_DRIVER: &str = "data.dais.io";
/// Driver of code bundles; attribute [`BUNDLE`], or [`ALGORITHM`] with [`ALGORITHM_VERSION`]
/// for the code of another project's algorithm that is shared with the pod's.
pub const CODE_DRIVER: &str = "code.dais.io";
/// Driver of built Environments; attribute [`ENVIRONMENT`] or [`ENVIRONMENT_NAME`], and those
/// of an algorithm for the environment of one that is shared.
pub const ENVIRONMENT_DRIVER: &str = "environments.dais.io";

/// Name of a Dataset, or `project/name` of one that is shared with the pod's project.
pub const DATASET: &str = "dataset";
pub const DATASET_VERSION: &str = "version";
pub const BUNDLE: &str = "bundle";
/// SHA-256 digest of the built environment.
pub const ENVIRONMENT: &str = "environment";
/// `project/name` of an Algorithm in another project.
pub const ALGORITHM: &str = "algorithm";
pub const ALGORITHM_VERSION: &str = "algorithmVersion";
/// Name of an Environment object, resolved when the volume is published.
pub const ENVIRONMENT_NAME: &str = "name";

/// A read-only volume named `name` from `driver`.
pub fn inline(name: &str, driver: &str, attributes: &[(&str, &str)]) -> Volume {
    let attributes: BTreeMap<String, String> =
        attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Volume {
        name: name.to_owned(),
        csi: Some(CSIVolumeSource {
            driver: driver.to_owned(),
            read_only: Some(true),
            volume_attributes: Some(attributes),
            ..CSIVolumeSource::default()
        }),
        ..Volume::default()
    }
}
