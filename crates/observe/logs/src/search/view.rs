//! What a search looks at: the windows of this moment, or of an earlier one that a
//! point in time or a scroll holds on to.

use std::sync::Arc;

use tantivy::Searcher;

use crate::store::Logs;
use crate::store::window::Window;

/// Windows with the state in which they are read, newest first.
pub struct View {
    pub parts: Vec<(Arc<Window>, Searcher)>,
}

impl View {
    /// All windows as they were last committed.
    pub fn now(logs: &Logs) -> View {
        let mut windows = logs.shared().windows();
        windows.reverse();
        View {
            parts: windows.into_iter().map(|window| (window.clone(), window.searcher())).collect(),
        }
    }

    /// The parts whose lines' times can lie within a span, with their places.
    pub fn within(
        &self,
        (from, to): (i64, i64),
    ) -> impl Iterator<Item = (usize, &Arc<Window>, &Searcher)> {
        self.parts.iter().enumerate().filter_map(move |(place, (window, searcher))| {
            let overlaps =
                window.span().is_none_or(|(oldest, newest)| oldest <= to && newest >= from);
            overlaps.then_some((place, window, searcher))
        })
    }
}
