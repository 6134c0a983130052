//! The generic webhook: Alertmanager's message, version 4.

use serde_json::{Value, json};

use super::answer::judge;
use super::post::post;
use super::{Bag, Outcome};
use crate::config::receiver::{Login, Webhook};
use crate::message::{Message, Told, status};

pub(super) async fn send(bag: &Bag<'_>, webhook: &Webhook) -> Result<Outcome, String> {
    let (mut request, address) = bag.courier.request(&webhook.url, &[])?;
    let mut secrets = vec![address];
    match &webhook.login {
        None => {}
        Some(Login::Basic { username, password }) => {
            let password = password.as_ref().map(|source| source.read()).transpose()?;
            request = request.basic_auth(username, password.as_ref().map(|own| own.reveal()));
            secrets.extend(password);
        }
        Some(Login::Scheme { scheme, credentials }) => {
            let credentials = credentials.read()?;
            request = request.header("Authorization", format!("{scheme} {}", credentials.reveal()));
            secrets.push(credentials);
        }
    }
    let body = body(bag.message, &bag.courier.external_url, webhook.max_alerts);
    let secrets: Vec<_> = secrets.iter().collect();
    Ok(post(request, &body, &secrets).await.map_or_else(|lost| lost, judge))
}

/// `max_alerts` of 0 means all.
fn body(message: &Message, external_url: &str, max_alerts: usize) -> Value {
    let limit = if max_alerts == 0 { message.alerts.len() } else { max_alerts };
    let alerts: Vec<Value> = message.alerts.iter().take(limit).map(alert).collect();
    json!({
        "version": "4",
        "groupKey": message.group,
        "truncatedAlerts": message.alerts.len() - alerts.len(),
        "status": message.status(),
        "receiver": message.receiver,
        "groupLabels": message.group_labels,
        "commonLabels": message.common_labels(),
        "commonAnnotations": message.common_annotations(),
        "externalURL": external_url,
        "alerts": alerts,
    })
}

fn alert(told: &Told) -> Value {
    let ends_at = if told.is_firing {
        "0001-01-01T00:00:00Z".to_owned()
    } else {
        told.alert.ends_at.to_string()
    };
    let mut alert = json!({
        "status": status(told.is_firing),
        "labels": told.alert.labels,
        "annotations": told.alert.annotations,
        "startsAt": told.alert.starts_at,
        "endsAt": ends_at,
        "generatorURL": told.alert.generator_url,
        "fingerprint": told.fingerprint,
    });
    if let Some(by) = &told.acknowledged_by {
        alert["acknowledgedBy"] = json!(by);
    }
    alert
}
