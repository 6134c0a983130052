//! The crate's error, shaped so that a server can answer it without reading text.

use std::fmt;

use crate::field_error::{FieldError, FieldErrorKind};

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// One field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// `"beta"` or `"upd" using v1` (updaters name their version), quotes included.
    pub manager: String,
    /// `.data.x`
    pub field: String,
}

/// Why a patch, an apply or a decode was refused. `Display` is the text of
/// `Status.message`; [`Error::code`] and [`Error::reason`] are its code and reason.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// 400, reason `BadRequest`.
    #[error("{0}")]
    BadRequest(String),
    /// 422, reason `Invalid`, with no kind and no name, one cause on the field `patch`.
    #[error(" \"\" is invalid: {0}")]
    InvalidPatch(FieldError),
    /// 422, reason `Invalid`, without causes: a JSON patch that does not fit the object.
    #[error("{0}")]
    Unprocessable(String),
    /// 500 without a reason: what the real server answers for schema errors in apply
    /// and bad directives in strategic patches.
    #[error("{0}")]
    Internal(String),
    /// 409, reason `Conflict`, one cause `FieldManagerConflict` each.
    #[error("{}", ConflictList(.0))]
    Conflicts(Vec<Conflict>),
    /// 413, reason `RequestEntityTooLarge`.
    #[error("{0}")]
    TooLarge(String),
}

impl Error {
    /// HTTP status.
    pub fn code(&self) -> u16 {
        match self {
            Error::BadRequest(_) => 400,
            Error::InvalidPatch(_) | Error::Unprocessable(_) => 422,
            Error::Internal(_) => 500,
            Error::Conflicts(_) => 409,
            Error::TooLarge(_) => 413,
        }
    }

    /// `Status.reason`; empty means that the field is left out.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::BadRequest(_) => "BadRequest",
            Error::InvalidPatch(_) | Error::Unprocessable(_) => "Invalid",
            Error::Internal(_) => "",
            Error::Conflicts(_) => "Conflict",
            Error::TooLarge(_) => "RequestEntityTooLarge",
        }
    }

    /// `Status.details.causes` as (reason, message, field).
    pub fn causes(&self) -> Vec<(String, String, String)> {
        match self {
            Error::InvalidPatch(error) => vec![error.cause()],
            Error::Conflicts(conflicts) => conflicts
                .iter()
                .map(|c| {
                    (
                        "FieldManagerConflict".to_owned(),
                        format!("conflict with {}", c.manager),
                        c.field.clone(),
                    )
                })
                .collect(),
            Error::BadRequest(_)
            | Error::Unprocessable(_)
            | Error::Internal(_)
            | Error::TooLarge(_) => Vec::new(),
        }
    }

    /// A patch that cannot be used: `value` is the patch or the patched object as
    /// the server prints it, `detail` says why.
    pub fn invalid_patch(value: &str, detail: &str) -> Error {
        Error::InvalidPatch(FieldError {
            kind: FieldErrorKind::Invalid,
            field: "patch".to_owned(),
            message: format!("Invalid value: {}: {detail}", crate::gvk::quote(value)),
        })
    }
}

/// Words of the apply conflict message: one conflict in a line, several by manager.
struct ConflictList<'a>(&'a [Conflict]);

impl fmt::Display for ConflictList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0 {
            return write!(
                f,
                "Apply failed with 1 conflict: conflict with {}: {}",
                only.manager, only.field
            );
        }
        write!(f, "Apply failed with {} conflicts: ", self.0.len())?;
        let mut managers: Vec<&str> = self.0.iter().map(|c| c.manager.as_str()).collect();
        managers.dedup();
        for (position, manager) in managers.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "conflicts with {manager}:")?;
            for conflict in self.0.iter().filter(|c| c.manager == *manager) {
                write!(f, "\n- {}", conflict.field)?;
            }
        }
        Ok(())
    }
}
