//! Which version of which algorithm somebody means, and whether they may use it.

use dais_api::conditions::{self, READY};
use dais_api::{Algorithm, AlgorithmReference, AlgorithmSpec};
use kube::{Api, Client, ResourceExt};

use super::versions::Versions;
use crate::error::{Error, Result};

/// A version of an algorithm.
#[derive(Clone, Debug)]
pub struct Found {
    pub project: String,
    pub name: String,
    /// `v1`, `v2`, …
    pub version: String,
    /// What it runs.
    pub spec: AlgorithmSpec,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
}

/// Looks for what `reference` means in `project`. `Ok(Err(words))`: there is none, or it is
/// not for this project; which of both is told to nobody.
pub async fn find(
    client: &Client,
    project: &str,
    reference: &AlgorithmReference,
) -> Result<Result<Found, String>> {
    let (owner, name) = reference.seen_from(project);
    let known = Api::<Algorithm>::namespaced(client.clone(), owner)
        .get_opt(name)
        .await
        .map_err(Error::kube(format!("reading algorithm {}", reference.name)))?;
    let may = |algorithm: &Algorithm| owner == project || algorithm.spec.is_shared_with(project);
    let Some(algorithm) = known.filter(may) else {
        return Ok(Err(match owner == project {
            true => format!(
                "no Algorithm {name:?} in project {project:?}; create it or name another \
                 (`dais algorithm list`)"
            ),
            false => format!(
                "no Algorithm {name:?} of project {owner:?} is shared with project {project:?}; \
                 its people share it with `dais algorithm share`"
            ),
        }));
    };
    let versions = Versions::read(&algorithm, client).await?;
    Ok(match reference.pinned() {
        Some(version) => pinned(&algorithm, &versions, version),
        None => newest(&algorithm, &versions),
    }
    .map(|(version, spec)| Found {
        project: owner.to_owned(),
        name: name.to_owned(),
        deprecated: algorithm.spec.deprecation(&version).map(ToOwned::to_owned),
        version,
        spec,
    }))
}

type Version = (String, AlgorithmSpec);

fn pinned(algorithm: &Algorithm, versions: &Versions, version: &str) -> Result<Version, String> {
    let found = versions.find(version).map(|one| (one.name(), one.spec.clone()));
    found.ok_or_else(|| {
        let newest = versions.newest().map_or_else(|| "none".to_owned(), |newest| newest.name());
        let name = algorithm.name_any();
        format!("Algorithm {name:?} has no version {version:?}; its newest is {newest}")
    })
}

/// The newest that is not deprecated; where all are, the newest.
fn newest(algorithm: &Algorithm, versions: &Versions) -> Result<Version, String> {
    let name = algorithm.name_any();
    let status = algorithm.status.clone().unwrap_or_default();
    if status.observed_generation != algorithm.metadata.generation {
        return Err(format!("Algorithm {name:?} was changed and is being looked at"));
    }
    if let Some(ready) = conditions::find(&status.conditions, READY).filter(|r| r.status != "True")
    {
        return Err(format!("Algorithm {name:?} is not ready: {}", ready.message));
    }
    let good = versions.iter().rev().find(|one| algorithm.spec.deprecation(&one.name()).is_none());
    let found = good.or(versions.newest()).map(|one| (one.name(), one.spec.clone()));
    found.ok_or_else(|| format!("Algorithm {name:?} has no version yet"))
}
