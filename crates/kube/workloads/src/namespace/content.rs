//! Empties a namespace: everything of every kind that the server stores.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams};

use super::Words;
use crate::catalog::Stored;
use crate::context::Context;
use crate::error::{Attempt, Result, is_not_found, message};

/// Kinds that are emptied at the same time.
const CONCURRENCY: usize = 8;

/// What could not be deleted at once.
#[derive(Debug, Default)]
pub struct Left {
    /// Objects by resource and group ("deployments.apps", "pods.").
    resources: BTreeMap<String, usize>,
    /// Objects that a finalizer holds, by finalizer.
    finalizers: BTreeMap<String, usize>,
    /// Deletions that the server refused.
    refused: Vec<String>,
}

impl Left {
    /// Whether the namespace is empty.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.refused.is_empty()
    }

    /// The conditions that tell people what is left.
    pub fn conditions(&self) -> Vec<Words> {
        let listed = |counts: &BTreeMap<String, usize>, word: &str| {
            let parts: Vec<String> = counts
                .iter()
                .map(|(name, count)| format!("{name}{word}{count} resource instances"))
                .collect();
            parts.join(", ")
        };
        let content = if self.refused.is_empty() {
            (
                "NamespaceDeletionContentFailure",
                false,
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization".to_owned(),
            )
        } else {
            (
                "NamespaceDeletionContentFailure",
                true,
                "ContentDeletionFailed",
                format!(
                    "Failed to delete all resource types, {} remaining: {}",
                    self.refused.len(),
                    self.refused.join(", ")
                ),
            )
        };
        let remaining = if self.resources.is_empty() {
            (
                "NamespaceContentRemaining",
                false,
                "ContentRemoved",
                "All content successfully removed".to_owned(),
            )
        } else {
            (
                "NamespaceContentRemaining",
                true,
                "SomeResourcesRemain",
                format!("Some resources are remaining: {}", listed(&self.resources, " has ")),
            )
        };
        let finalizers = if self.finalizers.is_empty() {
            (
                "NamespaceFinalizersRemaining",
                false,
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished".to_owned(),
            )
        } else {
            (
                "NamespaceFinalizersRemaining",
                true,
                "SomeFinalizersRemain",
                format!(
                    "Some content in the namespace has finalizers remaining: {}",
                    listed(&self.finalizers, " in ")
                ),
            )
        };
        vec![
            (
                "NamespaceDeletionDiscoveryFailure",
                false,
                "ResourcesDiscovered",
                "All resources successfully discovered".to_owned(),
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                false,
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed".to_owned(),
            ),
            content,
            remaining,
            finalizers,
        ]
    }
}

/// Deletes everything in the namespace; the answer is what is still there.
pub async fn delete_all(namespace: &str, context: &Context) -> Result<Left> {
    let kinds = context.catalog.clone().kinds().await;
    let namespaced: Vec<_> = kinds.iter().filter(|stored| stored.namespaced).cloned().collect();
    stream::iter(namespaced)
        .map(|stored| async move { delete_kind(namespace, &stored, context).await })
        .buffer_unordered(CONCURRENCY)
        .try_fold(Left::default(), |mut all, one| async move {
            all.resources.extend(one.resources);
            for (finalizer, count) in one.finalizers {
                *all.finalizers.entry(finalizer).or_default() += count;
            }
            all.refused.extend(one.refused);
            Ok(all)
        })
        .await
}

async fn delete_kind(namespace: &str, stored: &Stored, context: &Context) -> Result<Left> {
    let api = stored.api(&context.client, Some(namespace));
    let mut left = Left::default();
    let list = || async {
        match api.list_metadata(&ListParams::default()).await {
            // The kind vanished (its CRD was deleted), and its objects with it.
            Err(error) if is_not_found(&error) => Ok(Vec::new()),
            other => Ok(other.attempt("list what is left of", stored.name())?.items),
        }
    };
    let objects = list().await?;
    if objects.is_empty() {
        return Ok(left);
    }
    let deletable: Vec<_> =
        objects.iter().filter(|object| object.metadata.deletion_timestamp.is_none()).collect();
    for object in &deletable {
        match api.delete(&object.name_any(), &DeleteParams::background()).await {
            Err(error) if is_not_found(&error) => {}
            Err(error) => left.refused.push(format!("{} ({})", stored.name(), message(&error))),
            Ok(_) => {}
        }
    }
    let objects = if deletable.is_empty() { objects } else { list().await? };
    if !objects.is_empty() {
        // The core group's empty name leaves its dot, in the real words too.
        let name = format!("{}.{}", stored.resource.plural, stored.resource.group);
        left.resources.insert(name, objects.len());
    }
    for finalizer in objects.iter().flat_map(|object| object.finalizers()) {
        *left.finalizers.entry(finalizer.clone()).or_default() += 1;
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_left_in_the_real_words() {
        let left = Left {
            resources: BTreeMap::from([("configmaps.".to_owned(), 1)]),
            finalizers: BTreeMap::from([("example.com/hold".to_owned(), 1)]),
            refused: vec![],
        };
        let words: Vec<String> = left.conditions().into_iter().map(|words| words.3).collect();
        assert!(words.contains(
            &"Some resources are remaining: configmaps. has 1 resource instances".to_owned()
        ));
        assert!(words.contains(&"Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances".to_owned()));
        assert!(!left.is_empty());
    }
}
