//! The words of the search language.

use crate::Error;
use crate::error::Result;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A bare word: `metrics.loss`, `AND`, `LIKE`.
    Word(String),
    /// Between backticks: always a key.
    Quoted(String),
    /// Between single or double quotes: a literal, or a key after a dot.
    Text(String),
    Number(f64),
    Operator(&'static str),
    Dot,
    Comma,
    Open,
    Close,
}

const OPERATORS: [&str; 7] = [">=", "<=", "!=", "<>", "=", ">", "<"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' | '"' => quoted(rest, first).map(|(text, length)| (Token::Text(text), length))?,
            '`' => quoted(rest, first).map(|(text, length)| (Token::Quoted(text), length))?,
            '.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (Token::Dot, 1),
            ',' => (Token::Comma, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            _ => match OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
                Some(operator) => (
                    Token::Operator(if operator == "<>" { "!=" } else { operator }),
                    operator.len(),
                ),
                None => word(rest)?,
            },
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn quoted(text: &str, quote: char) -> Result<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            value.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            chars.next();
            value.push(quote);
        } else {
            return Ok((value, at + quote.len_utf8()));
        }
    }
    Err(Error::invalid(format!("Invalid filter: the {quote} at `{}` is not closed", clip(text))))
}

fn word(text: &str) -> Result<(Token, usize)> {
    let inside =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ':' | '@' | '+');
    let length = text.find(|c| !inside(c)).unwrap_or(text.len());
    if length == 0 {
        return Err(Error::invalid(format!("Invalid filter: cannot read `{}`", clip(text))));
    }
    let word = &text[..length];
    let starts_as_number =
        word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    match word.parse() {
        Ok(number) if starts_as_number => Ok((Token::Number(number), length)),
        // `params.` before a quoted key: the dot is a token of its own.
        _ if word.len() > 1 && word.ends_with('.') => {
            Ok((Token::Word(word[..length - 1].to_owned()), length - 1))
        }
        _ => Ok((Token::Word(word.to_owned()), length)),
    }
}

pub(super) fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}
