//! What a ResourceQuota may limit beyond Kubernetes' own resources: bytes, each content of
//! a project counted once.

/// Versions of datasets, and code.
pub const DATASETS_STORAGE: &str = "dais.io/datasets.storage";
