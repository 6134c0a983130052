//! Who asks: the extension, the bearer token, or nobody; and whom they act as.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::authz::{Attributes, Policy};
use crate::config::UserInfo;
use crate::http::path::decode;
use crate::server::Server;
use crate::status::Failure;

/// Who a request acts as and, when they impersonate, who really sent it.
pub(crate) struct Identity {
    pub user: UserInfo,
    pub actor: Option<UserInfo>,
}

const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// # Errors
/// 401 for a bad token, 403 for an impersonation that RBAC does not allow.
pub(crate) async fn identify(
    server: &Arc<Server>,
    policy: &Policy,
    parts: &Parts,
) -> Result<Identity, Failure> {
    let user = authenticate(server, parts).await?;
    match impersonated(&parts.headers)? {
        None => Ok(Identity { user, actor: None }),
        Some(target) => {
            may_impersonate(policy, &user, &target)?;
            Ok(Identity { user: with_own_groups(target), actor: Some(user) })
        }
    }
}

async fn authenticate(server: &Arc<Server>, parts: &Parts) -> Result<UserInfo, Failure> {
    if let Some(user) = parts.extensions.get::<UserInfo>() {
        return Ok(authenticated(user.clone()));
    }
    let Some(header) = parts.headers.get(AUTHORIZATION) else { return Ok(UserInfo::anonymous()) };
    let header = header.to_str().unwrap_or_default();
    let Some((scheme, token)) = header.split_once(' ') else { return Ok(UserInfo::anonymous()) };
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Ok(UserInfo::anonymous());
    }
    match server.tokens.review(token.trim()).await {
        Some(user) => Ok(authenticated(user)),
        None => Err(Failure::unauthorized()),
    }
}

/// Everybody but the anonymous user is in the group of the authenticated.
fn authenticated(mut user: UserInfo) -> UserInfo {
    let anonymous = user.username == "system:anonymous"
        || user.groups.iter().any(|group| group == UNAUTHENTICATED);
    if !anonymous && !user.groups.iter().any(|group| group == AUTHENTICATED) {
        user.groups.push(AUTHENTICATED.into());
    }
    user
}

fn impersonated(headers: &HeaderMap) -> Result<Option<UserInfo>, Failure> {
    let text = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let username = text("impersonate-user");
    let groups: Vec<String> = headers
        .get_all("impersonate-group")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::to_owned)
        .collect();
    let uid = Some(text("impersonate-uid")).filter(|uid| !uid.is_empty());
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if let (Some(key), Ok(value)) =
            (name.as_str().strip_prefix("impersonate-extra-"), value.to_str())
        {
            extra.entry(decode(key)).or_default().push(value.to_owned());
        }
    }
    if username.is_empty() {
        if groups.is_empty() && uid.is_none() && extra.is_empty() {
            return Ok(None);
        }
        return Err(Failure::internal(
            "requested groups, uid or extra without impersonating a user",
        ));
    }
    Ok(Some(UserInfo { username, uid, groups, extra }))
}

/// The groups that a user has without asking.
fn with_own_groups(mut user: UserInfo) -> UserInfo {
    if user.username == "system:anonymous" {
        if !user.groups.iter().any(|group| group == UNAUTHENTICATED) {
            user.groups.push(UNAUTHENTICATED.into());
        }
        return user;
    }
    if user.groups.is_empty()
        && let Some((namespace, _)) = service_account(&user.username)
    {
        user.groups =
            vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
    }
    authenticated(user)
}

fn service_account(username: &str) -> Option<(&str, &str)> {
    username.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')
}

/// Each part of the other identity is a right of its own.
fn may_impersonate(policy: &Policy, user: &UserInfo, target: &UserInfo) -> Result<(), Failure> {
    let mut asked: Vec<(&str, &str, &str, String, &str)> = Vec::new();
    match service_account(&target.username) {
        Some((namespace, name)) => {
            asked.push(("", "serviceaccounts", "", name.to_owned(), namespace))
        }
        None => asked.push(("", "users", "", target.username.clone(), "")),
    }
    asked.extend(target.groups.iter().map(|group| ("", "groups", "", group.clone(), "")));
    let authentication = "authentication.k8s.io";
    asked.extend(target.uid.iter().map(|uid| (authentication, "uids", "", uid.clone(), "")));
    for (key, values) in &target.extra {
        asked.extend(
            values
                .iter()
                .map(|value| (authentication, "userextras", key.as_str(), value.clone(), "")),
        );
    }
    for (group, resource, subresource, name, namespace) in &asked {
        let wanted = Attributes {
            verb: "impersonate",
            group,
            namespace,
            resource,
            subresource,
            name,
            path: None,
        };
        if !policy.allows(user, &wanted) {
            return Err(wanted.denied(user));
        }
    }
    Ok(())
}
