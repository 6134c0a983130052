CREATE TABLE data_profiles (
    project TEXT NOT NULL,
    digest TEXT NOT NULL,
    format TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project, digest, format)
);
