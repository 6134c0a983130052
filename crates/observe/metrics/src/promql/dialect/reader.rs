//! Goes through a query once and notes what is to be changed.

use super::arithmetic::{self, Durations};
use super::tokens::{self, Token};
use super::{ANCHORED, ANYTHING, SMOOTHED};
use crate::error::{Error, Result};
use crate::promql::row::Grid;

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

/// A part of the query, and what it becomes.
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub text: String,
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

pub struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    durations: Durations,
    calls: Vec<Open>,
    /// Set while nothing but what may follow a selector has followed it.
    selector: Option<Selector>,
    edits: Vec<Edit>,
}

impl<'a> Reader<'a> {
    /// What is to be changed, the last part first.
    pub fn edits(query: &'a str, grid: Grid) -> Result<Vec<Edit>> {
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
        reader.edits.sort_by_key(|edit| std::cmp::Reverse((edit.start, edit.end)));
        Ok(reader.edits)
    }

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
