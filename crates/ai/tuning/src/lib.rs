//! Which parameters a search tries next, and which trials are not worth going on.
//!
//! It owns spaces of parameters, the algorithms over them, the rules of early
//! stopping and the figures of the plots. It deliberately does not know what a
//! trial is made of, who runs it or when: no I/O, no clock, no memory. Every
//! answer is a pure function of the plan and of the history that is handed in,
//! so whoever asks may forget everything between two questions.
//!
//! ```text
//! Plan (space, objective, algorithm, seed) ─▶ Search ─┐
//! history: trials with their outcomes ────────────────┴▶ suggest ─▶ name → text
//! curves of measurements ─────────▶ Stopping::judge ─▶ Keep, Stop and why
//! history ────────────────────────▶ importance, best_so_far
//! ```
//!
//! Start reading at [`Search::suggest`] (search.rs), then `tpe.rs`.

mod axis;
mod error;
mod grid;
mod history;
mod importance;
mod lattice;
mod objective;
mod points;
mod progress;
mod random;
mod search;
mod space;
mod stopping;
mod stream;
mod text;
mod tpe;

pub use error::{Error, Fault, Result};
pub use history::{Outcome, Trial};
pub use importance::{Importance, importance};
pub use objective::{Direction, Objective};
pub use progress::{Progress, best, best_so_far};
pub use search::{Algorithm, Parameters, Plan, Search, Suggestion};
pub use space::{Categorical, Domain, Double, Int, Parameter, Scale, Space};
pub use stopping::{Curve, Halving, Median, Reason, Stopping, Verdict};
pub use tpe::Tpe;
