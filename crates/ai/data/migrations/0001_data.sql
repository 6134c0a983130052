CREATE TABLE data_versions (
    project TEXT NOT NULL,
    dataset TEXT NOT NULL,
    version BIGINT NOT NULL,
    digest TEXT NOT NULL,
    files BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (project, dataset, version),
    UNIQUE (project, dataset, digest)
);

CREATE TABLE data_code (
    project TEXT NOT NULL,
    digest TEXT NOT NULL,
    files BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (project, digest)
);

CREATE TABLE data_blobs (
    project TEXT NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (project, digest)
);
