//! Where packages come from: the platform's own way to an index, or a project's.

use k8s_openapi::api::core::v1::{EnvVar, Secret};
use kube::{Api, Client};

use crate::context::Settings;
use crate::error::{Error, Result};
use crate::program::{secret, text};

/// A Secret of a project whose keys are pip's variables. They take the place of the
/// platform's, so that credentials stay with those who have them.
pub const SECRET: &str = "dais-package-index";
/// Keys that count; nothing else of a Secret gets into a build.
const PREFIX: &str = "PIP_";

/// What `pip` is to know in a pod of the project.
pub async fn variables(client: &Client, project: &str, settings: &Settings) -> Result<Vec<EnvVar>> {
    let own = Api::<Secret>::namespaced(client.clone(), project)
        .get_opt(SECRET)
        .await
        .map_err(Error::kube("reading the project's package index"))?;
    let own: Vec<String> = own.and_then(|own| own.data).unwrap_or_default().into_keys().collect();
    let own: Vec<&String> = own.iter().filter(|key| key.starts_with(PREFIX)).collect();
    let platforms = settings.build_env.iter();
    let platforms = platforms
        .filter(|(name, _)| own.is_empty() || !name.starts_with(PREFIX))
        .map(|(name, value)| text(name, value));
    Ok(platforms.chain(own.iter().map(|key| secret(key, SECRET, key))).collect())
}
