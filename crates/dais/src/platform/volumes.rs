//! The volume drivers that pods reach data, code and environments through. Each
//! resolves what is asked for inside the pod's own project, or as far as an Algorithm or a
//! Dataset of another is shared with it.

use std::sync::Arc;

use async_trait::async_trait;
use dais_api::volumes as names;
use dais_api::{AlgorithmReference, Environment};
use dais_controllers::algorithm::{self, Found};
use dais_controllers::dataset;
use dais_controllers::seams::SeamError;
use dais_data::Data;
use dais_node::{Published, VolumeDriver, VolumeError, VolumeRequest};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

use super::environments::{EnvironmentStore, Holder};

/// Driver names with their drivers.
pub fn drivers(
    data: &Data,
    environments: &EnvironmentStore,
    client: &Client,
) -> Vec<(&'static str, Arc<dyn VolumeDriver>)> {
    vec![
        (names::DATA_DRIVER, Arc::new(Datasets { data: data.clone(), client: client.clone() })),
        (names::CODE_DRIVER, Arc::new(Code { data: data.clone(), client: client.clone() })),
        (
            names::ENVIRONMENT_DRIVER,
            Arc::new(Environments { store: environments.clone(), client: client.clone() }),
        ),
    ]
}

fn attribute<'a>(request: &'a VolumeRequest, name: &str) -> Result<&'a str, VolumeError> {
    let value = request.attributes.get(name).map(String::as_str);
    value.ok_or_else(|| VolumeError::Invalid(format!("volumeAttributes.{name} is missing")))
}

fn refused(error: &dais_data::Error) -> VolumeError {
    VolumeError::Invalid(error.to_string())
}

/// A pod lets go of all that it was given at once: when it is gone.
fn holder(request: &VolumeRequest) -> String {
    format!("pod:{}", request.pod_uid)
}

/// Lets go of what pods held that went while the platform did not run.
///
/// # Errors
/// When pods cannot be listed, or the data store does not answer.
pub async fn release_absent(client: &Client, data: &Data) -> anyhow::Result<()> {
    let pods = Api::<Pod>::all(client.clone()).list(&ListParams::default()).await?;
    let uids = pods.items.iter().filter_map(ResourceExt::uid);
    data.keep_holds(&uids.map(|uid| format!("pod:{uid}")).collect()).await?;
    Ok(())
}

struct Datasets {
    data: Data,
    client: Client,
}

#[async_trait]
impl VolumeDriver for Datasets {
    async fn publish(&self, request: VolumeRequest) -> Result<Published, VolumeError> {
        let named = attribute(&request, names::DATASET)?;
        let version = attribute(&request, names::DATASET_VERSION)?;
        let found = match dataset::find(&self.client, &request.namespace, named).await {
            Ok(Ok(found)) => found,
            Ok(Err(words)) => return Err(VolumeError::Invalid(words)),
            Err(error) => return Err(VolumeError::NotYet(error.to_string())),
        };
        let (version, holder) = ((found.name.as_str(), version), holder(&request));
        let made = self.data.materialize_dataset(&found.project, version, &holder).await;
        Ok(Published { path: made.map_err(|error| refused(&error))?, read_only: true })
    }

    async fn unpublish(&self, request: VolumeRequest) -> Result<(), VolumeError> {
        self.data.release(&holder(&request)).await.map_err(|error| refused(&error))
    }
}

/// The version of another project's algorithm that the pod names, if it names one and it is
/// shared with the pod's project: whoever made the pod may not be the controller.
async fn shared(client: &Client, request: &VolumeRequest) -> Result<Option<Found>, VolumeError> {
    let Some(name) = request.attributes.get(names::ALGORITHM) else { return Ok(None) };
    let version = attribute(request, names::ALGORITHM_VERSION)?;
    let reference = AlgorithmReference { name: name.clone(), version: Some(version.to_owned()) };
    match algorithm::find(client, &request.namespace, &reference).await {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(words)) => Err(VolumeError::Invalid(words)),
        Err(error) => Err(VolumeError::NotYet(error.to_string())),
    }
}

