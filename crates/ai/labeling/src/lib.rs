//! Online labelling: tasks, who gets which, annotations, review, agreement.
//!
//! Owns labelling projects on SQLite or PostgreSQL, the formats in which annotations come
//! and go, and the figures about them. Deliberately knows nothing of Kubernetes objects,
//! sign-in, or how files are fetched: a task's data names a path in a dataset version, who
//! may do what is decided before a request comes here ([`Scope`]), and what is exported is
//! handed to the caller, who commits it.
//!
//! ```text
//! files ─ formats::read ─▶ NewTask ─ import ─▶ tasks ─ next ─▶ turn ─ submit ─▶ answers
//!                                               ▲   (queue)            │
//!                                               └──── reject ── review ┤
//! files ◀─ formats::write ◀── finished ◀───────────────────────────────┤
//!                                       statistics ◀── agreement ◀─────┘
//! ```
//!
//! Start reading at [`LabelConfig`] (config.rs) and [`Answer`], then `store.rs`, `next.rs`,
//! `turns.rs` and `settle.rs`.

mod agreement;
mod answer;
mod assign;
mod config;
mod database;
mod declare;
mod error;
mod finished;
pub mod formats;
mod http;
mod import;
pub mod inference;
mod listing;
mod migrations;
mod new_task;
mod next;
mod polygons;
mod predictions;
mod review;
mod scope;
mod settle;
mod sql;
mod statistics;
mod store;
mod task;
mod turns;

pub use agreement::measure::{Agreement, Compared, OfLabel, Pair};
pub use answer::{Answer, Box, Drawing, Polygon, Side, Size, Span};
pub use assign::Assigned;
pub use config::{Assignment, Description, Kind, Label, LabelConfig, Policy, Rejected};
pub use declare::Declared;
pub use error::{Error, Result};
pub use finished::{Finished, Only};
pub use formats::{Format, Lost, Read, Unsigned, Written};
pub use http::router;
pub use import::Taken;
pub use listing::{Answered, Event, Filter, MOST_LISTED, Page, Whole};
pub use new_task::{Given, NewTask, Prediction};
pub use next::Held;
pub use predictions::{Outcome, Predicted, Unpredicted};
pub use review::{Decision, Reviewed, Reviewer};
pub use scope::{May, Scope};
pub use statistics::{Annotator, Progress, Statistics};
pub use store::{Labeling, Spec, Work};
pub use task::{Task, TaskState, Turn, TurnState};
pub use turns::Edit;
