//! One question to the authorizer, and how a no is worded.

use crate::config::UserInfo;
use crate::status::{Failure, Subject};

/// What somebody wants to do. Either a resource or a path.
#[derive(Debug, Clone, Default)]
pub struct Attributes<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub namespace: &'a str,
    pub resource: &'a str,
    pub subresource: &'a str,
    pub name: &'a str,
    /// For requests that are not about a resource.
    pub path: Option<&'a str>,
}

impl Attributes<'_> {
    /// `pods/log`
    pub fn full_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    /// The 403 in Kubernetes' words.
    pub fn denied(&self, user: &UserInfo) -> Failure {
        let subject =
            Subject { group: self.group, resource: self.resource, kind: "", name: self.name };
        Failure::forbidden(subject, &self.denial(&user.username))
    }

    fn denial(&self, username: &str) -> String {
        let verb = self.verb;
        if let Some(path) = self.path {
            return format!("User {username:?} cannot {verb} path {path:?}");
        }
        let place = if self.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace {:?}", self.namespace)
        };
        let (resource, group) = (self.full_resource(), self.group);
        format!(
            "User {username:?} cannot {verb} resource {resource:?} in API group {group:?} {place}"
        )
    }
}
