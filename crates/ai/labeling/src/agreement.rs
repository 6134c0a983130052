//! How far people agree, with each other and with known answers.
//!
//! [`similarity`] compares two answers of any kind, [`kappa`] corrects for chance,
//! [`measure`] puts both over a project's answers. No I/O.

pub(crate) mod kappa;
pub(crate) mod measure;
pub(crate) mod similarity;

#[cfg(test)]
mod tests;
