//! Identity behind the API server's doors: tokens and callers.

use async_trait::async_trait;
use dais_apiserver::{Issued, TokenRequest, Tokens, UserInfo};
use dais_identity::{BoundPod, Caller, Identity, ServiceAccountRequest};
use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};

/// The caller as the Kubernetes API knows them.
pub fn user_info(caller: &Caller) -> UserInfo {
    UserInfo {
        username: caller.user.clone(),
        uid: None,
        groups: caller.groups.clone(),
        extra: caller.extra.clone(),
    }
}

/// A part of the platform itself: it may do everything, under a name of its own.
pub fn component(name: &str) -> UserInfo {
    UserInfo::new(format!("system:dais:{name}"), [UserInfo::MASTERS])
}

/// Tells the accounts' keeper which service accounts there are, for as long as it is polled.
pub async fn follow(client: Client, identity: Identity) {
    let accounts = Api::<PartialObjectMeta<ServiceAccount>>::all(client);
    let changes = watcher(accounts, watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes);
    while let Some(change) = changes.next().await {
        match change {
            Ok(watcher::Event::Apply(account) | watcher::Event::InitApply(account)) => {
                let (namespace, name) =
                    (account.namespace().unwrap_or_default(), account.name_any());
                identity.service_account_stands(
                    &namespace,
                    &name,
                    &account.uid().unwrap_or_default(),
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "service accounts not followed; trying again"),
        }
    }
}

pub struct IdentityTokens(pub Identity);

#[async_trait]
impl Tokens for IdentityTokens {
    async fn issue(&self, request: TokenRequest) -> Result<Issued, String> {
        let TokenRequest { namespace, service_account, uid, audiences, ttl, bound_object } =
            request;
        let request = ServiceAccountRequest {
            namespace,
            name: service_account,
            uid,
            audiences,
            lifetime: ttl,
            pod: bound_object.as_ref().and_then(bound_pod),
        };
        let issued =
            self.0.issue_service_account_token(request).map_err(|error| error.to_string())?;
        let expires = Timestamp::from_millisecond(issued.expires_at)
            .map_err(|error| format!("the token's end is no time: {error}"))?;
        // Kubernetes writes times in whole seconds.
        let expires = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(Issued { token: issued.token.expose().to_owned(), expires })
    }

    async fn review(&self, token: &str) -> Option<UserInfo> {
        match self.0.authenticate(token).await {
            Ok(caller) => caller.as_deref().map(user_info),
            Err(error) => {
                tracing::error!(%error, "token not checked");
                None
            }
        }
    }
}

fn bound_pod(object: &serde_json::Value) -> Option<BoundPod> {
    let text = |key: &str| object[key].as_str().map(str::to_owned);
    let (name, uid) = (text("name")?, text("uid").unwrap_or_default());
    (object["kind"].as_str() == Some("Pod")).then_some(BoundPod { name, uid })
}
