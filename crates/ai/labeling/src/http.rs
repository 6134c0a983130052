//! Labelling over HTTP, to be mounted below `/labeling/p/{project}`.
//!
//! | | may | |
//! |---|---|---|
//! | `GET /{work}` | annotate | `{config, policy}` |
//! | `GET /{work}/progress` | annotate | [`crate::Progress`]; an annotator sees own turns alone |
//! | `POST /{work}/next` | annotate | `{held: {task, turn} or null}` |
//! | `POST /{work}/undo` | annotate | `{held}`: the last submission, open again |
//! | `GET /{work}/tasks?state&annotator&label&agreementBelow&after&limit` | annotate | a page of tasks; an annotator sees own ones alone |
//! | `GET /{work}/tasks/{task}` | annotate | `{task, turns, history}`; an annotator sees the own turn alone |
//! | `PUT /{work}/tasks/{task}/draft` | annotate | `{version, answer}`; the turn |
//! | `POST /{work}/tasks/{task}/submit` | annotate | `{version, answer}`; the turn |
//! | `POST /{work}/tasks/{task}/skip` | annotate | `{reason}`; the turn |
//! | `GET /{work}/review?after&limit` | review | a page of `{task, turn}` that wait |
//! | `POST /{work}/tasks/{task}/review` | review | `{annotator, version, decision, answer?, comment?}`; the turn |
//! | `GET /{work}/statistics` | review | [`crate::Statistics`] |
//! | `GET /{work}/export?format&only` | review | the file, or a ZIP of several |
//! | `GET /{work}/export/report?format&only` | review | `{files, lost}`: what the format cannot hold |
//! | `POST /{work}/tasks?format&unsigned&annotator` | manage | a file (YOLO: a ZIP); `{new, known, lost}` |
//! | `GET /{work}/predictions` | review | [`crate::Predicted`] |
//! | `POST /{work}/predictions/again` | manage | asks about tasks that failed; `{again}` |
//! | `POST /{work}/assign` | manage | `{annotator, tasks}`; `{assigned, full}` |
//! | `POST /{work}/release` | manage | `{annotator}`: gives what they have open to others; `{released}` |
//!
//! `only` is answered, reviewed or all; without it, what is final by the policy. `unsigned`
//! of an import is prediction, gold or answer (with `annotator`).
//! Refusals are `{code, field, message, hint}`.

mod annotate;
mod extract;
mod files;
mod list;
mod manage;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};

use crate::{Error, Labeling};

/// Of a file with tasks: some hundred thousand of them.
const LARGEST_IMPORT: usize = 256 << 20;

pub fn router(labeling: Labeling) -> Router {
    let import = post(files::import).layer(DefaultBodyLimit::max(LARGEST_IMPORT));
    Router::new()
        .route("/{work}", get(list::spec))
        .route("/{work}/progress", get(list::progress))
        .route("/{work}/next", post(annotate::next))
        .route("/{work}/undo", post(annotate::undo))
        .route("/{work}/tasks", get(list::tasks).merge(import))
        .route("/{work}/tasks/{task}", get(list::task))
        .route("/{work}/tasks/{task}/draft", put(annotate::draft))
        .route("/{work}/tasks/{task}/submit", post(annotate::submit))
        .route("/{work}/tasks/{task}/skip", post(annotate::skip))
        .route("/{work}/tasks/{task}/review", post(manage::review))
        .route("/{work}/review", get(manage::to_review))
        .route("/{work}/statistics", get(manage::statistics))
        .route("/{work}/predictions", get(manage::predictions))
        .route("/{work}/predictions/again", post(manage::predict_again))
        .route("/{work}/assign", post(manage::assign))
        .route("/{work}/release", post(manage::release))
        .route("/{work}/export", get(files::export))
        .route("/{work}/export/report", get(files::report))
        .fallback(async || Error::not_found("address", "labelling"))
        .method_not_allowed_fallback(async || {
            Error::invalid("method", "is not for this address", "look at its methods")
        })
        .with_state(labeling)
}

/// Milliseconds since 1970.
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
