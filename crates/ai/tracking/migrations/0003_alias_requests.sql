-- Who asked for a protected alias to move, why, and what became of it. Rows
-- outlive the model: they are its history.
CREATE TABLE ml_alias_requests (
    project TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    version BIGINT,
    from_version BIGINT,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    decision_reason TEXT,
    PRIMARY KEY (project, id)
);
CREATE UNIQUE INDEX ml_alias_requests_open ON ml_alias_requests (project, name, alias) WHERE state = 'open';
CREATE INDEX ml_alias_requests_by_model ON ml_alias_requests (project, name, id);
CREATE INDEX ml_alias_requests_by_state ON ml_alias_requests (project, state, id);
