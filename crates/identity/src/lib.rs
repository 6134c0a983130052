//! Who is calling: users, groups, passwords, sessions, tokens, and the record
//! of what they did.
//!
//! It owns the accounts' tables, the service-account signing key and the audit
//! record, on SQLite or PostgreSQL through the same queries. It deliberately
//! does not know what anybody may do (the API server's RBAC decides that), and
//! nothing of HTTP: cookies and headers are the portal's.
//!
//! Start reading at [`Identity`]; each noun has its file.

mod access_keys;
mod accounts;
mod audit;
mod bearer;
mod caller;
mod changes;
mod clock;
mod database;
mod error;
mod identity;
mod journal;
mod key_file;
mod links;
mod mask;
mod migrations;
mod password;
mod secret;
mod service_accounts;
mod sessions;
mod settings;
mod throttle;
mod tokens;

pub use access_keys::{AccessKey, AccessKeyRequest, NewAccessKey};
pub use accounts::{NewUser, User};
pub use audit::{AuditEntry, AuditQuery, AuditRecord, Begun, Reader};
pub use caller::{ADMIN_USER, ADMINS, AUTHENTICATED, Caller, Via};
pub use changes::{Changes, FieldChange};
pub use clock::Clock;
pub use error::{Error, Result};
pub use identity::{Identity, Opened, Options};
pub use journal::Outbox;
pub use secret::Secret;
pub use service_accounts::{
    API_AUDIENCE, BoundPod, IssuedToken, ServiceAccount, ServiceAccountRequest,
};
pub use sessions::{OpenedSession, Session};
pub use tokens::{NewToken, TokenInfo};
