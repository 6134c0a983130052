//! The person or program behind a request, as every part of the program sees it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// The user that the first start makes.
pub const ADMIN_USER: &str = "admin";
/// The group whose members may do everything.
pub const ADMINS: &str = "dais:admins";
/// The group that every known caller is in.
pub const AUTHENTICATED: &str = "system:authenticated";

/// An authenticated caller. Travels as a request extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caller {
    pub user: String,
    pub groups: Vec<String>,
    pub extra: BTreeMap<String, Vec<String>>,
    pub via: Via,
}

impl Caller {
    /// A local user with the groups that the accounts give.
    pub fn local(user: impl Into<String>, mut groups: Vec<String>, via: Via) -> Self {
        groups.push(AUTHENTICATED.to_owned());
        Self { user: user.into(), groups, extra: BTreeMap::new(), via }
    }

    pub fn is_admin(&self) -> bool {
        self.groups.iter().any(|group| group == ADMINS)
    }
}

/// How a caller proved who they are; the audit record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    /// A browser session.
    Session,
    /// An API token, by its name.
    Token(String),
    /// An access key of the object store, by its id.
    AccessKey(String),
    /// A pod's service-account token.
    ServiceAccount,
    /// A client certificate.
    Certificate,
    /// A part of this program acting for itself.
    Internal,
}

impl fmt::Display for Via {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => out.write_str("session"),
            Self::Token(name) => write!(out, "token:{name}"),
            Self::AccessKey(id) => write!(out, "access-key:{id}"),
            Self::ServiceAccount => out.write_str("serviceaccount"),
            Self::Certificate => out.write_str("certificate"),
            Self::Internal => out.write_str("internal"),
        }
    }
}
