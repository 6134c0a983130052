//! The versions of the tables, oldest first. A released one never changes.
//!
//! Only what SQLite and PostgreSQL share: TEXT, BIGINT (times in milliseconds
//! since 1970, 0 for "not yet"), DOUBLE PRECISION, and no NULL.

/// The statements of each version; the first is version 1.
pub(crate) const VERSIONS: &[&[&str]] = &[&[
    "CREATE TABLE ledger_entries (
        entry TEXT PRIMARY KEY,
        pod_uid TEXT NOT NULL,
        container TEXT NOT NULL,
        attempt BIGINT NOT NULL,
        project TEXT NOT NULL,
        workspace TEXT NOT NULL,
        app TEXT NOT NULL,
        user_name TEXT NOT NULL,
        user_alias TEXT NOT NULL,
        kind TEXT NOT NULL,
        object TEXT NOT NULL,
        pod TEXT NOT NULL,
        node TEXT NOT NULL,
        cpu_request_milli BIGINT NOT NULL,
        memory_request BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        measured_at BIGINT NOT NULL,
        ended_at BIGINT NOT NULL,
        cpu_seconds DOUBLE PRECISION NOT NULL,
        memory_byte_seconds DOUBLE PRECISION NOT NULL,
        memory_peak BIGINT NOT NULL,
        exit_code BIGINT NOT NULL,
        reason TEXT NOT NULL,
        is_complete BIGINT NOT NULL
    )",
    "CREATE TABLE ledger_hours (
        entry TEXT NOT NULL,
        hour BIGINT NOT NULL,
        begins_at BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        cpu_seconds DOUBLE PRECISION NOT NULL,
        memory_byte_seconds DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (entry, hour)
    )",
    "CREATE TABLE ledger_accelerators (
        entry TEXT NOT NULL,
        resource TEXT NOT NULL,
        model TEXT NOT NULL,
        held BIGINT NOT NULL,
        PRIMARY KEY (entry, resource, model)
    )",
    "CREATE INDEX ledger_hours_by_hour ON ledger_hours (hour)",
    "CREATE INDEX ledger_entries_by_start ON ledger_entries (started_at, entry)",
    "CREATE INDEX ledger_entries_by_user ON ledger_entries (user_name, started_at, entry)",
    "CREATE INDEX ledger_entries_by_end ON ledger_entries (ended_at)",
]];
