//! The volume drivers that pods reach data, code and environments through. Each
//! resolves what is asked for inside the pod's own project.

use std::sync::Arc;

use async_trait::async_trait;
use dais_api::Environment;
use dais_api::volumes as names;
use dais_data::Data;
use dais_node::{Published, VolumeDriver, VolumeError, VolumeRequest};
use kube::{Api, Client};

use super::environments::EnvironmentStore;

/// Driver names with their drivers.
pub fn drivers(
    data: &Data,
    environments: &EnvironmentStore,
    client: &Client,
) -> Vec<(&'static str, Arc<dyn VolumeDriver>)> {
    vec![
        (names::DATA_DRIVER, Arc::new(Datasets(data.clone()))),
        (names::CODE_DRIVER, Arc::new(Code(data.clone()))),
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

struct Datasets(Data);

#[async_trait]
impl VolumeDriver for Datasets {
    async fn publish(&self, request: VolumeRequest) -> Result<Published, VolumeError> {
        let dataset = attribute(&request, names::DATASET)?;
        let version = attribute(&request, names::DATASET_VERSION)?;
        let made = self.0.materialize_dataset(&request.namespace, dataset, version).await;
        Ok(Published { path: made.map_err(|error| refused(&error))?, read_only: true })
    }

    async fn unpublish(&self, _request: VolumeRequest) -> Result<(), VolumeError> {
        Ok(())
    }
}

struct Code(Data);

#[async_trait]
impl VolumeDriver for Code {
    async fn publish(&self, request: VolumeRequest) -> Result<Published, VolumeError> {
        let bundle = attribute(&request, names::BUNDLE)?;
        let made = self.0.materialize_code(&request.namespace, bundle).await;
        Ok(Published { path: made.map_err(|error| refused(&error))?, read_only: true })
    }

    async fn unpublish(&self, _request: VolumeRequest) -> Result<(), VolumeError> {
        Ok(())
    }
}

struct Environments {
    store: EnvironmentStore,
    client: Client,
}

impl Environments {
    async fn digest(&self, request: &VolumeRequest) -> Result<String, VolumeError> {
        if let Ok(digest) = attribute(request, names::ENVIRONMENT) {
            return Ok(digest.to_owned());
        }
        let name = attribute(request, names::ENVIRONMENT_NAME)?;
        let api = Api::<Environment>::namespaced(self.client.clone(), &request.namespace);
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
        let digest = self.digest(&request).await?;
        let sealed = self.store.is_sealed(&request.namespace, &digest);
        if request.read_only && !sealed {
            return Err(VolumeError::NotYet("the environment is not built yet".to_owned()));
        }
        let path = self.store.content(&request.namespace, &digest);
        let path = path.map_err(|error| VolumeError::NotYet(error.to_string()))?;
        Ok(Published { path, read_only: sealed })
    }

    async fn unpublish(&self, _request: VolumeRequest) -> Result<(), VolumeError> {
        Ok(())
    }
}
