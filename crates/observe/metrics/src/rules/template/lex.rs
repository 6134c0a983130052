//! Splits a template into texts and actions, and an action into tokens.

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// `.` alone.
    Dot,
    /// `.name`
    Field(String),
    /// `$name`; the empty name is `$`.
    Variable(String),
    Word(String),
    Text(String),
    Number(String),
    Pipe,
    Open,
    Close,
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

/// A token, and whether it follows the one before without a space.
pub type Placed = (Token, bool);

#[derive(Debug)]
pub enum Piece {
    Text(String),
    Action(Vec<Placed>),
}

/// Comments are gone and `{{-`, `-}}` have trimmed the texts beside them.
pub fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    let mut trims_next = false;
    loop {
        let start = rest.find("{{");
        let mut text = &rest[..start.unwrap_or(rest.len())];
        if std::mem::take(&mut trims_next) {
            text = text.trim_start();
        }
        let Some(start) = start else {
            pieces.push(Piece::Text(text.to_owned()));
            return Ok(pieces);
        };
        let mut inside = &rest[start + 2..];
        if let Some(after) = inside.strip_prefix('-')
            && after.starts_with(char::is_whitespace)
        {
            text = text.trim_end();
            inside = after;
        }
        pieces.push(Piece::Text(text.to_owned()));
        let (tokens, after) = match inside.trim_start().strip_prefix("/*") {
            Some(comment) => {
                let end = comment.find("*/").ok_or("unclosed comment")?;
                (None, &comment[end + 2..])
            }
            None => action(inside).map(|(tokens, after)| (Some(tokens), after))?,
        };
        let after = after.trim_start();
        (trims_next, rest) = match after.strip_prefix('-') {
            Some(trimmed) => (true, trimmed),
            None => (false, after),
        };
        rest = rest.strip_prefix("}}").ok_or("unclosed action")?;
        pieces.extend(tokens.map(Piece::Action));
    }
}

/// The tokens up to the end of the action, and what follows them.
fn action(inside: &str) -> Result<(Vec<Placed>, &str), String> {
    let mut tokens = Vec::new();
    let mut rest = inside;
    loop {
        let trimmed = rest.trim_start();
        let is_glued = trimmed.len() == rest.len();
        rest = trimmed;
        // A minus before the end trims only behind a space; ` -}}` is no number.
        if rest.starts_with("}}") || (!is_glued && rest.starts_with("-}}")) {
            return Ok((tokens, rest));
        }
        let (token, after) = token(rest)?;
        tokens.push((token, is_glued));
        rest = after;
    }
}

fn token(rest: &str) -> Result<(Token, &str), String> {
    let mut characters = rest.chars();
    let first = characters.next().ok_or("unclosed action")?;
    let after = characters.as_str();
    let is_digit_next = after.starts_with(|next: char| next.is_ascii_digit());
    Ok(match first {
        '|' => (Token::Pipe, after),
        '(' => (Token::Open, after),
        ')' => (Token::Close, after),
        ',' => (Token::Comma, after),
        '=' => (Token::Assign, after),
        ':' => (Token::Declare, after.strip_prefix('=').ok_or("expected :=")?),
        '"' => quoted(after)?,
        '`' => {
            let end = after.find('`').ok_or("unterminated raw quoted string")?;
            (Token::Text(after[..end].to_owned()), &after[end + 1..])
        }
        '$' => {
            let (name, after) = name(after);
            (Token::Variable(name.to_owned()), after)
        }
        '.' if !is_digit_next => match name(after) {
            ("", after) => (Token::Dot, after),
            (name, after) => (Token::Field(name.to_owned()), after),
        },
        '0'..='9' | '.' | '+' | '-' => {
            let is_exponent = |at: usize| {
                let before = rest[..at].trim_start_matches(['+', '-']);
                before.ends_with(['e', 'E']) && !before.starts_with("0x")
            };
            let end = rest.char_indices().skip(1).find(|(at, next)| {
                let is_sign = matches!(next, '+' | '-') && is_exponent(*at);
                !(next.is_ascii_alphanumeric() || matches!(next, '.' | '_') || is_sign)
            });
            let (number, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
            (Token::Number(number.to_owned()), after)
        }
        first if first.is_alphabetic() || first == '_' => {
            let (word, after) = name(rest);
            (Token::Word(word.to_owned()), after)
        }
        other => return Err(format!("unexpected {other:?} in an action")),
    })
}

fn name(rest: &str) -> (&str, &str) {
    let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_');
    rest.split_at(end.unwrap_or(rest.len()))
}

/// A text in double quotes, of which the first was read, with Go's usual escapes.
fn quoted(rest: &str) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Ok((Token::Text(text), characters.as_str())),
            '\n' => break,
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(same @ ('"' | '\\')) => text.push(same),
                Some('u') => {
                    let digits = characters.as_str().get(..4).unwrap_or_default();
                    let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                    text.push(code.ok_or("a bad \\u in a quoted string")?);
                    characters.nth(3);
                }
                _ => return Err("an unknown escape in a quoted string".into()),
            },
            other => text.push(other),
        }
    }
    Err("unterminated quoted string".into())
}
