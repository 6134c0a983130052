-- Runs that a program without ranks on PostgreSQL has logged metrics of are outside, too.
UPDATE ml_runs SET ranked = 0 WHERE ranked = 1 AND seq IN (SELECT run FROM ml_latest)
    AND seq NOT IN (SELECT run FROM ml_ranks);
