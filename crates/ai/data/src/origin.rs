//! What made a version, where somebody says so: one end of a line from data to data.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::Result;

/// An object of the same project. It is what whoever made the version says, and not
/// looked at: the object may be gone, and the version stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `TrainingJob`, `LabelingProject`, `Bucket`, …
    pub kind: String,
    pub name: String,
}

impl Origin {
    pub(crate) fn check(&self) -> Result<()> {
        let letters = self.kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !letters || !(1..=63).contains(&self.kind.len()) {
            let problem = "expected the kind of an object, TrainingJob for example";
            return Err(Error::invalid("origin.kind", problem));
        }
        let plain = !self.name.chars().any(char::is_control);
        if !plain || !(1..=1100).contains(&self.name.len()) {
            let problem = "expected 1 to 1100 bytes without control characters";
            return Err(Error::invalid("origin.name", problem));
        }
        Ok(())
    }

    /// As the relation has it; empty for none.
    pub(crate) fn text(of: Option<&Origin>) -> String {
        of.map_or_else(String::new, |origin| format!("{}/{}", origin.kind, origin.name))
    }

    pub(crate) fn of_text(text: &str) -> Option<Origin> {
        let (kind, name) = text.split_once('/')?;
        Some(Origin { kind: kind.to_owned(), name: name.to_owned() })
    }
}
