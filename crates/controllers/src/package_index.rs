//! Where packages come from: the platform's own way to an index, or a project's.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{EnvVar, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Api, Client};

use crate::apply;
use crate::context::Settings;
use crate::error::{Error, Result};
use crate::program::secret;

/// A Secret of a project whose keys are pip's variables. They take the place of the
/// platform's, so that credentials stay with those who have them.
pub const SECRET: &str = "dais-package-index";
/// Keys that count; nothing else of a Secret gets into a build.
const PREFIX: &str = "PIP_";

/// What the platform's own way to an index is, as a Secret of each project that uses it:
/// addresses may hold credentials, and more people read pods than Secrets.
const OF_PLATFORM: &str = "dais-platform-index";

/// What `pip` is to know in a pod of the project.
pub async fn variables(client: &Client, project: &str, settings: &Settings) -> Result<Vec<EnvVar>> {
    let own = Api::<Secret>::namespaced(client.clone(), project)
        .get_opt(SECRET)
        .await
        .map_err(Error::kube("reading the project's package index"))?;
    let own: Vec<String> = own.and_then(|own| own.data).unwrap_or_default().into_keys().collect();
    let own: Vec<&String> = own.iter().filter(|key| key.starts_with(PREFIX)).collect();
    let platforms = settings.build_env.iter();
    let platforms: BTreeMap<String, String> = platforms
        .filter(|(name, _)| own.is_empty() || !name.starts_with(PREFIX))
        .cloned()
        .collect();
    let of_platform = platforms.keys().map(|key| secret(key, OF_PLATFORM, key));
    let variables = of_platform.chain(own.iter().map(|key| secret(key, SECRET, key))).collect();
    if !platforms.is_empty() {
        apply::apply(client, &of_project(project, platforms)).await?;
    }
    Ok(variables)
}

fn of_project(project: &str, variables: BTreeMap<String, String>) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(OF_PLATFORM.to_owned()),
            namespace: Some(project.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(
            variables.into_iter().map(|(key, value)| (key, ByteString(value.into()))).collect(),
        ),
        ..Secret::default()
    }
}
