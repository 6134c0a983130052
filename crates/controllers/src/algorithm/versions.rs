//! Versions: what an algorithm runs, as it was at a time.

use dais_api::{Algorithm, AlgorithmSpec, AlgorithmVersion, Release, labels};
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Api, PostParams};
use kube::{Client, Resource, ResourceExt};
use serde_json::Value;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::revisions;

/// Fields that say nothing of what runs: a change of them is no version.
const NOT_VERSIONED: [&str; 4] = ["title", "description", "deprecated", "sharedWith"];

#[derive(Clone, Debug)]
pub struct Version {
    number: i64,
    created_at: Option<Time>,
    release: Release,
    /// What it runs.
    pub spec: AlgorithmSpec,
}

impl Version {
    pub fn name(&self) -> String {
        format!("v{}", self.number)
    }
}

/// Oldest first.
pub struct Versions(Vec<Version>);

/// The part of a spec that a version holds.
pub fn content(spec: &AlgorithmSpec) -> Value {
    let mut value = serde_json::to_value(spec).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.retain(|field, _| !NOT_VERSIONED.contains(&field.as_str()));
    }
    value
}

impl Versions {
    pub async fn read(algorithm: &Algorithm, client: &Client) -> Result<Self> {
        let (kind, name) = (Algorithm::kind(&()), labels::label_value(&algorithm.name_any()));
        let selector = format!("{}={kind},{}={name}", labels::KIND, labels::INSTANCE);
        let found = revisions::read(algorithm, &selector, client).await?;
        Ok(Self(found.into_iter().filter_map(version).collect()))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.0.iter()
    }

    pub fn newest(&self) -> Option<&Version> {
        self.0.last()
    }

    pub fn find(&self, name: &str) -> Option<&Version> {
        self.0.iter().find(|one| one.name() == name)
    }

    /// Makes a version of the spec, unless the newest is one.
    pub async fn keep(&mut self, algorithm: &Algorithm, context: &Context) -> Result<()> {
        let before: Vec<&Release> = self.0.iter().map(|one| &one.release).collect();
        let spec = content(&algorithm.spec);
        let Some(release) = revisions::next(algorithm, spec, &before, Default::default()) else {
            return Ok(());
        };
        let number = self.0.last().map_or(1, |one| one.number + 1);
        let wanted = revisions::object(metadata(algorithm, number), number, &release);
        let project = algorithm.namespace().unwrap_or_default();
        // Should another have written it meanwhile, trying again finds that one.
        let made = Api::<ControllerRevision>::namespaced(context.client.clone(), &project)
            .create(&PostParams::default(), &wanted)
            .await
            .map_err(Error::kube(format!("writing version {number}")))?;
        let words = format!("version v{number}");
        context.event(algorithm, false, "VersionMade", &words).await;
        self.0.extend(version((made, release)));
        Ok(())
    }

    /// Newest first, for the status.
    pub fn told(&self, spec: &AlgorithmSpec) -> Vec<AlgorithmVersion> {
        let told = |one: &Version| AlgorithmVersion {
            name: one.name(),
            created_at: one.created_at.clone(),
            created_by: one.release.by.clone(),
            deprecated: spec.deprecation(&one.name()).map(ToOwned::to_owned),
        };
        self.0.iter().rev().map(told).collect()
    }
}

fn version((revision, release): (ControllerRevision, Release)) -> Option<Version> {
    let name = revision.name_any();
    let spec = serde_json::from_value(release.spec.clone());
    let spec = spec.inspect_err(|error| tracing::error!(name, %error, "a version cannot be read"));
    Some(Version {
        number: revision.revision,
        created_at: revision.metadata.creation_timestamp,
        release,
        spec: spec.ok()?,
    })
}

fn metadata(algorithm: &Algorithm, number: i64) -> ObjectMeta {
    let (kind, name) = (Algorithm::kind(&()), algorithm.name_any());
    let label = labels::label_value(&name);
    let its = [
        (labels::KIND, kind.into_owned()),
        (labels::INSTANCE, label.clone()),
        ("app.kubernetes.io/managed-by", "dais".to_owned()),
    ];
    ObjectMeta {
        // A dot: no release of an application is called so.
        name: Some(format!("{label}.v{number}")),
        namespace: algorithm.namespace(),
        labels: Some(its.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        owner_references: Some(algorithm.controller_owner_ref(&()).into_iter().collect()),
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_runs_is_a_version_and_what_is_said_of_it_is_not() {
        let spec = |value: Value| serde_json::from_value::<AlgorithmSpec>(value).expect("a spec");
        let first = content(&spec(json!({"command": ["a"], "title": "A"})));
        let words = json!({
            "command": ["a"], "title": "B", "description": "b", "sharedWith": ["far"],
            "deprecated": [{"version": "v1", "reason": "old"}],
        });
        assert_eq!(content(&spec(words)), first);
        for changed in [
            json!({"command": ["b"]}),
            json!({"command": ["a"], "environment": "e"}),
            json!({"command": ["a"], "parameters": {"type": "object"}}),
            json!({"command": ["a"], "inputs": [{"name": "data"}]}),
            json!({"command": ["a"], "resources": {"limits": {"cpu": "1"}}}),
        ] {
            assert_ne!(content(&spec(changed)), first);
        }
    }
}
