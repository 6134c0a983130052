//! The scripts' syntax.

use dais_metrics::Labels;

pub enum Command {
    Clear,
    Load { step: i64, series: Vec<Described>, as_native: bool },
    Eval(Box<Case>),
}

/// A series in a `load` block or in an expected result.
#[derive(Debug, Clone)]
pub struct Described {
    pub labels: Labels,
    pub values: Vec<Point>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    Value(f64),
    Missing,
    Stale,
    Histogram,
}

#[derive(Debug, Clone, Copy)]
pub enum When {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

/// An expectation besides the values: a kind, and what its text must be.
#[derive(Debug, Clone)]
pub struct Expect {
    pub kind: String,
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
    /// The grid of an expected range vector.
    pub range_vector: Option<(i64, i64)>,
}

pub fn parse(text: &str) -> Vec<Command> {
    let mut lines = text.lines().enumerate().peekable();
    let mut commands = Vec::new();
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut body = Vec::new();
        // A comment ends a block as an empty line does.
        let is_body = |next: &str| !next.trim().is_empty() && !next.trim().starts_with('#');
        while let Some((_, next)) = lines.next_if(|(_, next)| is_body(next)) {
            body.push(next.trim());
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word.to_lowercase().as_str() {
            "clear" => {
                commands.push(Command::Clear);
                // `clear` needs no blank line behind it.
                if !body.is_empty() {
                    commands.extend(parse(&body.join("\n")));
                }
            }
            "load" | "load_with_nhcb" => commands.push(Command::Load {
                step: duration(rest.trim()),
                series: body.iter().map(|line| described(line)).collect(),
                as_native: word == "load_with_nhcb",
            }),
            word if word.starts_with("eval") => {
                commands.push(Command::Eval(Box::new(case(number + 1, word, rest, &body))))
            }
            other => panic!("line {}: unknown command {other}", number + 1),
        }
    }
    commands
}

fn case(line: usize, word: &str, rest: &str, body: &[&str]) -> Case {
    let (when, query) = when(rest.trim());
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
        case.expects.push(Expect { kind: kind.into(), message: None });
    }
    for line in body {
        if let Some(expect) = line.strip_prefix("expect ") {
            expectation(&mut case, expect.trim());
        } else if let Ok(number) = line.parse::<f64>() {
            case.scalar = Some(number);
        } else {
            case.series.push(described(line));
        }
    }
    case
}

fn when(text: &str) -> (When, &str) {
    let mut words = Words { rest: text };
    match words.next() {
        "instant" => {
            assert_eq!(words.next(), "at");
            (When::Instant(duration(words.next())), words.rest.trim())
        }
        "range" => {
            assert_eq!(words.next(), "from");
            let start = duration(words.next());
            assert_eq!(words.next(), "to");
            let end = duration(words.next());
            assert_eq!(words.next(), "step");
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
        let (word, rest) = self.rest.trim_start().split_once(char::is_whitespace).unwrap();
        self.rest = rest;
        word
    }
}

fn expectation(case: &mut Case, text: &str) {
    if let Some(quoted) = text.strip_prefix("string ") {
        case.text = Some(unquoted(quoted.trim()).0);
        return;
    }
    if let Some(grid) = text.strip_prefix("range vector ") {
        let (grid, _) = when(&format!("range {grid} -"));
        let When::Range { start, step, .. } = grid else { unreachable!() };
        case.range_vector = Some((start, step));
        return;
    }
    let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let message = rest
        .strip_prefix("msg:")
        .map(|text| Message::Exact(text.trim().into()))
        .or_else(|| rest.strip_prefix("regex:").map(|text| Message::Regex(text.trim().into())));
    case.expects.push(Expect { kind: kind.into(), message });
}

/// Milliseconds; a bare number is seconds.
pub fn duration(text: &str) -> i64 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    if let Ok(seconds) = text.parse::<f64>() {
        return sign * (seconds * 1000.0).round() as i64;
    }
    let mut total = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
        let amount: i64 = rest[..digits].parse().unwrap();
        let unit = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |end| digits + end);
        total += amount
            * match &rest[digits..unit] {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                "w" => 7 * 86_400_000,
                "y" => 365 * 86_400_000,
                other => panic!("unknown unit {other} in {text}"),
            };
        rest = &rest[unit..];
    }
    sign * total
}

