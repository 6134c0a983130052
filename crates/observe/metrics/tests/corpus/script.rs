//! The scripts' commands: `clear`, `load`, `eval`.

use crate::notation::{Described, described, duration, unquoted};

pub enum Command {
    Clear,
    Load(Load),
    Eval(Box<Case>),
    /// At that line there is something that is none of them.
    Unreadable(usize),
}

pub struct Load {
    /// Milliseconds between points.
    pub step: i64,
    pub series: Vec<Described>,
    /// Classic histograms are there a second time, as native ones.
    pub with_native: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum When {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Fail,
    Warn,
    NoWarn,
    Info,
    NoInfo,
    Ordered,
}

/// An expectation besides the values: a kind, and what its text must be.
#[derive(Debug, Clone)]
pub struct Expect {
    pub kind: Kind,
    pub message: Option<Message>,
}

#[derive(Debug, Clone)]
pub enum Message {
    Exact(String),
    Regex(String),
}

#[derive(Debug, Clone)]
pub struct Case {
    pub line: usize,
    pub when: When,
    pub query: String,
    pub expects: Vec<Expect>,
    pub series: Vec<Described>,
    pub scalar: Option<f64>,
    pub text: Option<String>,
    /// Start and step of an expected range vector.
    pub range_vector: Option<(i64, i64)>,
}

impl Case {
    pub fn expects(&self, kind: Kind) -> bool {
        self.expects.iter().any(|expect| expect.kind == kind)
    }
}

pub fn parse(text: &str) -> Vec<Command> {
    // A comment ends a block as an empty line does.
    let lines: Vec<&str> =
        text.lines().map(|line| if is_comment(line) { "" } else { line.trim() }).collect();
    let mut commands = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let block = lines[at..].split(|line| line.is_empty()).next().unwrap_or_default();
        if block.is_empty() {
            at += 1;
            continue;
        }
        // What cannot be read must not hide the rest of the script.
        match std::panic::catch_unwind(|| command(at + 1, block)) {
            Ok((command, read)) => {
                commands.push(command);
                at += read;
            }
            Err(_) => {
                commands.push(Command::Unreadable(at + 1));
                at += block.len();
            }
        }
    }
    commands
}

/// The command that a block begins with, and how many of its lines are the command's.
fn command(number: usize, block: &[&str]) -> (Command, usize) {
    let (line, following) = (block[0], &block[1..]);
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match word.to_lowercase().as_str() {
        "clear" => (Command::Clear, 1),
        "load" | "load_with_nhcb" => {
            let series = following.iter().map(|line| described(line)).collect();
            let (step, with_native) = (duration(rest.trim()), word.ends_with("_with_nhcb"));
            (Command::Load(Load { step, series, with_native }), block.len())
        }
        word if word.starts_with("eval") => {
            let (case, read) = case(number, word, rest.trim(), following);
            (Command::Eval(Box::new(case)), 1 + read)
        }
        other => panic!("line {number}: unknown command {other}"),
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// A case, and how many of the lines after its first are its own.
fn case(line: usize, word: &str, rest: &str, following: &[&str]) -> (Case, usize) {
    let (when, query) = when(rest);
    let mut case = Case {
        line,
        when,
        query: query.to_owned(),
        expects: vec![],
        series: vec![],
        scalar: None,
        text: None,
        range_vector: None,
    };
    if let Some(kind) = word.strip_prefix("eval_") {
        case.expects.push(Expect { kind: kind_named(kind), message: None });
    }
    let mut read = 0;
    for line in following {
        read += 1;
        if let Some(expect) = line.strip_prefix("expect ") {
            expectation(&mut case, expect.trim());
        } else if let Some(text) = line.strip_prefix("expected_fail_message") {
            fails_with(&mut case, Message::Exact(text.trim().into()));
        } else if let Some(text) = line.strip_prefix("expected_fail_regexp") {
            fails_with(&mut case, Message::Regex(text.trim().into()));
        } else if let Ok(number) = line.parse::<f64>() {
            // A number is all there is to expect, and ends the block.
            case.scalar = Some(number);
            break;
        } else {
            case.series.push(described(line));
        }
    }
    (case, read)
}

fn fails_with(case: &mut Case, message: Message) {
    case.expects.retain(|expect| expect.kind != Kind::Fail);
    case.expects.push(Expect { kind: Kind::Fail, message: Some(message) });
}

/// `instant at T QUERY` or `range from T to T step D QUERY`.
fn when(text: &str) -> (When, &str) {
    let mut words = Words { rest: text };
    match words.next() {
        "instant" => {
            words.expect("at");
            (When::Instant(duration(words.next())), words.rest.trim())
        }
        "range" => {
            words.expect("from");
            let start = duration(words.next());
            words.expect("to");
            let end = duration(words.next());
            words.expect("step");
            (When::Range { start, end, step: duration(words.next()) }, words.rest.trim())
        }
        other => panic!("eval {other}"),
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a str {
        let text = self.rest.trim_start();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        self.rest = rest;
        word
    }

    fn expect(&mut self, wanted: &str) {
        let found = self.next();
        assert_eq!(found, wanted, "before {:?}", self.rest);
    }
}

fn expectation(case: &mut Case, text: &str) {
    if let Some(quoted) = text.strip_prefix("string ") {
        case.text = Some(unquoted(quoted.trim()).0);
        return;
    }
    if let Some(grid) = text.strip_prefix("range vector ") {
        let (grid, _) = when(&format!("range {grid}"));
        let When::Range { start, step, .. } = grid else { unreachable!() };
        case.range_vector = Some((start, step));
        return;
    }
    let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let message = match rest.split_once(':') {
        None => {
            assert_eq!(rest, "", "expect {text}");
            None
        }
        Some(("msg", exact)) => Some(Message::Exact(exact.trim().into())),
        Some(("regex", regex)) => Some(Message::Regex(regex.trim().into())),
        Some(_) => panic!("expect {text}"),
    };
    case.expects.push(Expect { kind: kind_named(kind), message });
}

fn kind_named(name: &str) -> Kind {
    match name {
        "fail" => Kind::Fail,
        "warn" => Kind::Warn,
        "no_warn" => Kind::NoWarn,
        "info" => Kind::Info,
        "no_info" => Kind::NoInfo,
        "ordered" => Kind::Ordered,
        other => panic!("expect {other}"),
    }
}
