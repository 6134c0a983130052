ALTER TABLE data_versions ADD COLUMN description TEXT NOT NULL DEFAULT '';

CREATE TABLE data_tags (
    project TEXT NOT NULL,
    dataset TEXT NOT NULL,
    tag TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (project, dataset, tag)
);
