//! The ConfigMaps and Secrets that an application uses. Only their versions are read; a
//! Secret's content is nothing that a release knows.

use std::collections::{BTreeMap, BTreeSet};

use dais_api::{Application, ApplicationSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::error::{Error, Result};

const CONFIGS: &str = "configmaps/";
const SECRETS: &str = "secrets/";

pub fn key_of_config(name: &str) -> String {
    format!("{CONFIGS}{name}")
}

pub fn key_of_secret(name: &str) -> String {
    format!("{SECRETS}{name}")
}

/// Their keys.
pub fn used(spec: &ApplicationSpec) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for source in spec.env.iter().filter_map(|variable| variable.value_from.as_ref()) {
        keys.extend(source.config_map_key_ref.as_ref().map(|key| key_of_config(&key.name)));
        keys.extend(source.secret_key_ref.as_ref().map(|key| key_of_secret(&key.name)));
    }
    for source in &spec.env_from {
        keys.extend(source.config_map_ref.as_ref().map(|map| key_of_config(&map.name)));
        keys.extend(source.secret_ref.as_ref().map(|secret| key_of_secret(&secret.name)));
    }
    for volume in &spec.volumes {
        keys.extend(volume.config.as_deref().map(key_of_config));
        keys.extend(volume.secret.as_deref().map(key_of_secret));
    }
    keys
}

/// Their versions, of those that are there.
pub async fn versions(app: &Application, context: &Context) -> Result<BTreeMap<String, String>> {
    let project = app.namespace().unwrap_or_default();
    let configs = Api::<ConfigMap>::namespaced(context.client.clone(), &project);
    let secrets = Api::<Secret>::namespaced(context.client.clone(), &project);
    let mut found = BTreeMap::new();
    for key in used(&app.spec) {
        let failed = Error::kube(format!("reading {key}"));
        let version = match (key.strip_prefix(CONFIGS), key.strip_prefix(SECRETS)) {
            (Some(name), _) => configs
                .get_metadata_opt(name)
                .await
                .map_err(failed)?
                .and_then(|o| o.resource_version()),
            (None, Some(name)) => secrets
                .get_metadata_opt(name)
                .await
                .map_err(failed)?
                .and_then(|o| o.resource_version()),
            (None, None) => None,
        };
        found.extend(version.map(|version| (key, version)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_counts() {
        let spec: ApplicationSpec = serde_json::from_value(json!({
            "command": ["x"],
            "env": [
                {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "k"}}},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "b", "key": "k"}}},
                {"name": "C", "value": "c"},
            ],
            "envFrom": [{"configMapRef": {"name": "d"}}, {"secretRef": {"name": "b"}}],
            "volumes": [
                {"name": "e", "mountPath": "/e", "config": "e"},
                {"name": "f", "mountPath": "/f", "secret": "f"},
            ],
        }))
        .expect("a spec");
        let keys: Vec<String> = used(&spec).into_iter().collect();
        let wanted = ["configmaps/a", "configmaps/d", "configmaps/e", "secrets/b", "secrets/f"];
        assert_eq!(keys, wanted);
    }
}
