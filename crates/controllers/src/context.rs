//! What every controller holds.

use std::sync::Arc;

use kube::Client;
use kube::runtime::events::{Recorder, Reporter};

use crate::metrics::Metrics;
use crate::seams::{
    AccessKeys, Datasets, Environments, JupyterServers, Labeling, Monitoring, Outcomes, Tracking,
};

/// Name under which controllers write, in `managedFields` and events.
pub const CONTROLLER: &str = "dais-controllers";

/// Facts about the installation that go into pods.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Image of pods that run dais itself or the host's programs.
    pub image: String,
    /// Path of the dais program inside such a pod.
    pub program: String,
    /// Address of the platform as pods see it, without a slash at the end.
    pub platform_url: String,
    /// Address of the gateway as pods see it, without a slash at the end.
    pub serve_url: String,
    /// Address of the object store as pods see it.
    pub s3_url: String,
    /// Variables handed to environment builds, for example a package index.
    pub build_env: Vec<(String, String)>,
}

pub struct Context {
    pub client: Client,
    pub settings: Settings,
    pub tracking: Arc<dyn Tracking>,
    pub datasets: Arc<dyn Datasets>,
    pub environments: Arc<dyn Environments>,
    pub monitoring: Arc<dyn Monitoring>,
    pub outcomes: Arc<dyn Outcomes>,
    pub labeling: Arc<dyn Labeling>,
    pub jupyter: Arc<dyn JupyterServers>,
    pub access_keys: Arc<dyn AccessKeys>,
    pub metrics: Metrics,
    recorder: Recorder,
}

/// The other wings of the house.
pub struct Seams {
    pub tracking: Arc<dyn Tracking>,
    pub datasets: Arc<dyn Datasets>,
    pub environments: Arc<dyn Environments>,
    pub monitoring: Arc<dyn Monitoring>,
    pub outcomes: Arc<dyn Outcomes>,
    pub labeling: Arc<dyn Labeling>,
    pub jupyter: Arc<dyn JupyterServers>,
    pub access_keys: Arc<dyn AccessKeys>,
}

impl Context {
    pub fn new(client: Client, settings: Settings, seams: Seams) -> Self {
        let Seams {
            tracking,
            datasets,
            environments,
            monitoring,
            outcomes,
            labeling,
            jupyter,
            access_keys,
        } = seams;
        let reporter = Reporter { controller: CONTROLLER.to_owned(), instance: None };
        let recorder = Recorder::new(client.clone(), reporter);
        let metrics = Metrics::default();
        Self {
            client,
            settings,
            tracking,
            datasets,
            environments,
            monitoring,
            outcomes,
            labeling,
            jupyter,
            access_keys,
            metrics,
            recorder,
        }
    }

    /// Writes an event about `object`; a failure to do so is logged and no more.
    pub async fn event<K>(&self, object: &K, warning: bool, reason: &str, note: &str)
    where
        K: kube::Resource<DynamicType = ()>,
    {
        use kube::runtime::events::{Event, EventType};
        let event = Event {
            type_: if warning { EventType::Warning } else { EventType::Normal },
            reason: reason.to_owned(),
            note: Some(note.chars().take(1000).collect()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, &object.object_ref(&())).await {
            tracing::warn!(%error, reason, "event not written");
        }
    }
}
