//! Identity behind the API server's doors: tokens, callers, the audit record.

use std::time::Duration;

use async_trait::async_trait;
use dais_apiserver::{AuditEvent, AuditSink, Issued, TokenRequest, Tokens, UserInfo};
use dais_identity::{AuditEntry, BoundPod, Caller, Identity, ServiceAccountRequest};
use jiff::Timestamp;

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

/// Keeps the writes of people and of their work; those of the platform's own
/// parts follow from them and would bury them.
pub struct Journal(pub Identity);

const OWN_PARTS: &str = "system:dais:";

impl AuditSink for Journal {
    fn record(&self, event: AuditEvent) {
        if event.user.starts_with(OWN_PARTS) || event.dry_run {
            return;
        }
        let AuditEvent { user, impersonated_user, verb, group, namespace, name, code, .. } = event;
        let resource = match event.subresource.as_str() {
            "" => event.resource,
            subresource => format!("{}/{subresource}", event.resource),
        };
        let entry = AuditEntry {
            user,
            acting_as: impersonated_user.unwrap_or_default(),
            via: "kubernetes".to_owned(),
            verb,
            group,
            resource,
            namespace,
            name,
            status: code,
            request_id: event.request_id,
        };
        record(&self.0, entry);
    }
}

/// Notes a write; what cannot be kept goes to the log.
pub fn record(identity: &Identity, entry: AuditEntry) {
    if let Err(error) = identity.record_audit(entry) {
        tracing::error!(%error, "write not recorded");
    }
}

/// How long records are kept.
pub const AUDIT_RETENTION: Duration = Duration::from_secs(365 * 24 * 3600);
