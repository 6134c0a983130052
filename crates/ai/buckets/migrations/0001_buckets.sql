CREATE TABLE bucket_buckets (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;

CREATE TABLE bucket_objects (
    project TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key BYTES NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    etag TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    headers TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (project, bucket, key)
) WITHOUT ROWID;

CREATE INDEX bucket_objects_by_digest ON bucket_objects (project, digest);

CREATE TABLE bucket_uploads (
    id TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key BYTES NOT NULL,
    started_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    headers TEXT NOT NULL,
    checksum TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX bucket_uploads_by_key ON bucket_uploads (project, bucket, key, id);

CREATE TABLE bucket_parts (
    upload TEXT NOT NULL,
    number BIGINT NOT NULL,
    project TEXT NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    md5 TEXT NOT NULL,
    checksum TEXT NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;

CREATE INDEX bucket_parts_by_digest ON bucket_parts (project, digest);