/// `name{label="value"} points…`
pub fn described(line: &str) -> Described {
    let name_end = line.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(line.len());
    let mut pairs: Vec<(String, String)> = Vec::new();
    if name_end > 0 {
        pairs.push(("__name__".into(), line[..name_end].into()));
    }
    let mut rest = &line[name_end..];
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let (name, after) = if rest.starts_with(['"', '\'', '`']) {
                unquoted(rest)
            } else {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '.'))
                    .unwrap();
                (rest[..end].to_owned(), &rest[end..])
            };
            rest = after.trim_start();
            match rest.strip_prefix('=') {
                Some(after) => {
                    let (value, after) = unquoted(after.trim_start());
                    pairs.push((name, value));
                    rest = after;
                }
                // A quoted text alone is the metric's name.
                None => pairs.push(("__name__".into(), name)),
            }
        }
    }
    Described { labels: Labels::new(pairs), values: points(rest.trim()) }
}

/// A Go string literal at the front, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let quote = text.chars().next().unwrap();
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return (value, &text[at + 1..]);
        }
        if character == '\\' && quote != '`' {
            let (_, escaped) = characters.next().unwrap();
            value.push(match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'x' => {
                    let digits: String = (0..2).map(|_| characters.next().unwrap().1).collect();
                    char::from(u8::from_str_radix(&digits, 16).unwrap())
                }
                other => other,
            });
        } else {
            value.push(character);
        }
    }
    panic!("unterminated {text}");
}

fn points(text: &str) -> Vec<Point> {
    let mut points = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with("{{") {
            let end = rest.find("}}").unwrap() + 2;
            let after = &rest[end..];
            let word_end = after.find(char::is_whitespace).unwrap_or(after.len());
            // `{{…}}+{{…}}x5`
            if after[..word_end].starts_with(['+', '-']) {
                let second = after.find("}}").unwrap() + 2;
                let tail = &after[second..];
                let tail_end = tail.find(char::is_whitespace).unwrap_or(tail.len());
                points.extend(vec![Point::Histogram; times(&tail[..tail_end]) + 1]);
                rest = tail[tail_end..].trim_start();
            } else {
                points.extend(vec![Point::Histogram; times(&after[..word_end]) + 1]);
                rest = after[word_end..].trim_start();
            }
            continue;
        }
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        push_word(word, &mut points);
        rest = after.trim_start();
    }
    points
}

fn times(suffix: &str) -> usize {
    suffix.strip_prefix('x').map_or(0, |count| count.parse().unwrap())
}

fn push_word(word: &str, points: &mut Vec<Point>) {
    if let Some(count) = word.strip_prefix("_x") {
        points.extend(vec![Point::Missing; count.parse().unwrap()]);
        return;
    }
    match word {
        "_" => points.push(Point::Missing),
        "stale" => points.push(Point::Stale),
        plain if plain.parse::<f64>().is_ok() => points.push(Point::Value(plain.parse().unwrap())),
        expansion => {
            let (series, count) = expansion
                .rsplit_once('x')
                .unwrap_or_else(|| panic!("unreadable value {expansion}"));
            let count: usize = count.parse().unwrap();
            let (start, delta) = match series.parse::<f64>() {
                Ok(constant) => (constant, 0.0),
                Err(_) => {
                    // The sign that splits start from delta is not that of an exponent.
                    let split = (1..series.len())
                        .rev()
                        .find(|at| {
                            matches!(series.as_bytes()[*at], b'+' | b'-')
                                && series[..*at].parse::<f64>().is_ok()
                        })
                        .unwrap();
                    (series[..split].parse().unwrap(), series[split..].parse().unwrap())
                }
            };
            let mut value = start;
            for _ in 0..=count {
                points.push(Point::Value(value));
                value += delta;
            }
        }
    }
}
