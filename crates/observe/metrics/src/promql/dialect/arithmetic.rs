//! Arithmetic with durations, in seconds: numbers, `+ - * / % ^`, parentheses, `step()`,
//! `range()`, `min_of` and `max_of`.

use super::tokens::Token;
use crate::error::{Error, Result};
use crate::promql::row::Grid;

/// Nothing that a person writes is deeper; a hostile query must not end the stack.
const DEPTH: usize = 100;
/// The longest duration of nanoseconds in 64 bits, in seconds.
const LONGEST: f64 = 9_223_372_036.0;

pub struct Durations {
    step: f64,
    range: f64,
}

/// A value and the token behind it.
type Read = Result<(f64, usize)>;

impl Durations {
    pub fn new(grid: Grid) -> Durations {
        let seconds = |milliseconds: i64| milliseconds as f64 / 1000.0;
        Durations { step: seconds(grid.width()), range: seconds(grid.end - grid.start) }
    }

    /// A whole expression.
    pub fn expression(&self, tokens: &[Token<'_>], at: usize) -> Read {
        self.sum(tokens, at, 0)
    }

    /// A number, call or parentheses, with its sign.
    pub fn operand(&self, tokens: &[Token<'_>], at: usize) -> Read {
        self.signed(tokens, at, 0)
    }

    fn sum(&self, tokens: &[Token<'_>], at: usize, depth: usize) -> Read {
        let (mut value, mut at) = self.product(tokens, at, depth)?;
        while let operator @ ("+" | "-") = text(tokens, at) {
            let (right, end) = self.product(tokens, at + 1, depth)?;
            value = if operator == "+" { value + right } else { value - right };
            at = end;
        }
        Ok((value, at))
    }

    fn product(&self, tokens: &[Token<'_>], at: usize, depth: usize) -> Read {
        let (mut value, mut at) = self.signed(tokens, at, depth)?;
        while let operator @ ("*" | "/" | "%") = text(tokens, at) {
            let (right, end) = self.signed(tokens, at + 1, depth)?;
            value = match operator {
                "*" => value * right,
                "/" if right == 0.0 => return Err(refused("division by zero")),
                "/" => value / right,
                _ if right == 0.0 => return Err(refused("modulo by zero")),
                _ => value % right,
            };
            at = end;
        }
        Ok((value, at))
    }

    fn signed(&self, tokens: &[Token<'_>], at: usize, depth: usize) -> Read {
        if depth > DEPTH {
            return Err(refused("a duration is nested too deeply"));
        }
        match text(tokens, at) {
            "-" => self.signed(tokens, at + 1, depth + 1).map(|(value, end)| (-value, end)),
            "+" => self.signed(tokens, at + 1, depth + 1),
            _ => self.power(tokens, at, depth),
        }
    }

    fn power(&self, tokens: &[Token<'_>], at: usize, depth: usize) -> Read {
        let (base, at) = self.primary(tokens, at, depth)?;
        if text(tokens, at) != "^" {
            return Ok((base, at));
        }
        let (exponent, at) = self.signed(tokens, at + 1, depth + 1)?;
        Ok((base.powf(exponent), at))
    }

    fn primary(&self, tokens: &[Token<'_>], at: usize, depth: usize) -> Read {
        let Some(token) = tokens.get(at) else { return Err(refused("a duration is missing")) };
        match token.text.to_lowercase().as_str() {
            "(" => {
                let (value, at) = self.sum(tokens, at + 1, depth + 1)?;
                Ok((value, expected(tokens, at, ")")?))
            }
            "step" => Ok((self.step, no_arguments(tokens, at + 1)?)),
            "range" => Ok((self.range, no_arguments(tokens, at + 1)?)),
            name @ ("min_of" | "max_of") => {
                let at = expected(tokens, at + 1, "(")?;
                let (left, at) = self.sum(tokens, at, depth + 1)?;
                let at = expected(tokens, at, ",")?;
                let (right, at) = self.sum(tokens, at, depth + 1)?;
                let value = if name == "min_of" { left.min(right) } else { left.max(right) };
                Ok((value, expected(tokens, at, ")")?))
            }
            _ if token.is_number() => Ok((literal(token.text)?, at + 1)),
            other => Err(refused(&format!("unexpected {other:?} in a duration"))),
        }
    }
}

fn text<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

fn expected(tokens: &[Token<'_>], at: usize, wanted: &str) -> Result<usize> {
    match text(tokens, at) {
        found if found == wanted => Ok(at + 1),
        found => Err(refused(&format!("unexpected {found:?} in a duration, expected {wanted:?}"))),
    }
}

fn no_arguments(tokens: &[Token<'_>], at: usize) -> Result<usize> {
    expected(tokens, expected(tokens, at, "(")?, ")")
}

fn literal(text: &str) -> Result<f64> {
    let plain = text.replace('_', "").to_lowercase();
    if let Some(hexadecimal) = plain.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16)
            .map(|number| number as f64)
            .map_err(|_| refused(&format!("{text:?} is no number")));
    }
    if let Ok(seconds) = plain.parse() {
        return Ok(seconds);
    }
    let parsed = promql_parser::util::parse_duration(text);
    parsed.map(|duration| duration.as_secs_f64()).map_err(|reason| refused(&reason))
}

/// Whether two tokens mean the same: in other quotes, as another form of a number.
pub fn is_same(left: &Token<'_>, right: &Token<'_>) -> bool {
    if left.is_number() && right.is_number() {
        return literal(left.text).is_ok_and(|left| literal(right.text).ok() == Some(left));
    }
    let unquoted = |token: &Token<'_>| promql_parser::util::unquote_string(token.text).ok();
    left.text == right.text || unquoted(left).is_some_and(|text| unquoted(right) == Some(text))
}

fn refused(reason: &str) -> Error {
    Error::BadData(format!("invalid parameter \"query\": parse error: {reason}"))
}

/// A duration that must be longer than nothing, as the parser reads it.
pub fn positive(seconds: f64) -> Result<String> {
    if seconds <= 0.0 {
        return Err(refused("duration must be greater than 0"));
    }
    any(seconds)
}

/// Whole milliseconds, below zero with a sign.
pub fn any(seconds: f64) -> Result<String> {
    if !seconds.is_finite() {
        return Err(refused("duration is NaN or infinite"));
    }
    if seconds.abs() > LONGEST {
        return Err(refused("duration is out of range"));
    }
    let milliseconds = (seconds * 1000.0) as i64;
    let sign = if milliseconds < 0 { "-" } else { "" };
    // The parser refuses nothing in milliseconds, and takes the number.
    Ok(match milliseconds {
        0 => "0".into(),
        some => format!("{sign}{}ms", some.abs()),
    })
}
