//! From the text of a path to its steps.

use super::Step;
use super::filter::Filter;

/// The steps of a path that is empty or begins with `.` or `[`.
pub(super) fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inside) => bracket(inside)?,
            // `.a`, but also `.['a']`.
            None => match rest.strip_prefix('.') {
                Some(name) if name.starts_with('[') => {
                    rest = name;
                    continue;
                }
                Some(name) => field(name)?,
                None => return Err(format!("{rest:?} must start with . or [")),
            },
        };
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

/// A name up to the next `.` or `[`; a backslash takes the next character as it is.
fn field(text: &str) -> Result<(Step, &str), String> {
    let mut name = String::new();
    let mut end = text.len();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            '.' | '[' => {
                end = at;
                break;
            }
            other => name.push(other),
        }
    }
    let step = match name.as_str() {
        "" => return Err("must not have an empty field name".to_owned()),
        "*" => Step::All,
        _ => Step::Field(name),
    };
    Ok((step, &text[end..]))
}

/// What stands after `[`, and what is left after its `]`.
fn bracket(text: &str) -> Result<(Step, &str), String> {
    let end = closing(text).ok_or_else(|| "unterminated array".to_owned())?;
    let (inside, after) = (text[..end].trim(), &text[end + 1..]);
    let step = if let Some(filter) = inside.strip_prefix("?(").and_then(|i| i.strip_suffix(')')) {
        Step::Filter(Filter::parse(filter)?)
    } else if inside == "*" {
        Step::All
    } else if let Some(name) = quoted(inside) {
        Step::Field(name.replace("\\.", "."))
    } else {
        let position = inside.parse().map_err(|_| format!("invalid array index {inside}"))?;
        Step::Position(position)
    };
    Ok((step, after))
}

fn quoted(text: &str) -> Option<&str> {
    let single = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    single.or_else(|| text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')))
}

/// The `]` that closes, not one in quotes or of an inner bracket.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match (character, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(character),
            ('[', None) => depth += 1,
            (']', None) if depth == 0 => return Some(at),
            (']', None) => depth -= 1,
            _ => {}
        }
    }
    None
}