struct Code {
    data: Data,
    client: Client,
}

#[async_trait]
impl VolumeDriver for Code {
    async fn publish(&self, request: VolumeRequest) -> Result<Published, VolumeError> {
        let holder = holder(&request);
        let made = match shared(&self.client, &request).await? {
            Some(found) => {
                let code = found.spec.code.ok_or_else(|| {
                    VolumeError::Invalid(format!("{}@{} has no code", found.name, found.version))
                })?;
                self.data.materialize_code(&found.project, &code.bundle, &holder).await
            }
            None => {
                let bundle = attribute(&request, names::BUNDLE)?;
                self.data.materialize_code(&request.namespace, bundle, &holder).await
            }
        };
        Ok(Published { path: made.map_err(|error| refused(&error))?, read_only: true })
    }

    async fn unpublish(&self, request: VolumeRequest) -> Result<(), VolumeError> {
        self.data.release(&holder(&request)).await.map_err(|error| refused(&error))
    }
}

struct Environments {
    store: EnvironmentStore,
    client: Client,
}

impl Environments {
    /// The project and the digest of the build.
    async fn build(&self, request: &VolumeRequest) -> Result<(String, String), VolumeError> {
        if let Some(found) = shared(&self.client, request).await? {
            return self.of_algorithm(&found, request).await;
        }
        let project = &request.namespace;
        if let Ok(digest) = attribute(request, names::ENVIRONMENT) {
            return Ok((project.clone(), digest.to_owned()));
        }
        let name = attribute(request, names::ENVIRONMENT_NAME)?;
        Ok((project.clone(), self.newest(project, name).await?))
    }

    /// Of another project the newest build of the environment that the algorithm names, and
    /// no other: what else is installed there is nobody's business.
    async fn of_algorithm(
        &self,
        found: &Found,
        request: &VolumeRequest,
    ) -> Result<(String, String), VolumeError> {
        let none = || VolumeError::Invalid(format!("{} names no environment", found.name));
        let name = found.spec.environment.as_deref().ok_or_else(none)?;
        let newest = self.newest(&found.project, name).await?;
        let wanted = attribute(request, names::ENVIRONMENT)?;
        if wanted != newest {
            return Err(VolumeError::Invalid(format!(
                "the environment of {} was built again; run the job with its newest",
                found.name
            )));
        }
        Ok((found.project.clone(), newest))
    }

    async fn newest(&self, project: &str, name: &str) -> Result<String, VolumeError> {
        let api = Api::<Environment>::namespaced(self.client.clone(), project);
        let found =
            api.get_opt(name).await.map_err(|error| VolumeError::NotYet(error.to_string()))?;
        let Some(environment) = found else {
            return Err(VolumeError::NotYet(format!("no Environment {name:?} in this project")));
        };
        let digest = environment.status.and_then(|status| status.digest);
        digest.ok_or_else(|| VolumeError::NotYet(format!("Environment {name:?} is not built yet")))
    }
}

#[async_trait]
impl VolumeDriver for Environments {
    async fn publish(&self, request: VolumeRequest) -> Result<Published, VolumeError> {
        let (project, digest) = self.build(&request).await?;
        let not_yet = |error: SeamError| VolumeError::NotYet(error.to_string());
        let VolumeRequest { namespace, pod, pod_uid, read_only, .. } = request;
        let holder = Holder { project: namespace.clone(), name: pod, uid: pod_uid.clone() };
        if let Some(path) = self.store.hold((&project, &digest), &holder).map_err(not_yet)? {
            return Ok(Published { path, read_only: true });
        }
        if read_only || project != namespace {
            return Err(VolumeError::NotYet("the environment is not built yet".to_owned()));
        }
        let path = self.store.begin(&project, &digest, &pod_uid).map_err(not_yet)?;
        Ok(Published { path, read_only: false })
    }

    async fn unpublish(&self, request: VolumeRequest) -> Result<(), VolumeError> {
        // What it built stays until it is sealed.
        let released = self.store.release(&request.pod_uid).await;
        released.map_err(|error| VolumeError::NotYet(error.to_string()))
    }
}
