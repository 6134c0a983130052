//! The versions of the tables, oldest first. A released one never changes.
//!
//! Only what SQLite and PostgreSQL share: TEXT (answers and data as JSON, empty for none),
//! BIGINT (times in milliseconds since 1970), DOUBLE PRECISION, and no NULL.

/// The statements of each version; the first is version 1.
pub(crate) const VERSIONS: &[&[&str]] = &[FIRST, PREDICTED];

const FIRST: &[&str] = &[
    // A labelling project. `named` is 0 once another took its name. `turn` counts writes,
    // `top` places that were given in the queue.
    "CREATE TABLE labeling_works (
        work BIGINT NOT NULL PRIMARY KEY,
        project TEXT NOT NULL,
        name TEXT NOT NULL,
        uid TEXT NOT NULL,
        named BIGINT NOT NULL,
        spec TEXT NOT NULL,
        turn BIGINT NOT NULL,
        top BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX labeling_works_by_uid ON labeling_works (project, uid)",
    "CREATE UNIQUE INDEX labeling_works_by_name ON labeling_works (project, name)
        WHERE named = 1",
    // `queue` is 0 when enough people have it, 1 when more may, 2 when its answer is known.
    // `filled` counts turns that hold a place in the overlap, `answers` those that have an
    // answer, `pending` those whose answer waits for review. `agreement` is -1 without two
    // answers.
    "CREATE TABLE labeling_tasks (
        work BIGINT NOT NULL,
        task BIGINT NOT NULL,
        key TEXT NOT NULL,
        data TEXT NOT NULL,
        gold TEXT NOT NULL,
        predictions TEXT NOT NULL,
        place BIGINT NOT NULL,
        queue BIGINT NOT NULL,
        filled BIGINT NOT NULL DEFAULT 0,
        answers BIGINT NOT NULL DEFAULT 0,
        pending BIGINT NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'todo',
        agreement DOUBLE PRECISION NOT NULL DEFAULT -1,
        PRIMARY KEY (work, task)
    )",
    "CREATE UNIQUE INDEX labeling_tasks_by_key ON labeling_tasks (work, key)",
    "CREATE INDEX labeling_tasks_by_place ON labeling_tasks (work, queue, place)",
    "CREATE INDEX labeling_tasks_by_state ON labeling_tasks (work, state, task)",
    // A task in somebody's hands, once for each person and task. `leased` is when they
    // got it, `expires` when it goes back unless it is answered.
    "CREATE TABLE labeling_turns (
        work BIGINT NOT NULL,
        task BIGINT NOT NULL,
        annotator TEXT NOT NULL,
        state TEXT NOT NULL,
        leased BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        submitted BIGINT NOT NULL,
        version BIGINT NOT NULL,
        answer TEXT NOT NULL,
        reason TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        reviewed BIGINT NOT NULL,
        comment TEXT NOT NULL,
        correction TEXT NOT NULL,
        PRIMARY KEY (work, task, annotator)
    )",
    "CREATE INDEX labeling_turns_by_annotator ON labeling_turns (work, annotator, state, task)",
    "CREATE INDEX labeling_turns_by_state ON labeling_turns (work, state, task, annotator)",
    "CREATE INDEX labeling_turns_by_expiry ON labeling_turns (work, expires)
        WHERE state = 'leased'",
    "CREATE INDEX labeling_turns_by_submission ON labeling_turns (work, annotator, submitted)",
    // How far somebody came in the queue and among tasks with known answers, and how many
    // they got.
    "CREATE TABLE labeling_people (
        work BIGINT NOT NULL,
        annotator TEXT NOT NULL,
        place BIGINT NOT NULL,
        gold_place BIGINT NOT NULL,
        got BIGINT NOT NULL,
        gold_got BIGINT NOT NULL,
        PRIMARY KEY (work, annotator)
    )",
    // The labels of each answer that counts.
    "CREATE TABLE labeling_marks (
        work BIGINT NOT NULL,
        label TEXT NOT NULL,
        task BIGINT NOT NULL,
        annotator TEXT NOT NULL,
        PRIMARY KEY (work, label, task, annotator)
    ) WITHOUT ROWID",
    // What was done, never changed. `turn` orders it; task 0 is the whole project.
    "CREATE TABLE labeling_history (
        work BIGINT NOT NULL,
        task BIGINT NOT NULL,
        turn BIGINT NOT NULL,
        who TEXT NOT NULL,
        whose TEXT NOT NULL,
        time BIGINT NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (work, task, turn, who, whose)
    ) WITHOUT ROWID",
];

/// What models are asked. `asked` is when a task without a prediction may be asked about,
/// `failure` why the last of so many `attempts` came to nothing.
const PREDICTED: &[&str] = &[
    "ALTER TABLE labeling_tasks ADD COLUMN asked BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE labeling_tasks ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE labeling_tasks ADD COLUMN failure TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX labeling_tasks_unpredicted ON labeling_tasks (work, asked, task)
        WHERE predictions = ''",
];
