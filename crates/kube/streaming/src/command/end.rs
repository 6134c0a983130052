//! How a command ended, in the API's words.

use serde_json::{Value, json};

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With its exit code.
    Exited(i32),
    /// It could not be run, or was lost; in words.
    Failed(String),
}

impl End {
    /// The `Status` object that the error stream carries.
    pub(crate) fn status(&self) -> Value {
        let (message, reason, causes) = match self {
            End::Exited(0) => return json!({"metadata": {}, "status": "Success"}),
            End::Exited(code) => (
                format!("command terminated with non-zero exit code: exit status {code}"),
                "NonZeroExitCode",
                json!({"causes": [{"reason": "ExitCode", "message": code.to_string()}]}),
            ),
            End::Failed(words) => (words.clone(), "InternalError", json!({})),
        };
        json!({
            "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "details": causes,
        })
    }
}
