-- What is logged together lies together: the numbers of a step share a page, so
-- that a commit writes one or two of them and not one for each key.
CREATE TABLE ml_points_by_step (
    run BIGINT NOT NULL,
    step BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    key TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    nan BIGINT NOT NULL,
    PRIMARY KEY (run, step, timestamp, key, value, nan)
) WITHOUT ROWID;

INSERT INTO ml_points_by_step (run, step, timestamp, key, value, nan)
    SELECT run, step, timestamp, key, value, nan FROM ml_points
    ORDER BY run, step, timestamp, key, value, nan;
DROP TABLE ml_points;
ALTER TABLE ml_points_by_step RENAME TO ml_points;

CREATE TABLE ml_latest_by_key (
    run BIGINT NOT NULL,
    key TEXT NOT NULL,
    step BIGINT NOT NULL,
    timestamp BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    nan BIGINT NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;

INSERT INTO ml_latest_by_key (run, key, step, timestamp, value, nan)
    SELECT run, key, step, timestamp, value, nan FROM ml_latest;
DROP TABLE ml_latest;
ALTER TABLE ml_latest_by_key RENAME TO ml_latest;
