//! How far each log file has been read. Stored inside the index's own commit, so
//! that lines and positions become durable in one step: after a crash neither is
//! ahead of the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All series, by `<pod directory>/<container>/<restart>`.
pub type Positions = BTreeMap<String, Series>;

/// One container start: its files, in whatever they are named by now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Bytes read of each file. A file is known by its first line, which holds a
    /// nanosecond time: that survives renames and copies, and an inode that the
    /// file system hands out again is not mistaken for the old file.
    pub files: BTreeMap<String, u64>,
    /// Lines that it has yielded: the number of a line names it wherever it is sent, so
    /// that one that is sent again replaces itself.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub lines: u64,
    /// Pieces of a line whose end has not come yet, by stream.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub partial: BTreeMap<String, Partial>,
    /// Whole lines that the next ones may continue (a stack trace), by stream.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, Held>,
}

fn is_none_yet(lines: &u64) -> bool {
    *lines == 0
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The time of the first line.
    pub timestamp: i64,
    pub text: String,
    pub lines: usize,
    pub state: crate::collect::stack::State,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// The time of the first piece.
    pub timestamp: i64,
    pub text: String,
}

/// What a batch of lines changes in the positions.
#[derive(Debug, Clone)]
pub enum Advance {
    To(String, Series),
    /// The files are gone for good.
    Forget(String),
}

pub fn apply(positions: &mut Positions, advances: Vec<Advance>) {
    for advance in advances {
        match advance {
            Advance::To(name, series) => {
                positions.insert(name, series);
            }
            Advance::Forget(name) => {
                positions.remove(&name);
            }
        }
    }
}
