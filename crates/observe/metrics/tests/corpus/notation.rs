//! How the scripts write series, points, durations and texts.

use dais_metrics::Labels;

/// A series in a `load` block or in an expected result.
#[derive(Debug, Clone)]
pub struct Described {
    pub labels: Labels,
    pub values: Vec<Point>,
    /// The points say when the samples of the series' next line began to count.
    pub is_start: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    Value(f64),
    Missing,
    Stale,
    Histogram,
}

/// `name{label="value"} points…`, or `name{…}@st` with durations.
pub fn described(line: &str) -> Described {
    let name_end = line.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(line.len());
    let (name, mut rest) = line.split_at(name_end);
    let mut pairs: Vec<(String, String)> = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let (label, after) = label_name(rest);
            rest = after.trim_start();
            match rest.strip_prefix('=') {
                Some(after) => {
                    let (value, after) = unquoted(after.trim_start());
                    pairs.push((label, value));
                    rest = after;
                }
                // A quoted text alone is the metric's name.
                None => pairs.push(("__name__".into(), label)),
            }
        }
    }
    let is_start = name.ends_with("@st") || rest.starts_with("@st");
    let name = name.strip_suffix("@st").unwrap_or(name);
    if !name.is_empty() {
        pairs.push(("__name__".into(), name.into()));
    }
    let labels = Labels::new(pairs);
    if is_start {
        return Described { labels, values: vec![], is_start };
    }
    Described { labels, values: points(rest.trim()), is_start }
}

fn label_name(text: &str) -> (String, &str) {
    if text.starts_with(['"', '\'', '`']) {
        return unquoted(text);
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
    let end = text.find(|c: char| !is_part(c)).unwrap();
    (text[..end].to_owned(), &text[end..])
}

/// A Go string literal at the front, and what follows it.
pub fn unquoted(text: &str) -> (String, &str) {
    let quote = text.chars().next().unwrap();
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return (value, &text[at + 1..]);
        }
        if character != '\\' || quote == '`' {
            value.push(character);
            continue;
        }
        let (_, escaped) = characters.next().unwrap();
        let mut number = |digits: usize| {
            let digits: String = (0..digits).map(|_| characters.next().unwrap().1).collect();
            char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
        };
        value.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'x' => number(2),
            'u' => number(4),
            'U' => number(8),
            other => other,
        });
    }
    panic!("unterminated {text}");
}

/// Milliseconds; a bare number is seconds.
pub fn duration(text: &str) -> i64 {
    if let Some(text) = text.strip_prefix('-') {
        return -duration(text);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds * 1000.0).round() as i64;
    }
    let (mut total, mut rest) = (0, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
        let after = &rest[digits..];
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let milliseconds = match &after[..unit] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            "y" => 365 * 86_400_000,
            other => panic!("{text}: no unit is called {other:?}"),
        };
        total += rest[..digits].parse::<i64>().unwrap() * milliseconds;
        rest = &after[unit..];
    }
    total
}

fn points(text: &str) -> Vec<Point> {
    let mut points = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with("{{") {
            rest = histograms(rest, &mut points).trim_start();
        } else {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            push_word(word, &mut points);
            rest = after.trim_start();
        }
    }
    points
}

/// `{{…}}`, `{{…}}x5` or `{{…}}+{{…}}x5`; gives what follows.
fn histograms<'a>(text: &'a str, points: &mut Vec<Point>) -> &'a str {
    let mut end = text.find("}}").unwrap() + 2;
    if text[end..].starts_with(['+', '-']) {
        end += text[end..].find("}}").unwrap() + 2;
    }
    let suffix = &text[end..];
    let suffix = &suffix[..suffix.find(char::is_whitespace).unwrap_or(suffix.len())];
    let times = suffix.strip_prefix('x').map_or(0, |count| count.parse().unwrap());
    points.extend(vec![Point::Histogram; times + 1]);
    &text[end + suffix.len()..]
}

/// `_`, `_x3`, `stale`, `1.5`, `7x3`, `1+2x3`, `1-2x3`.
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
            let (mut value, delta) = progression(series);
            for _ in 0..=count {
                points.push(Point::Value(value));
                value += delta;
            }
        }
    }
}

/// Start and difference. The sign between them is not that of an exponent.
fn progression(text: &str) -> (f64, f64) {
    if let Ok(constant) = text.parse() {
        return (constant, 0.0);
    }
    let is_split = |at: &usize| {
        matches!(text.as_bytes()[*at], b'+' | b'-') && text[..*at].parse::<f64>().is_ok()
    };
    let split = (1..text.len()).rev().find(is_split).unwrap();
    (text[..split].parse().unwrap(), text[split..].parse().unwrap())
}
