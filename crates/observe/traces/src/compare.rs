//! Two traces side by side: a pure function.
//!
//! Spans are matched from their roots down: children of matched spans match when service
//! and operation are the same, the first of a kind with the first, the second with the
//! second, by their start. What has no match is in one trace alone, as is all below it.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use crate::span::{Span, hex};

/// Times are microseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub a: Outline,
    pub b: Outline,
    pub matched: usize,
    pub only_a: usize,
    pub only_b: usize,
    /// Both trees, one over the other, each span before those below it.
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outline {
    #[serde(rename = "traceID")]
    pub trace_id: String,
    pub start: i64,
    /// From the first start to the last end.
    pub duration: i64,
    pub spans: usize,
    pub errors: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub service: String,
    pub operation: String,
    /// Roots have 0.
    pub depth: usize,
    pub a: Option<Side>,
    pub b: Option<Side>,
    /// How much longer it took in `b`, where both have it.
    pub difference: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    #[serde(rename = "spanID")]
    pub span_id: String,
    /// Since the trace's start.
    pub offset: i64,
    pub duration: i64,
    pub error: bool,
}

/// Compares the spans of two traces, each sorted by start.
pub fn compare(a: &[Span], b: &[Span]) -> Comparison {
    let (left, right) = (Tree::of(a), Tree::of(b));
    let mut comparison = Comparison {
        a: left.outline(),
        b: right.outline(),
        matched: 0,
        only_a: 0,
        only_b: 0,
        rows: Vec::with_capacity(a.len().max(b.len())),
    };
    // A list of our own instead of recursion: a trace may be as deep as it likes.
    let mut next: Vec<(Pair, usize)> =
        pairs(&left, &left.roots, &right, &right.roots).rev().map(|pair| (pair, 0)).collect();
    while let Some(((at_a, at_b), depth)) = next.pop() {
        match (at_a, at_b) {
            (Some(_), Some(_)) => comparison.matched += 1,
            (Some(_), None) => comparison.only_a += 1,
            (None, _) => comparison.only_b += 1,
        }
        let (of_a, of_b) = (at_a.map(|at| &a[at]), at_b.map(|at| &b[at]));
        if let Some(span) = of_a.or(of_b) {
            let (a, b) = (of_a.map(|s| left.side(s)), of_b.map(|s| right.side(s)));
            comparison.rows.push(Row {
                service: span.service().to_owned(),
                operation: span.name.to_string(),
                depth,
                difference: a.as_ref().zip(b.as_ref()).map(|(a, b)| b.duration - a.duration),
                a,
                b,
            });
        }
        let below = |tree: &'_ Tree<'_>, at: Option<usize>| -> Vec<usize> {
            at.map(|at| tree.children[at].clone()).unwrap_or_default()
        };
        let (below_a, below_b) = (below(&left, at_a), below(&right, at_b));
        let pairs = pairs(&left, &below_a, &right, &below_b);
        next.extend(pairs.rev().map(|pair| (pair, depth + 1)));
    }
    comparison
}

/// Places of a span in `a` and of its match in `b`; one of them may be missing.
type Pair = (Option<usize>, Option<usize>);

/// Matches siblings: those of `a` in their order, then what `b` alone has.
fn pairs(
    left: &Tree<'_>,
    of_a: &[usize],
    right: &Tree<'_>,
    of_b: &[usize],
) -> impl DoubleEndedIterator<Item = Pair> + use<> {
    let mut open: HashMap<(&str, &str), VecDeque<usize>> = HashMap::new();
    for at in of_b {
        open.entry(right.key(*at)).or_default().push_back(*at);
    }
    let mut pairs: Vec<Pair> = of_a
        .iter()
        .map(|at| (Some(*at), open.get_mut(&left.key(*at)).and_then(VecDeque::pop_front)))
        .collect();
    let mut alone: Vec<usize> = open.into_values().flatten().collect();
    alone.sort_unstable();
    pairs.extend(alone.into_iter().map(|at| (None, Some(at))));
    pairs.into_iter()
}

struct Tree<'a> {
    spans: &'a [Span],
    roots: Vec<usize>,
    children: Vec<Vec<usize>>,
    start: i64,
}

