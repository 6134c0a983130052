//! Writes a pod's status to the API server, the newest only, in a task of its
//! own: whoever has a status never waits for it to be taken.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodStatus};
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::watch;

use super::names::PodNames;

/// Between attempts while the API server cannot be reached.
const RETRY: Duration = Duration::from_millis(200);

/// The writer's front.
pub(crate) struct Report {
    wanted: watch::Sender<Option<PodStatus>>,
    written: watch::Receiver<Option<PodStatus>>,
    api: Api<Pod>,
    names: PodNames,
}

impl Report {
    pub(crate) fn start(client: Client, names: &PodNames) -> Report {
        let api: Api<Pod> = Api::namespaced(client, &names.namespace);
        let (wanted, receiver) = watch::channel(None);
        let (done, written) = watch::channel(None);
        tokio::spawn(write(api.clone(), names.clone(), receiver, done));
        Report { wanted, written, api, names: names.clone() }
    }

    /// The status that was asked for last.
    pub(crate) fn last(&self) -> Option<PodStatus> {
        self.wanted.borrow().clone()
    }

    /// Asks for a status; the same again costs nothing.
    pub(crate) fn set(&self, status: PodStatus) {
        self.wanted.send_if_modified(|old| {
            let changed = old.as_ref() != Some(&status);
            *old = Some(status);
            changed
        });
    }

    /// Waits until the last status is written or cannot be.
    pub(crate) async fn flush(&mut self) {
        let wanted = self.last();
        if wanted.is_some() {
            // An error means that the writer is gone, and so is the pod.
            let _ = self.written.wait_for(|written| *written == wanted).await;
        }
    }

    /// Tells the API server that nothing of the pod is left here.
    pub(crate) async fn delete(&self) {
        let gone = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions {
                uid: Some(self.names.uid.clone()),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        loop {
            match self.api.delete(&self.names.name, &gone).await {
                Ok(_) => return,
                Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => return,
                Err(error) => {
                    tracing::debug!(pod = self.names.name, %error, "pod not deleted yet");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

async fn write(
    api: Api<Pod>,
    names: PodNames,
    mut wanted: watch::Receiver<Option<PodStatus>>,
    done: watch::Sender<Option<PodStatus>>,
) {
    while wanted.changed().await.is_ok() {
        loop {
            let Some(status) = wanted.borrow_and_update().clone() else { break };
            // The uid in the patch: a new pod of the same name is not touched.
            let patch = json!({"metadata": {"uid": names.uid}, "status": status});
            match api.patch_status(&names.name, &PatchParams::default(), &Patch::Merge(patch)).await
            {
                Ok(_) => {
                    done.send_replace(Some(status));
                    break;
                }
                Err(kube::Error::Api(error)) if matches!(error.code, 404 | 409 | 422) => {
                    // The pod is gone, or another has its name: nobody to tell.
                    tracing::debug!(pod = names.name, %error, "status not taken");
                    done.send_replace(Some(status));
                    break;
                }
                Err(error) => {
                    tracing::debug!(pod = names.name, %error, "status not written yet");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}
