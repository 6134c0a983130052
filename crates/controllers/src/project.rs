//! Project: a Namespace labelled with its workspace.
//!
//! Gives every project the account under which its work runs, the rights of that
//! account inside the project, and the token and access key with which the work
//! reaches the platform. Does not know who the members are.

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
use crate::seams::{AccessKey, AccessKeys};

/// An account under which programs of a project run: the name of its ServiceAccount,
/// RoleBinding and Secret, and the ClusterRole that it is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub name: &'static str,
    pub role: &'static str,
}

/// A project's own work.
pub const WORKLOAD: Account = Account { name: "dais-workload", role: "dais:workload" };
/// What people do by hand in notebooks: with the rights of those who may enter one.
pub const NOTEBOOK: Account = Account { name: "dais-notebook", role: "dais:notebook" };
/// Key of the token in the Secret.
pub const TOKEN_KEY: &str = "token";
/// Keys of the object store's access key in the Secret.
pub const ACCESS_KEY_ID: &str = "s3-access-key-id";
pub const SECRET_ACCESS_KEY: &str = "s3-secret-access-key";
const EXPIRES: &str = "dais.io/expires";

/// How long a token is good for, and how much of that must be left. A job that
/// starts just before a renewal keeps its token for the remainder.
const TOKEN_DAYS: i64 = 30;
const RENEW_DAYS: i64 = 20;
/// How often to look whether a token is to be renewed.
const LOOK: Duration = Duration::from_secs(12 * 3600);

pub async fn run(context: Arc<Context>) {
    let namespaces = Api::<Namespace>::all(context.client.clone());
    let projects = watcher::Config::default().labels(dais_api::labels::WORKSPACE);
    drive("project", Controller::new(namespaces, projects), context, reconcile).await;
}

async fn reconcile(namespace: Arc<Namespace>, context: Arc<Context>) -> Result<Action> {
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    WORKLOAD.ensure(&context, &namespace.name_any()).await?;
    Ok(Action::requeue(LOOK))
}

impl Account {
    /// Makes the account in a project, with a token and an access key that are good for
    /// three weeks at least.
    pub async fn ensure(&self, context: &Context, project: &str) -> Result<()> {
        let client = &context.client;
        apply(client, &service_account(self, project)).await?;
        apply(client, &binding(self, project)).await?;
        ensure_token(client, context.access_keys.as_ref(), (project, self.name)).await
    }
}

async fn ensure_token(
    client: &Client,
    keys: &dyn AccessKeys,
    (project, name): (&str, &'static str),
) -> Result<()> {
    let secrets = Api::<Secret>::namespaced(client.clone(), project);
    let known = secrets
        .get_opt(name)
        .await
        .map_err(Error::kube(format!("reading the token of project {project}")))?;
    if known.is_some_and(|secret| is_fresh(&secret, Timestamp::now())) {
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
        .create_token_request(name, &PostParams::default(), &request)
        .await
        .map_err(Error::kube(format!("requesting a token for project {project}")))?;
    let status = answer.status.unwrap_or_default();
    let (Some(token), Some(expires)) = (status.token, status.expiration_timestamp) else {
        let (kind, name) = ("TokenRequest", name.to_owned());
        return Err(Error::Incomplete { kind, name, field: "status.token" });
    };
    let lifetime = Duration::from_secs(TOKEN_DAYS.unsigned_abs() * 86_400);
    let key = keys
        .issue(project, name, lifetime)
        .await
        .map_err(Error::seam(format!("making an access key for project {project}")))?;
    apply(client, &token_secret(metadata(project, name), token, key, expires.0)).await?;
    Ok(())
}

fn is_fresh(secret: &Secret, now: Timestamp) -> bool {
    let expires = secret.annotations().get(EXPIRES).and_then(|time| time.parse().ok());
    // One that an older program made has no access key yet.
    let has_key = secret.data.as_ref().is_some_and(|data| data.contains_key(ACCESS_KEY_ID));
    has_key
        && expires.is_some_and(|expires: Timestamp| {
            expires.duration_since(now) > SignedDuration::from_hours(24 * RENEW_DAYS)
        })
}

fn metadata(project: &str, name: &str) -> ObjectMeta {
    let labels = [("app.kubernetes.io/managed-by".to_owned(), "dais".to_owned())];
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(project.to_owned()),
        labels: Some(labels.into()),
        ..ObjectMeta::default()
    }
}

fn service_account(account: &Account, project: &str) -> ServiceAccount {
    ServiceAccount { metadata: metadata(project, account.name), ..ServiceAccount::default() }
}

fn binding(account: &Account, project: &str) -> RoleBinding {
    RoleBinding {
        metadata: metadata(project, account.name),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: account.role.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: account.name.to_owned(),
            namespace: Some(project.to_owned()),
            ..Subject::default()
        }]),
    }
}

fn token_secret(
    mut metadata: ObjectMeta,
    token: String,
    key: AccessKey,
    expires: Timestamp,
) -> Secret {
    metadata.annotations = Some(BTreeMap::from([(EXPIRES.to_owned(), expires.to_string())]));
    Secret {
        metadata,
        string_data: Some(BTreeMap::from([
            (TOKEN_KEY.to_owned(), token),
            (ACCESS_KEY_ID.to_owned(), key.id),
            (SECRET_ACCESS_KEY.to_owned(), key.secret),
        ])),
        ..Secret::default()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;

    #[test]
    fn a_token_is_renewed_well_before_its_end() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |days: i64| now + SignedDuration::from_hours(24 * days);
        let stored = |days| {
            let key = AccessKey { id: "id".to_owned(), secret: "secret".to_owned() };
            let mut secret = token_secret(metadata("p", "n"), String::new(), key, at(days));
            let data = secret.string_data.take().unwrap_or_default().into_iter();
            let data = data.map(|(key, text)| (key, ByteString(text.into_bytes())));
            secret.data = Some(data.collect());
            secret
        };
        assert!(is_fresh(&stored(30), now));
        assert!(!is_fresh(&stored(19), now));
        let mut older = stored(30);
        older.data.as_mut().expect("data").remove(ACCESS_KEY_ID);
        assert!(!is_fresh(&older, now));
        assert!(!is_fresh(&Secret::default(), now));
    }
}
