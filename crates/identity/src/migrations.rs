//! The versions of the tables, oldest first. A released one never changes.
//!
//! Only what SQLite and PostgreSQL share: TEXT, BIGINT (times in milliseconds,
//! 0 for "never") and no NULL.

/// The statements of each version; the first is version 1.
pub(crate) const VERSIONS: &[&[&str]] = &[FIRST, CHANGES, ACCESS_KEYS];

/// Where a write came from and what it changed, as JSON.
const CHANGES: &[&str] = &[
    "ALTER TABLE identity_audit ADD COLUMN source TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE identity_audit ADD COLUMN agent TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE identity_audit ADD COLUMN changes TEXT NOT NULL DEFAULT '{}'",
    "CREATE INDEX identity_audit_by_object ON identity_audit (namespace, name, id)",
    "CREATE INDEX identity_audit_by_time ON identity_audit (at)",
    "CREATE TABLE identity_settings (
        user_name TEXT PRIMARY KEY,
        settings TEXT NOT NULL
    )",
];

/// Keys of the object store; their secrets are derived, not stored.
const ACCESS_KEYS: &[&str] = &["CREATE TABLE identity_access_keys (
        id TEXT PRIMARY KEY,
        user_name TEXT NOT NULL,
        project TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT NOT NULL,
        UNIQUE (project, user_name, name)
    )"];

const FIRST: &[&str] = &[
    "CREATE TABLE identity_users (
        name TEXT PRIMARY KEY,
        password TEXT NOT NULL,
        language TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE identity_memberships (
        user_name TEXT NOT NULL,
        group_name TEXT NOT NULL,
        PRIMARY KEY (user_name, group_name)
    )",
    "CREATE TABLE identity_tokens (
        id TEXT PRIMARY KEY,
        user_name TEXT NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL UNIQUE,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT NOT NULL,
        UNIQUE (user_name, name)
    )",
    "CREATE TABLE identity_sessions (
        digest TEXT PRIMARY KEY,
        user_name TEXT NOT NULL,
        csrf TEXT NOT NULL,
        seen_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL
    )",
    "CREATE TABLE identity_links (
        digest TEXT PRIMARY KEY,
        user_name TEXT NOT NULL,
        expires_at BIGINT NOT NULL
    )",
    "CREATE TABLE identity_audit (
        id TEXT PRIMARY KEY,
        at BIGINT NOT NULL,
        user_name TEXT NOT NULL,
        acting_as TEXT NOT NULL,
        via TEXT NOT NULL,
        verb TEXT NOT NULL,
        api_group TEXT NOT NULL,
        resource TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        status BIGINT NOT NULL,
        request_id TEXT NOT NULL
    )",
    "CREATE INDEX identity_audit_by_user ON identity_audit (user_name, id)",
    "CREATE INDEX identity_audit_by_namespace ON identity_audit (namespace, id)",
    "CREATE INDEX identity_sessions_by_user ON identity_sessions (user_name)",
];
