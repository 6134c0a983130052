//! The container runtime interface's log line: `<RFC 3339 time> <stream> <tags> <text>`,
//! where the first tag is `F` for a full line and `P` for a piece of one.

use crate::time;

#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub timestamp: i64,
    pub stream: &'a str,
    pub is_piece: bool,
    pub text: &'a str,
}

/// `None` when it is not in that format.
pub fn parse(line: &str) -> Option<Line<'_>> {
    let (timestamp, rest) = line.split_once(' ')?;
    let (stream, rest) = rest.split_once(' ')?;
    // An empty line has nothing behind its tags, not even a space in some writers.
    let (tags, text) = rest.split_once(' ').unwrap_or((rest, ""));
    if !matches!(stream, "stdout" | "stderr") {
        return None;
    }
    let is_piece = match tags.split(':').next()? {
        "F" => false,
        "P" => true,
        _ => return None,
    };
    let timestamp = time::parse_value(&serde_json::Value::from(timestamp))?;
    Some(Line { timestamp, stream, is_piece, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_pieces() {
        let line = parse("2026-11-24T18:52:27.123456789Z stdout F hello  world").unwrap();
        assert_eq!((line.stream, line.is_piece, line.text), ("stdout", false, "hello  world"));
        assert!(parse("2026-11-24T18:52:27Z stderr P:x abc").unwrap().is_piece);
        assert_eq!(parse("2026-11-24T18:52:27Z stderr F").unwrap().text, "");
        assert_eq!(parse("2026-11-24T18:52:27Z stdin F x"), None);
        assert_eq!(parse("hello"), None);
    }
}
