CREATE TABLE ml_experiments (
    project TEXT NOT NULL,
    experiment_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    artifact_location TEXT NOT NULL,
    lifecycle_stage TEXT NOT NULL,
    creation_time BIGINT NOT NULL,
    last_update_time BIGINT NOT NULL,
    PRIMARY KEY (project, experiment_id),
    UNIQUE (project, name)
);

CREATE TABLE ml_experiment_tags (
    project TEXT NOT NULL,
    experiment_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, experiment_id, key)
);

CREATE TABLE ml_runs (
    seq BIGINT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    run_id TEXT NOT NULL,
    experiment_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    start_time BIGINT,
    end_time BIGINT,
    lifecycle_stage TEXT NOT NULL,
    artifact_uri TEXT NOT NULL,
    UNIQUE (project, run_id)
);
CREATE INDEX ml_runs_by_experiment ON ml_runs (project, experiment_id, start_time);

CREATE TABLE ml_run_tags (
    run BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
);

CREATE TABLE ml_run_params (
    run BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
);

CREATE TABLE ml_points (
    run BIGINT NOT NULL,
    key TEXT NOT NULL,
    step BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    nan BIGINT NOT NULL,
    PRIMARY KEY (run, key, step, timestamp, value, nan)
);

CREATE TABLE ml_latest (
    run BIGINT NOT NULL,
    key TEXT NOT NULL,
    step BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    nan BIGINT NOT NULL,
    PRIMARY KEY (run, key)
);

CREATE TABLE ml_run_datasets (
    run BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    context TEXT,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema_json TEXT,
    profile TEXT,
    tags TEXT NOT NULL,
    PRIMARY KEY (run, name, digest)
);

CREATE TABLE ml_run_models (
    run BIGINT NOT NULL,
    direction TEXT NOT NULL,
    model_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (run, direction, model_id)
);

CREATE TABLE ml_logged_models (
    project TEXT NOT NULL,
    model_id TEXT NOT NULL,
    experiment_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    model_type TEXT,
    source_run_id TEXT,
    artifact_uri TEXT NOT NULL,
    status TEXT NOT NULL,
    status_message TEXT,
    lifecycle_stage TEXT NOT NULL,
    creation_timestamp BIGINT NOT NULL,
    last_updated_timestamp BIGINT NOT NULL,
    PRIMARY KEY (project, model_id)
);
CREATE INDEX ml_logged_models_by_experiment ON ml_logged_models (project, experiment_id, creation_timestamp);

CREATE TABLE ml_logged_model_tags (
    project TEXT NOT NULL,
    model_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, model_id, key)
);

CREATE TABLE ml_logged_model_params (
    project TEXT NOT NULL,
    model_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, model_id, key)
);

CREATE TABLE ml_logged_model_metrics (
    project TEXT NOT NULL,
    model_id TEXT NOT NULL,
    key TEXT NOT NULL,
    step BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    nan BIGINT NOT NULL,
    run_id TEXT NOT NULL,
    dataset_name TEXT NOT NULL,
    dataset_digest TEXT NOT NULL,
    PRIMARY KEY (project, model_id, key, run_id, dataset_name, dataset_digest)
);

CREATE TABLE ml_models (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    user_id TEXT NOT NULL,
    next_version BIGINT NOT NULL,
    creation_timestamp BIGINT NOT NULL,
    last_updated_timestamp BIGINT NOT NULL,
    PRIMARY KEY (project, name)
);

CREATE TABLE ml_model_tags (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, name, key)
);

CREATE TABLE ml_model_aliases (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (project, name, alias)
);

CREATE TABLE ml_versions (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    description TEXT NOT NULL,
    user_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    storage TEXT NOT NULL,
    run_id TEXT NOT NULL,
    run_link TEXT NOT NULL,
    model_id TEXT NOT NULL,
    creation_timestamp BIGINT NOT NULL,
    last_updated_timestamp BIGINT NOT NULL,
    PRIMARY KEY (project, name, version)
);
CREATE INDEX ml_versions_by_run ON ml_versions (project, run_id);
CREATE INDEX ml_versions_by_model_id ON ml_versions (project, model_id);

CREATE TABLE ml_version_tags (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, name, version, key)
);
