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
mod tokens;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::VectorSelector;

use super::row::Grid;
use crate::error::{Error, Result};
use arithmetic::Durations;
use tokens::Token;

const ANCHORED: &str = "__anchored__";
const SMOOTHED: &str = "__smoothed__";
const ANYTHING: &str = "__anything__";

/// Words that stand between operands and are no metric's name there.
const KEYWORDS: [&str; 14] = [
    "and",
    "or",
    "unless",
    "atan2",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "fill",
    "fill_left",
    "fill_right",
];

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
    let mut reader = Reader {
        tokens: tokens::of(query),
        at: 0,
        durations: Durations::new(grid),
        calls: vec![],
        selector: None,
        edits: vec![],
    };
    while reader.at < reader.tokens.len() {
        reader.read()?;
    }
    let mut text = query.to_owned();
    reader.edits.sort_by_key(|edit| std::cmp::Reverse((edit.start, edit.end)));
    for edit in reader.edits {
        text.replace_range(edit.start..edit.end, &edit.text);
    }
    Ok(text)
}

struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// Where a matcher can be put into the selector that was read last.
#[derive(Clone, Copy)]
struct Selector {
    end: usize,
    is_braced: bool,
}

/// An open parenthesis: of `info` or not, and which argument it is at.
struct Open {
    is_info: bool,
    argument: usize,
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    durations: Durations,
    calls: Vec<Open>,
    /// Set while nothing but what may follow a selector has followed it.
    selector: Option<Selector>,
    edits: Vec<Edit>,
}

impl<'a> Reader<'a> {
    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn read(&mut self) -> Result<()> {
        let token = self.tokens[self.at];
        let word = token.text.to_lowercase();
        match word.as_str() {
            "{" => self.braces(),
            "[" => return self.brackets(),
            "offset" if self.is_behind_operand() => return self.offset(),
            "@" => self.instant(),
            "anchored" | "smoothed" if self.selector.is_some() => return self.extended(&word),
            "(" => {
                let is_info = self.at > 0 && self.text(self.at - 1).eq_ignore_ascii_case("info");
                self.calls.push(Open { is_info, argument: 0 });
                self.selector = None;
                self.at += 1;
            }
            ")" => {
                self.calls.pop();
                self.selector = None;
                self.at += 1;
            }
            "," => {
                if let Some(open) = self.calls.last_mut() {
                    open.argument += 1;
                }
                self.selector = None;
                self.at += 1;
            }
            number if token.is_number() && number.contains('_') => {
                self.edit(token.start, token.end(), number.replace('_', ""));
                self.at += 1;
            }
            _ => {
                let is_metric = token.is_word
                    && self.text(self.at + 1) != "("
                    && !KEYWORDS.contains(&word.as_str());
                self.selector =
                    is_metric.then_some(Selector { end: token.end(), is_braced: false });
                self.at += 1;
            }
        }
        Ok(())
    }

    /// Whether the token before can be the end of something that an offset moves.
    fn is_behind_operand(&self) -> bool {
        let Some(before) = self.at.checked_sub(1).map(|at| self.tokens[at]) else { return false };
        let is_name = before.is_word && !KEYWORDS.contains(&before.text.to_lowercase().as_str());
        is_name || before.is_number() || matches!(before.text, ")" | "]" | "}")
    }

    /// Label matchers, which belong to the name before them or stand alone.
    fn braces(&mut self) {
        let inside = self.tokens[self.at].end();
        let is_of_info = self.selector.is_none()
            && self.calls.last().is_some_and(|open| open.is_info && open.argument == 1);
        if is_of_info {
            self.edit(inside, inside, format!("{ANYTHING}!=\"\","));
        }
        self.selector = Some(Selector { end: inside, is_braced: true });
        while self.at < self.tokens.len() && self.text(self.at) != "}" {
            self.at += 1;
        }
        self.at += 1;
    }

    /// A range, or range and step of a subquery.
    fn brackets(&mut self) -> Result<()> {
        self.at += 1;
        let mut start = self.at;
        loop {
            match self.text(self.at) {
                // The parser says what is missing.
                "" => return Ok(()),
                end @ ("]" | ":") => {
                    self.duration_between(start, self.at)?;
                    self.at += 1;
                    start = self.at;
                    if end == "]" {
                        return Ok(());
                    }
                    self.selector = None;
                }
                _ => self.at += 1,
            }
        }
    }

    /// Computes what stands between two tokens, unless the parser can read it as it is.
    fn duration_between(&mut self, from: usize, to: usize) -> Result<()> {
        let is_readable = |token: &Token<'_>| token.is_number() && !token.text.contains('_');
        let is_plain = to <= from + 1 && self.tokens[from..to].iter().all(is_readable);
        if is_plain {
            return Ok(());
        }
        let (seconds, end) = self.durations.expression(&self.tokens, from)?;
        if end != to {
            return Err(Error::BadData(format!(
                "invalid parameter \"query\": parse error: unexpected {:?} in a duration",
                self.text(end)
            )));
        }
        let text = arithmetic::positive(seconds)?;
        self.edit(self.tokens[from].start, self.tokens[to - 1].end(), text);
        Ok(())
    }

    /// `offset 5m`, `offset -5m`, `offset (…)`, `offset -step()`.
    fn offset(&mut self) -> Result<()> {
        self.at += 1;
        let from = self.at;
        let is_signed = matches!(self.text(from), "+" | "-");
        let operand = from + usize::from(is_signed);
        if self.tokens.get(operand).is_some_and(Token::is_number) {
            self.at = operand + 1;
            return Ok(());
        }
        let (seconds, end) = self.durations.operand(&self.tokens, from)?;
        let text = arithmetic::any(seconds)?;
        self.edit(self.tokens[from].start, self.tokens[end - 1].end(), text);
        self.at = end;
        Ok(())
    }

    /// `@ 5`, `@ -5`, `@ start()`: passed over.
    fn instant(&mut self) {
        self.at += 1;
        if matches!(self.text(self.at), "+" | "-") {
            self.at += 1;
        }
        let is_call = self.tokens.get(self.at).is_some_and(|token| token.is_word);
        self.at += if is_call { 3 } else { 1 };
    }

    fn extended(&mut self, word: &str) -> Result<()> {
        let Some(selector) = self.selector else { return Ok(()) };
        let token = self.tokens[self.at];
        let marker = if word == "anchored" { ANCHORED } else { SMOOTHED };
        let is_set_already = self.edits.iter().any(|edit| edit.start == selector.end);
        if is_set_already {
            return Err(Error::BadData(
                "invalid parameter \"query\": parse error: anchored and smoothed modifiers cannot be used together".into(),
            ));
        }
        let text = match selector.is_braced {
            true => format!("{marker}=\"\","),
            false => format!("{{{marker}=\"\"}}"),
        };
        self.edit(selector.end, selector.end, text);
        self.edit(token.start, token.end(), String::new());
        self.at += 1;
        Ok(())
    }

    fn edit(&mut self, start: usize, end: usize, text: String) {
        self.edits.push(Edit { start, end, text });
    }
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