impl<'a> Tree<'a> {
    /// A span whose parent is missing is a root, and so is the first of those that name
    /// each other as parents in a circle.
    fn of(spans: &'a [Span]) -> Tree<'a> {
        let places: HashMap<[u8; 8], usize> =
            spans.iter().enumerate().map(|(at, span)| (span.span_id, at)).collect();
        let parent = |at: usize| spans[at].parent.and_then(|id| places.get(&id)).copied();
        let mut below = vec![Vec::new(); spans.len()];
        for at in 0..spans.len() {
            if let Some(parent) = parent(at) {
                below[parent].push(at);
            }
        }
        let natural = (0..spans.len()).filter(|at| parent(*at).is_none());
        let (mut is_placed, mut roots) = (vec![false; spans.len()], Vec::new());
        let mut children = vec![Vec::new(); spans.len()];
        for root in natural.chain(0..spans.len()) {
            if std::mem::replace(&mut is_placed[root], true) {
                continue;
            }
            roots.push(root);
            let mut next = vec![root];
            while let Some(at) = next.pop() {
                for child in std::mem::take(&mut below[at]) {
                    if !std::mem::replace(&mut is_placed[child], true) {
                        children[at].push(child);
                        next.push(child);
                    }
                }
            }
        }
        let start = spans.iter().map(|span| span.start).min().unwrap_or_default();
        Tree { spans, roots, children, start }
    }

    fn key(&self, at: usize) -> (&'a str, &'a str) {
        let span = &self.spans[at];
        (span.service(), &span.name)
    }

    fn outline(&self) -> Outline {
        let end = self.spans.iter().map(|span| span.start.saturating_add(span.duration)).max();
        let end = end.unwrap_or_default();
        Outline {
            trace_id: self.spans.first().map_or_else(String::new, |span| hex(&span.trace_id)),
            start: self.start / 1000,
            duration: end.saturating_sub(self.start) / 1000,
            spans: self.spans.len(),
            errors: self.spans.iter().filter(|span| span.error.is_some()).count(),
        }
    }

    fn side(&self, span: &Span) -> Side {
        Side {
            span_id: hex(&span.span_id),
            offset: span.start.saturating_sub(self.start) / 1000,
            duration: span.duration / 1000,
            error: span.error.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, parent's number, name, milliseconds.
    fn trace(spans: &[(u8, u8, &str, i64)]) -> Vec<Span> {
        let span = |(at, (number, parent, name, milliseconds)): (i64, &(u8, u8, &str, i64))| Span {
            span_id: [*number; 8],
            parent: (*parent > 0).then_some([*parent; 8]),
            name: (*name).into(),
            start: at * 1000,
            duration: milliseconds * 1_000_000,
            ..Span::default()
        };
        (0..).zip(spans).map(span).collect()
    }

    fn shown(comparison: &Comparison) -> Vec<(usize, &str, Option<i64>, Option<i64>)> {
        let took = |side: &Option<Side>| side.as_ref().map(|side| side.duration / 1000);
        let row = |row: &'_ Row| (row.depth, row.operation.clone(), took(&row.a), took(&row.b));
        let rows: Vec<_> = comparison.rows.iter().map(row).collect();
        let name = |at: usize| comparison.rows[at].operation.as_str();
        rows.into_iter().enumerate().map(|(at, (d, _, a, b))| (d, name(at), a, b)).collect()
    }

    #[test]
    fn spans_match_by_their_path_and_their_turn() {
        let a = trace(&[(1, 0, "get", 9), (2, 1, "read", 2), (3, 1, "read", 3), (4, 2, "open", 1)]);
        let b =
            trace(&[(7, 0, "get", 12), (8, 7, "read", 5), (9, 7, "send", 4), (5, 9, "open", 1)]);
        let found = compare(&a, &b);
        let expected = [
            (0, "get", Some(9), Some(12)),
            (1, "read", Some(2), Some(5)),
            (2, "open", Some(1), None),
            (1, "read", Some(3), None),
            (1, "send", None, Some(4)),
            (2, "open", None, Some(1)),
        ];
        assert_eq!(shown(&found), expected);
        assert_eq!((found.matched, found.only_a, found.only_b), (2, 2, 2));
        assert_eq!(found.rows[0].difference, Some(3000));
        assert_eq!((found.rows[2].difference, found.a.duration), (None, 9000));
    }

    #[test]
    fn circles_and_missing_parents_end() {
        let a = trace(&[(1, 2, "x", 1), (2, 1, "y", 1), (3, 3, "z", 1), (4, 9, "w", 1)]);
        let found = compare(&a, &a);
        assert_eq!(found.matched, 4);
        assert_eq!(compare(&[], &a).only_b, 4);
    }

    #[test]
    fn a_trace_may_be_deep() {
        let span = |number: u64| Span {
            span_id: number.to_be_bytes(),
            parent: Some((number - 1).to_be_bytes()),
            ..Span::default()
        };
        let deep: Vec<Span> = (1..100_000).map(span).collect();
        assert_eq!(compare(&deep, &deep).rows.last().unwrap().depth, deep.len() - 1);
    }
}
