//! OpenAPI documents, v3 per group version and v2 for all.
//!
//! Made on demand from the type graph, with descriptions of the built-in types where we
//! have them; the caller caches the bytes.

use serde_json::Value;

use crate::gvk::Gvk;

/// A served resource, for paths.
#[derive(Clone, Debug)]
pub struct Resource {
    pub gvk: Gvk,
    /// `deployments`
    pub plural: String,
    pub namespaced: bool,
    /// `get list create update patch delete deletecollection watch`
    pub verbs: Vec<String>,
    /// `status`, `scale` … with the verbs of each.
    pub subresources: Vec<Subresource>,
}

/// A served subresource.
#[derive(Clone, Debug)]
pub struct Subresource {
    pub name: String,
    pub gvk: Gvk,
    pub verbs: Vec<String>,
}

/// A version of a custom resource and its schema.
#[derive(Clone, Debug)]
pub struct CustomKind<'a> {
    pub gvk: Gvk,
    pub plural: String,
    pub namespaced: bool,
    /// `openAPIV3Schema`; `None` for one without a schema.
    pub schema: Option<&'a Value>,
    pub status: bool,
    pub scale: bool,
}

/// `/openapi/v3/<path>` of one group version, as JSON bytes. `resources` and `custom` of
/// other group versions are left out.
pub fn v3(
    group: &str,
    version: &str,
    resources: &[Resource],
    custom: &[CustomKind<'_>],
) -> Vec<u8> {
    let _ = (group, version, resources, custom);
    unimplemented!()
}

/// `/openapi/v2`, as JSON bytes.
pub fn v2(resources: &[Resource], custom: &[CustomKind<'_>]) -> Vec<u8> {
    let _ = (resources, custom);
    unimplemented!()
}
