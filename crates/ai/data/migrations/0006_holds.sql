CREATE TABLE data_holds (
    holder TEXT NOT NULL,
    project TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (holder, project, digest)
);
