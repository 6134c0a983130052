//! The crate from outside: properties of every suggestion, hostile spaces, and
//! how well the algorithms and the rules do on functions that are known.

mod build;
mod functions;
mod hostile;
mod merit;
mod parallel;
mod plots;
mod properties;
mod races;
mod refusals;
