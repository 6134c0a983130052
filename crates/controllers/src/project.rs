//! Project: a Namespace labelled with its workspace.
//!
//! Gives every project the account under which its work runs, the rights of that
//! account inside the project, and the token with which the work reaches the
//! platform. Does not know who the members are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::{Controller, watcher};
use kube::{Client, ResourceExt};

use crate::apply::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;

/// ServiceAccount, RoleBinding and Secret of a project's own work.
pub const WORKLOAD: &str = "dais-workload";
/// ClusterRole that the account is bound to.
pub const WORKLOAD_ROLE: &str = "dais:workload";
/// Key of the token in the Secret.
pub const TOKEN_KEY: &str = "token";
const EXPIRES: &str = "dais.io/expires";

/// How long a token is good for, and how much of that must be left. A job that
/// starts just before a renewal keeps its token for the remainder.
const TOKEN_DAYS: i64 = 30;
const RENEW_DAYS: i64 = 20;

pub async fn run(context: Arc<Context>) {
    let namespaces = Api::<Namespace>::all(context.client.clone());
    let projects = watcher::Config::default().labels(dais_api::labels::WORKSPACE);
    drive("project", Controller::new(namespaces, projects), context, reconcile).await;
}

async fn reconcile(namespace: Arc<Namespace>, context: Arc<Context>) -> Result<Action> {
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let project = namespace.name_any();
    apply(&context.client, &account(&project)).await?;
    apply(&context.client, &binding(&project)).await?;
    ensure_token(&context.client, &project).await?;
    Ok(Action::requeue(Duration::from_secs(12 * 3600)))
}

async fn ensure_token(client: &Client, project: &str) -> Result<()> {
    let secrets = Api::<Secret>::namespaced(client.clone(), project);
    let known = secrets
        .get_opt(WORKLOAD)
        .await
        .map_err(Error::kube(format!("reading the token of project {project}")))?;
    let now = Timestamp::now();
    if known.is_some_and(|secret| is_fresh(&secret, now)) {
        return Ok(());
    }
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            expiration_seconds: Some(TOKEN_DAYS * 86_400),
            ..TokenRequestSpec::default()
        }),
        ..TokenRequest::default()
    };
    let answer = Api::<ServiceAccount>::namespaced(client.clone(), project)
        .create_token_request(WORKLOAD, &PostParams::default(), &request)
        .await
        .map_err(Error::kube(format!("requesting a token for project {project}")))?;
    let status = answer.status.unwrap_or_default();
    let (Some(token), Some(expires)) = (status.token, status.expiration_timestamp) else {
        let (kind, name) = ("TokenRequest", WORKLOAD.to_owned());
        return Err(Error::Incomplete { kind, name, field: "status.token" });
    };
    apply(client, &token_secret(project, token, expires.0)).await?;
    Ok(())
}

fn is_fresh(secret: &Secret, now: Timestamp) -> bool {
    let expires = secret.annotations().get(EXPIRES).and_then(|time| time.parse().ok());
    expires.is_some_and(|expires: Timestamp| {
        expires.duration_since(now) > SignedDuration::from_hours(24 * RENEW_DAYS)
    })
}

fn metadata(project: &str) -> ObjectMeta {
    let labels = [("app.kubernetes.io/managed-by".to_owned(), "dais".to_owned())];
    ObjectMeta {
        name: Some(WORKLOAD.to_owned()),
        namespace: Some(project.to_owned()),
        labels: Some(labels.into()),
        ..ObjectMeta::default()
    }
}

fn account(project: &str) -> ServiceAccount {
    ServiceAccount { metadata: metadata(project), ..ServiceAccount::default() }
}

fn binding(project: &str) -> RoleBinding {
    RoleBinding {
        metadata: metadata(project),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: WORKLOAD_ROLE.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: WORKLOAD.to_owned(),
            namespace: Some(project.to_owned()),
            ..Subject::default()
        }]),
    }
}

fn token_secret(project: &str, token: String, expires: Timestamp) -> Secret {
    let mut metadata = metadata(project);
    metadata.annotations = Some(BTreeMap::from([(EXPIRES.to_owned(), expires.to_string())]));
    Secret {
        metadata,
        string_data: Some(BTreeMap::from([(TOKEN_KEY.to_owned(), token)])),
        ..Secret::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_well_before_its_end() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |days: i64| now + SignedDuration::from_hours(24 * days);
        assert!(is_fresh(&token_secret("p", String::new(), at(30)), now));
        assert!(!is_fresh(&token_secret("p", String::new(), at(19)), now));
        assert!(!is_fresh(&Secret::default(), now));
    }
}
