-- The latest numbers of runs in their order, for those who ask for the best. A run
-- whose metrics change is not in here (`ranked = 0`), so that logging costs nothing;
-- it comes in when it has been quiet for a while.
CREATE TABLE ml_ranks (
    project TEXT NOT NULL,
    experiment_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    nan BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    run BIGINT NOT NULL,
    PRIMARY KEY (project, experiment_id, key, nan, value, run)
) WITHOUT ROWID;
ALTER TABLE ml_runs ADD COLUMN ranked BIGINT NOT NULL DEFAULT 1;
UPDATE ml_runs SET ranked = 0 WHERE seq IN (SELECT run FROM ml_latest);
CREATE INDEX ml_runs_unranked ON ml_runs (project, experiment_id) WHERE ranked = 0;

-- By run and key alone, without a second tree that leads to the rows.
CREATE TABLE ml_run_params_by_run (
    run BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
INSERT INTO ml_run_params_by_run (run, key, value)
    SELECT run, key, value FROM ml_run_params ORDER BY run, key;
DROP TABLE ml_run_params;
ALTER TABLE ml_run_params_by_run RENAME TO ml_run_params;

-- In the order in which they are listed, so that the first page reads no more than itself.
CREATE INDEX ml_experiments_by_time ON ml_experiments (project, creation_time, experiment_id);
CREATE INDEX ml_versions_by_time ON ml_versions (project, last_updated_timestamp);
