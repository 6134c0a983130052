CREATE TABLE data_retention (
    project TEXT NOT NULL,
    dataset TEXT NOT NULL,
    keep_last BIGINT NOT NULL,
    keep_tagged BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (project, dataset)
);
