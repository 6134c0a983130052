//! The figures of an A/B test: how two variants differ, how sure that is, and
//! what to do about it.
//!
//! It owns the formulas, each with its source, and takes counts and sums, never
//! single observations that it would have to keep. It deliberately knows neither
//! where they come from nor what a test runs on: no I/O, no clock, and chance
//! only from a generator that the caller seeds. What it answers goes through
//! serde in camelCase, for an API to hand to a page.
//!
//! ```text
//! Counts, Moments, PairMoments ─▶ Statistic ─▶ Effect ─┬─▶ fixed        ─┐
//! (one observation at a time,     (of one arm) (of a   ├─▶ sequential   ─┤
//!  or from sums; mergeable)                    variant │    └▶ Guardrail ─┼─▶ Report ─▶ Decision
//!                                              against ├─▶ bayesian     ─┤
//!                                              control)└─▶ Power        ─┤
//!                           users of each arm ───────────▶ mismatch     ─┘
//!                           Statistics of all arms ──────▶ Bandit ─▶ Shares
//! ```
//!
//! Most formulas are those of `gbstats`, GrowthBook's open engine, and the tests
//! compare every method with it: with 0.8.0, the newest on PyPI, and with its
//! repository, which has since got bandits, power and one-sided bounds. Where this
//! crate departs from it, the function says so and why.
//!
//! Start reading at [`Effect::measure`] (effect.rs), then [`Plan::analyse`]
//! (analysis.rs) and [`Plan::decide`] (decision.rs).

mod analysis;
mod bandit;
mod bayesian;
mod decision;
mod distributions;
mod effect;
mod error;
mod fixed;
mod guardrail;
mod mismatch;
mod moments;
mod pair;
mod plan;
mod power;
mod sequential;
mod statistic;

pub use analysis::{Answer, Arm, ArmReport, Comparison, Report, Tested};
pub use bandit::{Bandit, Rule, Shares};
pub use bayesian::{Bayesian, Prior, Risk, bayesian};
pub use decision::{Decision, Harm, Reason, State};
pub use effect::{Better, Effect, EffectKind};
pub use error::{Error, Result, Setting};
pub use fixed::{Frequentist, Interval, fixed};
pub use guardrail::{Guardrail, GuardrailResult, Verdict};
pub use mismatch::{mismatch, mismatch_at_any_look};
pub use moments::{Counts, Moments, Sums};
pub use pair::{PairMoments, PairSums};
pub use plan::{Goal, Method, Plan};
pub use power::{Baseline, Power, TimeLeft};
pub use rand_pcg::Pcg64;
pub use rand_pcg::rand_core::{Rng, SeedableRng};
pub use sequential::{DEFAULT_TUNING, sequential};
pub use statistic::Statistic;
