//! Who is told about alerts, and how: Alertmanager's configuration, from a Secret.
//!
//! The Secret `alertmanager` of the platform's namespace holds it under
//! `alertmanager.yaml`. One that is wrong changes nothing and gets an event that says
//! what is wrong with it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use dais_alerts::{Alert, Alerts, Options};
use dais_controllers::monitoring::PLATFORM_NAMESPACE;
use dais_metrics::rules::Notifier;
use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::WatchStreamExt;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::runtime::watcher::watch_object;
use kube::{Api, Client, Resource};
use tokio::runtime::Handle;

const SECRET: &str = "alertmanager";
const KEY: &str = "alertmanager.yaml";

/// Nobody is told; alerts are shown and can be silenced all the same.
const NOBODY: &str = "route:\n  receiver: nobody\n  group_by: [alertname, namespace]\nreceivers:\n  - name: nobody\n";

pub async fn open(directory: &Path, portal: &str) -> Result<Alerts> {
    let options = Options {
        directory: directory.to_owned(),
        config: NOBODY.to_owned(),
        external_url: format!("{portal}/alerts"),
    };
    Alerts::open(options).await.context("opening the alerts")
}

/// Hands what rules find to the alerts.
pub fn notifier(alerts: Alerts) -> Notifier {
    let runtime = Handle::current();
    Arc::new(move |found| {
        let found: Vec<Alert> = found.into_iter().map(alert).collect();
        if let Err(error) = runtime.block_on(alerts.receive(found)) {
            tracing::error!(error = &error as &dyn std::error::Error, "alerts not taken");
        }
    })
}

fn alert(found: dais_metrics::rules::Alert) -> Alert {
    let time = |milliseconds| Timestamp::from_millisecond(milliseconds).ok();
    Alert {
        labels: found.labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
        annotations: found.annotations,
        starts_at: time(found.starts_at),
        ends_at: time(found.ends_at),
        generator_url: found.generator_url,
    }
}

/// Follows the configuration until the process shuts down.
pub async fn configure(client: Client, alerts: Alerts) {
    let secrets = Api::<Secret>::namespaced(client.clone(), PLATFORM_NAMESPACE);
    let mut changes = std::pin::pin!(watch_object(secrets, SECRET).default_backoff());
    while let Some(change) = changes.next().await {
        let now = match change {
            Ok(now) => now,
            Err(error) => {
                tracing::warn!(%error, "the alerts' configuration is not followed; trying again");
                continue;
            }
        };
        let text = now.as_ref().and_then(text_of).unwrap_or_else(|| NOBODY.to_owned());
        let outcome = alerts.configure(&text).await;
        if let (Err(error), Some(secret)) = (outcome, now) {
            tracing::warn!(%error, "the alerts' configuration is wrong; the one before holds");
            tell(&client, &secret, &error.to_string()).await;
        }
    }
}

fn text_of(secret: &Secret) -> Option<String> {
    let bytes = secret.data.as_ref()?.get(KEY)?;
    String::from_utf8(bytes.0.clone()).ok()
}

async fn tell(client: &Client, secret: &Secret, reason: &str) {
    let reporter = Reporter { controller: "dais-alerts".to_owned(), instance: None };
    let event = Event {
        type_: EventType::Warning,
        reason: "InvalidConfiguration".to_owned(),
        note: Some(reason.chars().take(1000).collect()),
        action: "Configure".to_owned(),
        secondary: None,
    };
    let recorder = Recorder::new(client.clone(), reporter);
    if let Err(error) = recorder.publish(&event, &secret.object_ref(&())).await {
        tracing::warn!(%error, "event not written");
    }
}
