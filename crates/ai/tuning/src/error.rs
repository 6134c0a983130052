//! What is wrong with a plan, in words that name the field.

use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a plan cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Every fault that was found, never empty.
    #[error("{}", in_one_line(.0))]
    Invalid(Vec<Fault>),
}

/// One thing that a person can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its path in camelCase, for example `parameters[2].max`.
    pub field: String,
    /// For example `must be above min (0.1)`.
    pub reason: String,
    /// What to change.
    pub hint: String,
}

impl Fault {
    pub(crate) fn new(
        field: impl Into<String>,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), reason: reason.into(), hint: hint.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.field, self.reason, self.hint)
    }
}

/// Nothing to say against it, or every fault.
pub(crate) fn judged(faults: Vec<Fault>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

fn in_one_line(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}
