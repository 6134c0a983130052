//! The text in which metrics are exposed: Prometheus's format 0.0.4 and OpenMetrics 1.0.

use std::collections::HashMap;

use memchr::memchr2;

use crate::error::{Error, Result};
use crate::labels::NAME;

/// One line with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposed {
    /// The metric's name is the label `__name__`.
    pub labels: Vec<(String, String)>,
    pub value: f64,
    /// Milliseconds since 1970, where the line says so.
    pub time: Option<i64>,
    pub exemplar: Option<Event>,
}

/// One event that a line tells of besides its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub labels: Vec<(String, String)>,
    pub value: f64,
    /// Milliseconds since 1970, where the line says so.
    pub time: Option<i64>,
}

/// What a `# TYPE`, `# HELP` or `# UNIT` line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    pub kind: String,
    pub help: String,
    pub unit: String,
}

#[derive(Debug, Default)]
pub struct Page {
    pub samples: Vec<Exposed>,
    pub about: Vec<(String, About)>,
}

/// A line with a value, its series not read yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    /// Name and labels as they are written: the same text is the same series.
    pub series: &'a str,
    pub value: f64,
    /// Milliseconds since 1970, where the line says so.
    pub time: Option<i64>,
    exemplar: Option<&'a str>,
    number: usize,
}

impl Line<'_> {
    /// The metric's name is the label `__name__`.
    pub fn labels(&self) -> Result<Vec<(String, String)>> {
        read_series(self.series).map_err(|reason| self.fault(reason))
    }

    pub fn exemplar(&self) -> Result<Option<Event>> {
        self.exemplar.map(read_event).transpose().map_err(|reason| self.fault(reason))
    }

    fn fault(&self, reason: String) -> Error {
        Error::Text { line: self.number, reason }
    }
}

/// A page whose series are not read yet.
#[derive(Debug, Default)]
pub struct Lines<'a> {
    pub samples: Vec<Line<'a>>,
    pub about: Vec<(String, About)>,
}

/// Splits a page. OpenMetrics writes times in seconds, the older format in milliseconds.
pub fn lines(text: &str, is_open_metrics: bool) -> Result<Lines<'_>> {
    let mut page = Lines::default();
    // Where each metric's entry is: there may be many.
    let mut known = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            if comment.trim() == "EOF" {
                break;
            }
            read_about(comment.trim(), &mut page.about, &mut known);
        } else if !line.is_empty() {
            let number = at + 1;
            let sample = split_line(line, number, is_open_metrics);
            page.samples.push(sample.map_err(|reason| Error::Text { line: number, reason })?);
        }
    }
    Ok(page)
}

/// Reads a whole page.
pub fn parse(text: &str, is_open_metrics: bool) -> Result<Page> {
    let lines = lines(text, is_open_metrics)?;
    let read = |line: &Line<'_>| {
        let (labels, exemplar) = (line.labels()?, line.exemplar()?);
        Ok(Exposed { labels, value: line.value, time: line.time, exemplar })
    };
    Ok(Page { samples: lines.samples.iter().map(read).collect::<Result<_>>()?, about: lines.about })
}

fn read_about<'a>(
    comment: &'a str,
    about: &mut Vec<(String, About)>,
    known: &mut HashMap<&'a str, usize>,
) {
    let mut words = comment.splitn(3, char::is_whitespace);
    let (Some(kind), Some(name)) = (words.next(), words.next()) else { return };
    let rest = words.next().unwrap_or_default();
    let name = name.trim_matches('"');
    if !matches!(kind, "TYPE" | "HELP" | "UNIT") {
        return;
    }
    let at = *known.entry(name).or_insert_with(|| {
        about.push((name.to_owned(), About::default()));
        about.len() - 1
    });
    let entry = &mut about[at].1;
    match kind {
        "TYPE" => entry.kind = rest.trim().to_owned(),
        "UNIT" => entry.unit = rest.trim().to_owned(),
        _ => entry.help = rest.replace("\\n", "\n").replace("\\\\", "\\"),
    }
}

fn split_line(
    line: &str,
    number: usize,
    is_open_metrics: bool,
) -> std::result::Result<Line<'_>, String> {
    let (series, rest) = line.split_at(series_end(line)?);
    let (rest, exemplar) = match rest.split_once(" # ") {
        Some((rest, exemplar)) => (rest, Some(exemplar)),
        None => (rest, None),
    };
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().ok_or("a sample needs a value")?;
    let value: f64 = value.parse().map_err(|_| format!("[{value}] is no number"))?;
    let time = words.next().map(|time| read_time(time, is_open_metrics)).transpose()?;
    Ok(Line { series, value, time, exemplar, number })
}

