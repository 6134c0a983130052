//! A project that is deleted takes everything of its own with it, so that nobody who makes
//! one of that name again finds anything of the former.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use dais_buckets::Buckets;
use dais_controllers::seams::Environments;
use dais_data::Data;
use dais_identity::Identity;
use dais_tracking::Tracking;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};

use super::environments::EnvironmentStore;

/// Where things of projects are kept beside the Kubernetes API.
pub struct Kept {
    pub buckets: Buckets,
    pub data: Data,
    pub environments: EnvironmentStore,
    pub identity: Identity,
    pub tracking: Tracking,
}

/// Follows the namespaces until the process shuts down. Reads the world whatever
/// changed: also those are found that went while nobody looked.
pub async fn follow(client: Client, kept: Kept) {
    let namespaces = Api::<Namespace>::all(client);
    let changes = watcher(namespaces.clone(), watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes);
    while let Some(change) = changes.next().await {
        let done = match change {
            Ok(watcher::Event::Delete(_) | watcher::Event::InitDone) => {
                forget_absent(&namespaces, &kept).await
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = done {
            let error = format!("{error:#}");
            tracing::warn!(error, "what deleted projects had is not removed");
        }
    }
}

async fn forget_absent(namespaces: &Api<Namespace>, kept: &Kept) -> Result<()> {
    for project in kept.projects().await? {
        // One at a time, and now: it may have been made anew.
        let found = namespaces.get_opt(&project).await.context("looking for a project")?;
        if found.is_none() {
            kept.forget(&project).await.with_context(|| format!("project {project}"))?;
            tracing::info!(project, "removed what a deleted project had");
        }
    }
    Ok(())
}

impl Kept {
    async fn projects(&self) -> Result<BTreeSet<String>> {
        let mut projects = BTreeSet::new();
        projects.extend(self.buckets.projects().await.context("listing buckets")?);
        let with_keys = self.identity.access_key_projects().await;
        projects.extend(with_keys.context("listing access keys")?);
        projects.extend(self.data.projects().await.context("listing data")?);
        projects.extend(self.tracking.projects().await.context("listing runs and models")?);
        let builds = self.environments.all().await?;
        projects.extend(builds.into_iter().map(|(project, _)| project));
        Ok(projects)
    }

    async fn forget(&self, project: &str) -> Result<()> {
        self.identity.forget_access_keys(project).await.context("revoking access keys")?;
        self.buckets.forget(project).await.context("removing buckets")?;
        self.data.forget_project(project).await.context("removing data")?;
        self.tracking.forget_project(project).await.context("removing runs and models")?;
        for (owner, digest) in self.environments.all().await? {
            if owner == project {
                self.environments.remove(&owner, &digest).await?;
            }
        }
        Ok(())
    }
}
