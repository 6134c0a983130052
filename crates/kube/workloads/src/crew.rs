//! Making and removing a controller's pods, many at a time.
//!
//! Guarantees: when a call returns, the shared store shows what was written, so
//! that the next decision does not make the same pods again. A first failure
//! stops a batch: the second pod would fail for the same reason.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, Resource, ResourceExt};

use crate::context::Context;
use crate::error::{is_not_found, message};
use crate::events::{Component, Severity, Told};

/// Requests of one batch that wait for the server at the same time.
const CONCURRENCY: usize = 16;

/// The controller and the object that it acts for.
pub struct Crew<'a, K> {
    pub context: &'a Context,
    pub owner: &'a K,
    pub component: Component,
}

impl<K: Resource<DynamicType = ()>> Crew<'_, K> {
    fn api(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.context.client.clone(), namespace)
    }

    /// Creates pods; the error is the first that the server gave.
    ///
    /// The first pod goes alone: when pods of this kind are refused, one refusal
    /// is enough.
    pub async fn create(&self, pods: Vec<Pod>) -> Result<Vec<Pod>, kube::Error> {
        let mut pods = pods.into_iter();
        let Some(first) = pods.next() else {
            return Ok(Vec::new());
        };
        let mut created = vec![self.create_one(first).await?];
        let rest = stream::iter(pods)
            .map(|pod| self.create_one(pod))
            .buffer_unordered(CONCURRENCY)
            .try_collect::<Vec<_>>()
            .await;
        if let Ok(rest) = &rest {
            created.extend(rest.iter().cloned());
        }
        for pod in &created {
            self.context.feeds.pods.wait_seen(pod).await;
        }
        rest.map(|_| created)
    }

    async fn create_one(&self, pod: Pod) -> Result<Pod, kube::Error> {
        let namespace = pod.namespace().unwrap_or_default();
        let created = self.api(&namespace).create(&PostParams::default(), &pod).await;
        match &created {
            Ok(pod) => self.tell("SuccessfulCreate", format!("Created pod: {}", pod.name_any())),
            Err(error) if is_namespace_terminating(error) => {}
            Err(error) => self.warn("FailedCreate", format!("Error creating: {}", message(error))),
        }
        created
    }

    /// Deletes pods; one that is gone already is as good.
    pub async fn delete(&self, pods: &[Arc<Pod>]) -> Result<(), kube::Error> {
        stream::iter(pods.iter().cloned())
            .map(|pod| async move { self.delete_one(&pod).await })
            .buffer_unordered(CONCURRENCY)
            .try_collect::<Vec<_>>()
            .await?;
        for pod in pods {
            self.context.feeds.pods.wait_going(pod).await;
        }
        Ok(())
    }

    async fn delete_one(&self, pod: &Pod) -> Result<(), kube::Error> {
        let name = pod.name_any();
        let params = DeleteParams {
            preconditions: Some(Preconditions { uid: pod.uid(), resource_version: None }),
            ..DeleteParams::default()
        };
        let api = self.api(&pod.namespace().unwrap_or_default());
        match api.delete(&name, &params).await {
            Ok(_) => self.tell("SuccessfulDelete", format!("Deleted pod: {name}")),
            Err(error) if is_not_found(&error) => {}
            Err(error) => {
                self.warn("FailedDelete", format!("Error deleting: {}", message(&error)));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Tells what was done.
    pub fn tell(&self, reason: &'static str, message: String) {
        self.say(Severity::Normal, reason, message);
    }

    /// Tells what could not be done.
    pub fn warn(&self, reason: &'static str, message: String) {
        self.say(Severity::Warning, reason, message);
    }

    fn say(&self, severity: Severity, reason: &'static str, message: String) {
        let told = Told { component: self.component, severity, reason, message, action: None };
        self.context.recorder.tell(self.owner, told);
    }
}

/// Whether a creation failed because its namespace is going away: nothing to
/// repair, the owner goes as well.
pub fn is_namespace_terminating(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    status.is_forbidden()
        && status
            .details
            .iter()
            .flat_map(|details| &details.causes)
            .any(|cause| cause.reason == "NamespaceTerminating")
}
