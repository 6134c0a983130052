//! What Prometheus 3 reads in a query and the parser does not yet, put into words that
//! it reads:
//!
//! - arithmetic in the place of a duration (`[2 * step()]`) becomes its result,
//! - numbers lose the underscores that part their digits,
//! - `anchored` and `smoothed` behind a selector become a matcher inside it,
//! - the label matchers of `info()` get one that asks for something, since theirs alone
//!   may ask for nothing.
//!
//! These matchers have names of their own, and are taken out again where series are
//! selected ([`is_marker`]).

mod arithmetic;
mod reader;
mod tokens;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::VectorSelector;

use super::row::Grid;
use crate::error::Result;
use reader::Reader;
use tokens::Token;

const ANCHORED: &str = "__anchored__";
const SMOOTHED: &str = "__smoothed__";
const ANYTHING: &str = "__anything__";

/// How a selector takes samples at the ends of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Those inside alone.
    Plain,
    /// Also the last one before it.
    Anchored,
    /// Also the nearest ones around it, between which values are interpolated.
    Smoothed,
}

pub fn extent(selector: &VectorSelector) -> Extent {
    let has = |name: &str| selector.matchers.matchers.iter().any(|matcher| matcher.name == name);
    if has(ANCHORED) {
        Extent::Anchored
    } else if has(SMOOTHED) {
        Extent::Smoothed
    } else {
        Extent::Plain
    }
}

/// Whether the matcher says something about the query and nothing about a series.
pub fn is_marker(matcher: &Matcher) -> bool {
    let is_ours = match matcher.op {
        MatchOp::Equal => matches!(matcher.name.as_str(), ANCHORED | SMOOTHED),
        MatchOp::NotEqual => matcher.name == ANYTHING,
        _ => false,
    };
    is_ours && matcher.value.is_empty()
}

/// Where a query has an expression, whatever its spaces, quotes and forms of numbers.
pub fn place_of(expression: &str, query: &str) -> Option<usize> {
    let text = without_markers(expression);
    let (wanted, all) = (tokens::of(&text), tokens::of(query));
    let has_it = |tokens: &&[Token<'_>]| {
        tokens.iter().zip(&wanted).all(|(token, wanted)| arithmetic::is_same(token, wanted))
    };
    all.windows(wanted.len().max(1)).find(has_it).map(|tokens| tokens[0].start)
}

/// An expression's text without what was put into it.
fn without_markers(text: &str) -> String {
    [ANCHORED, SMOOTHED].iter().fold(text.to_owned(), |text, name| {
        let matcher = format!("{name}=\"\"");
        let text = text.replace(&format!("{{{matcher}}}"), "");
        text.replace(&format!("{matcher},"), "").replace(&format!(",{matcher}"), "")
    })
}

/// The query in the parser's words. `grid` is what it is evaluated over.
pub fn translated(query: &str, grid: Grid) -> Result<String> {
    let mut text = query.to_owned();
    for edit in Reader::edits(query, grid)? {
        text.replace_range(edit.start..edit.end, &edit.text);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As over an hour in steps of 30 seconds.
    fn read(query: &str) -> String {
        translated(query, Grid { start: 0, end: 3_600_000, step: 30_000 }).unwrap()
    }

    #[test]
    fn what_the_parser_reads_stays() {
        for query in [
            "rate(a:b_total{c=\"}[\"}[5m] offset -1m @ end())",
            "x[1h:30s] # [step()]",
            "smoothed + anchored(1)",
            "sum by (offset, smoothed) (rate(x[300]))",
            "x offset 5m + 1",
        ] {
            assert_eq!(read(query), query);
        }
    }

    #[test]
    fn durations_are_computed() {
        for (query, text) in [
            ("x[2 * step()]", "x[60000ms]"),
            ("x[(5+2) * 1m : -step()+1m]", "x[420000ms: 30000ms]"),
            ("x[min_of(range(), 10m) ^ 1]", "x[600000ms]"),
            ("x offset (1h / 2)", "x offset 1800000ms"),
            ("x offset -step() + 1", "x offset -30000ms + 1"),
            ("x[1h % 7m] offset -(2m)", "x[240000ms] offset -120000ms"),
        ] {
            assert_eq!(read(query).replace(" :", ":").replace(": ", ":"), text.replace(": ", ":"));
        }
    }

    #[test]
    fn digits_are_parted() {
        assert_eq!(read("1_000 + 0x_1F * x_1[1_0]"), "1000 + 0x1f * x_1[10000ms]");
    }

    #[test]
    fn impossible_durations_are_refused() {
        for query in ["x[step() - 1h]", "x[1m / 0]", "x[5m 5m]", "x[1m +]", "x[(1m]", "x offset y"]
        {
            let grid = Grid { start: 0, end: 60_000, step: 30_000 };
            assert!(translated(query, grid).is_err(), "{query}");
        }
    }

    #[test]
    fn what_is_cut_off_anywhere_is_no_harm() {
        let query =
            "info(x{é=\"ü\\\"\"}[min_of(1_0,-step()^2):5m] offset (1h%7m) @ -.5e-3, {`a`}) # é";
        let grid = Grid { start: 0, end: 60_000, step: 30_000 };
        for (from, _) in query.char_indices() {
            for (to, _) in query[from..].char_indices() {
                // Refused or not: the parser has the last word.
                let _ = translated(&query[from..from + to], grid);
                let _ = place_of(&query[from..from + to], query);
            }
        }
    }

    #[test]
    fn modifiers_become_matchers() {
        assert_eq!(read("rate(x[5m] anchored)"), "rate(x{__anchored__=\"\"}[5m] )");
        assert_eq!(
            read("x{a=\"b\"} @ start() offset 1m smoothed"),
            "x{__smoothed__=\"\",a=\"b\"} @ start() offset 1m "
        );
        assert!(translated("x anchored smoothed", Grid { start: 0, end: 0, step: 1 }).is_err());
        assert_eq!(read("info(x, {a=~\".*\"})"), "info(x, {__anything__!=\"\",a=~\".*\"})");
    }

    #[test]
    fn places_are_found_in_other_spellings() {
        let query = "sum( x{a='b'} )\n / quantile(1e3, rate( x [60s]) anchored)";
        for (expression, place) in
            [("x{a=\"b\"}", "x{"), ("1000", "1e3"), ("rate(x{__anchored__=\"\"}[1m])", "rate(")]
        {
            assert_eq!(place_of(expression, query), query.find(place), "{expression}");
        }
        assert_eq!(place_of("y", query), None);
    }
}