/// Where the value begins: past the closing brace, or past the name.
fn series_end(line: &str) -> std::result::Result<usize, String> {
    let bytes = line.as_bytes();
    let is_name = |byte: &u8| *byte != b'{' && !byte.is_ascii_whitespace();
    let name = bytes.iter().take_while(|byte| is_name(byte)).count();
    let spaces = bytes[name..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if bytes.get(name + spaces) != Some(&b'{') {
        return Ok(name);
    }
    let mut at = name + spaces + 1;
    loop {
        let found = memchr2(b'"', b'}', &bytes[at..]).ok_or("the labels do not end")?;
        at += found + 1;
        if bytes[at - 1] == b'}' {
            return Ok(at);
        }
        // Within quotes a brace is text, and so is whatever follows a backslash.
        loop {
            let found = memchr2(b'"', b'\\', &bytes[at..]).ok_or("a quotation is not closed")?;
            at += found + 1;
            if bytes[at - 1] == b'"' {
                break;
            }
            at += 1;
            if at > bytes.len() {
                return Err("a quotation is not closed".into());
            }
        }
    }
}

fn read_series(series: &str) -> std::result::Result<Vec<(String, String)>, String> {
    let name_end = series.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(series.len());
    let mut labels = Vec::new();
    if name_end > 0 {
        labels.push((NAME.to_owned(), series[..name_end].to_owned()));
    }
    if let Some(inside) = series[name_end..].trim_start().strip_prefix('{') {
        read_labels(inside, &mut labels)?;
    }
    if labels.iter().all(|(name, _)| name != NAME) {
        return Err("a sample needs a metric name".into());
    }
    Ok(labels)
}

/// `{trace_id="…"} value time`, the time in seconds.
fn read_event(text: &str) -> std::result::Result<Event, String> {
    let inside = text.trim_start().strip_prefix('{').ok_or("an exemplar needs labels")?;
    let mut labels = Vec::new();
    let mut words = read_labels(inside, &mut labels)?.split_whitespace();
    let value = words.next().ok_or("an exemplar needs a value")?;
    let value: f64 = value.parse().map_err(|_| format!("[{value}] is no number"))?;
    let time = words.next().map(|time| read_time(time, true)).transpose()?;
    Ok(Event { labels, value, time })
}

fn read_time(text: &str, is_open_metrics: bool) -> std::result::Result<i64, String> {
    let bad = || format!("[{text}] is no time");
    if is_open_metrics {
        let seconds: f64 = text.parse().map_err(|_| bad())?;
        return Ok((seconds * 1000.0).round() as i64);
    }
    text.parse().map_err(|_| bad())
}

/// `name="value", …}`; gives what follows the brace.
fn read_labels<'a>(
    mut rest: &'a str,
    labels: &mut Vec<(String, String)>,
) -> std::result::Result<&'a str, String> {
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let (name, after) = if rest.starts_with('"') {
            read_quoted(rest)?
        } else {
            let end = rest
                .find(|c: char| c == '=' || c.is_whitespace())
                .ok_or("a label needs a value")?;
            (rest[..end].to_owned(), &rest[end..])
        };
        rest = after.trim_start();
        match rest.strip_prefix('=') {
            Some(after) => {
                let (value, after) = read_quoted(after.trim_start())?;
                labels.push((name, value));
                rest = after;
            }
            // A quoted text alone is the metric's name.
            None => labels.push((NAME.to_owned(), name)),
        }
    }
}

fn read_quoted(text: &str) -> std::result::Result<(String, &str), String> {
    let inside = text.strip_prefix('"').ok_or("a label's value must be in quotes")?;
    let mut value = String::new();
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &inside[at + 1..])),
            '\\' => match characters.next().map(|(_, escaped)| escaped) {
                Some('n') => value.push('\n'),
                Some(escaped) => value.push(escaped),
                None => break,
            },
            plain => value.push(plain),
        }
    }
    Err("a quotation is not closed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read() {
        let text = "# HELP http_total Requests\\nseen\n# TYPE http_total counter\nhttp_total{code=\"200\",path=\"/a\\\"b\\\\\"} 3 1700000000000\nup 1\nx{le=\"+Inf\",} +Inf\n";
        let page = parse(text, false).unwrap();
        assert_eq!(
            page.about,
            [(
                "http_total".into(),
                About {
                    kind: "counter".into(),
                    help: "Requests\nseen".into(),
                    unit: String::new()
                }
            )]
        );
        assert_eq!(page.samples[0].labels[2], ("path".into(), "/a\"b\\".into()));
        assert_eq!(page.samples[0].time, Some(1_700_000_000_000));
        assert_eq!((page.samples[1].value, page.samples[2].value), (1.0, f64::INFINITY));
        let open = "# TYPE a counter\na_total{x=\"y\"} 5.0 1700000000.5 # {trace_id=\"q\"} 1 1700000000\n{\"dotted.name\",z=\"1\"} NaN\n# EOF\nnever read";
        let page = parse(open, true).unwrap();
        assert_eq!(page.samples[0].time, Some(1_700_000_000_500));
        let event = page.samples[0].exemplar.as_ref().unwrap();
        assert_eq!(event.labels, [("trace_id".to_owned(), "q".to_owned())]);
        assert_eq!((event.value, event.time), (1.0, Some(1_700_000_000_000)));
        assert_eq!(page.samples[1].labels[0], ("__name__".into(), "dotted.name".into()));
        assert!(page.samples[1].value.is_nan());
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, word) in [
            ("a 1\nb x", "no number"),
            ("a{b=1} 1", "quotes"),
            ("{a=\"b\"} 1", "name"),
            ("a{b=\"c", "closed"),
            ("a", "value"),
        ] {
            let error = parse(text, false).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
