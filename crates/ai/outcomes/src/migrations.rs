//! The versions of the tables, oldest first. A released one never changes.
//!
//! Only what SQLite and PostgreSQL share: TEXT, BIGINT (times in milliseconds since
//! 1970), DOUBLE PRECISION, and no NULL.

/// The statements of each version; the first is version 1.
pub(crate) const VERSIONS: &[&[&str]] = &[&[
    // Each counted request.
    "CREATE TABLE outcomes_exposures (
        project TEXT NOT NULL,
        request TEXT NOT NULL,
        test TEXT NOT NULL,
        subject BIGINT NOT NULL,
        time BIGINT NOT NULL,
        PRIMARY KEY (project, request)
    )",
    "CREATE INDEX outcomes_exposures_by_test ON outcomes_exposures (test)",
    // Each person of a test, with sums over their requests. The variant is that of the
    // first exposure.
    "CREATE TABLE outcomes_subjects (
        test TEXT NOT NULL,
        subject BIGINT NOT NULL,
        variant TEXT NOT NULL,
        first BIGINT NOT NULL,
        crossed BIGINT NOT NULL,
        requests BIGINT NOT NULL,
        failures BIGINT NOT NULL,
        seconds DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (test, subject)
    )",
    // Each outcome. `source` says who told it of whom, `test` is empty while its request
    // is not known, `since` is the time of that request, or -1 where a person was named.
    "CREATE TABLE outcomes_values (
        project TEXT NOT NULL,
        source TEXT NOT NULL,
        metric TEXT NOT NULL,
        id TEXT NOT NULL,
        request TEXT NOT NULL,
        test TEXT NOT NULL,
        subject BIGINT NOT NULL,
        value DOUBLE PRECISION NOT NULL,
        time BIGINT NOT NULL,
        received BIGINT NOT NULL,
        since BIGINT NOT NULL,
        PRIMARY KEY (project, source, metric, id)
    )",
    "CREATE INDEX outcomes_values_by_test ON outcomes_values (test, metric, subject)",
    "CREATE INDEX outcomes_values_by_request ON outcomes_values (project, test, request)",
    // Which version of a dataset a test's values are from.
    "CREATE TABLE outcomes_imports (
        test TEXT NOT NULL,
        metric TEXT NOT NULL,
        version TEXT NOT NULL,
        PRIMARY KEY (test, metric)
    )",
]];
