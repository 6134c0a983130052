//! The text in which metrics are exposed: Prometheus's format 0.0.4 and OpenMetrics 1.0.

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

/// Reads a whole page. OpenMetrics writes times in seconds, the older format in milliseconds.
pub fn parse(text: &str, is_open_metrics: bool) -> Result<Page> {
    let mut page = Page::default();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            if comment.trim() == "EOF" {
                break;
            }
            read_about(comment.trim(), &mut page.about);
        } else if !line.is_empty() {
            let sample = read_sample(line, is_open_metrics);
            page.samples.push(sample.map_err(|reason| Error::Text { line: number + 1, reason })?);
        }
    }
    Ok(page)
}

fn read_about(comment: &str, about: &mut Vec<(String, About)>) {
    let mut words = comment.splitn(3, char::is_whitespace);
    let (Some(kind), Some(name)) = (words.next(), words.next()) else { return };
    let rest = words.next().unwrap_or_default();
    let name = name.trim_matches('"');
    if !matches!(kind, "TYPE" | "HELP" | "UNIT") {
        return;
    }
    let at = about.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
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

fn read_sample(line: &str, is_open_metrics: bool) -> std::result::Result<Exposed, String> {
    let name_end = line.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(line.len());
    let mut labels = Vec::new();
    if name_end > 0 {
        labels.push((NAME.to_owned(), line[..name_end].to_owned()));
    }
    let mut rest = &line[name_end..];
    if let Some(inside) = rest.trim_start().strip_prefix('{') {
        rest = read_labels(inside, &mut labels)?;
    }
    if labels.iter().all(|(name, _)| name != NAME) {
        return Err("a sample needs a metric name".into());
    }
    let (rest, exemplar) = match rest.split_once(" # ") {
        Some((rest, exemplar)) => (rest, Some(read_event(exemplar)?)),
        None => (rest, None),
    };
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("a sample needs a value")?;
    let value: f64 = value.parse().map_err(|_| format!("[{value}] is no number"))?;
    let time = words.next().map(|time| read_time(time, is_open_metrics)).transpose()?;
    Ok(Exposed { labels, value, time, exemplar })
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
