//! Reads matchers from text. Both of Alertmanager's syntaxes are understood: the classic
//! one, and the one with any UTF-8 in names. Where both read a text, the classic one counts.

use super::{Matcher, Operator, is_classic_name};
use crate::error::{Error, Result};

/// Two characters before one, so that `=~` is not read as `=`.
const OPERATORS: [(&str, Operator); 4] = [
    ("=~", Operator::Regex),
    ("!~", Operator::NotRegex),
    ("!=", Operator::NotEqual),
    ("=", Operator::Equal),
];
/// What an unquoted word of the UTF-8 syntax cannot contain, besides white space.
const RESERVED: &[char] = &['{', '}', '!', '=', '~', ',', '\\', '"', '\'', '`'];

/// `a="x"`, `{a="x", "clé"!~'y'}`, `a=~x|y`: one matcher or several.
///
/// # Errors
/// The text is in neither syntax.
pub fn parse(text: &str) -> Result<Vec<Matcher>> {
    match classic(text) {
        Some(parts) => parts
            .into_iter()
            .map(|(name, operator, value)| Matcher::new(name, operator, &value))
            .collect(),
        None => Reader { rest: text }.matchers().map_err(|reason| {
            let hint = "write for example severity=\"critical\" or team=~\"a|b\"";
            Error::invalid("matcher", format!("{text:?} cannot be read: {reason}"), hint)
        })?,
    }
}

type Part<'a> = (&'a str, Operator, String);

fn classic(text: &str) -> Option<Vec<Part<'_>>> {
    let inner = text.trim();
    let inner =
        inner.strip_prefix('{').map_or(inner, |rest| rest.strip_suffix('}').unwrap_or(rest));
    let mut pieces = split_outside_quotes(inner);
    if pieces.len() > 1 && pieces.last().is_some_and(|last| last.trim().is_empty()) {
        pieces.pop();
    }
    if inner.trim().is_empty() {
        return Some(vec![]);
    }
    pieces.into_iter().map(classic_one).collect()
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn classic_one(text: &str) -> Option<Part<'_>> {
    let text = text.trim();
    let end = text.find(['=', '!'])?;
    let name = text[..end].trim_end();
    let rest = &text[end..];
    let (sign, operator) = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign))?;
    is_classic_name(name).then_some(())?;
    let value = classic_value(rest[sign.len()..].trim_start())?;
    Some((name, *operator, value))
}

/// With `\n`, `\"` and `\\` read; other backslashes stay. Quotes stand at both ends or nowhere.
fn classic_value(text: &str) -> Option<String> {
    let is_quoted = text.starts_with('"');
    let body = if is_quoted { &text[1..] } else { text };
    let mut value = String::new();
    let mut characters = body.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' => return (is_quoted && characters.peek().is_none()).then_some(value),
            '\\' => match characters.peek() {
                Some('n') => {
                    characters.next();
                    value.push('\n');
                }
                Some(next @ ('"' | '\\')) => {
                    value.push(*next);
                    characters.next();
                }
                _ => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    (!is_quoted).then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn matchers(mut self) -> std::result::Result<Result<Vec<Matcher>>, String> {
        let has_brace = self.take("{");
        let mut found = Vec::new();
        loop {
            self.space();
            if self.rest.is_empty() || has_brace && self.rest.starts_with('}') {
                break;
            }
            let name = self.word("a label's name")?;
            self.space();
            let sign = OPERATORS.iter().find(|(sign, _)| self.rest.starts_with(sign));
            let (sign, operator) = sign.ok_or("after the name comes one of = != =~ !~")?;
            self.rest = &self.rest[sign.len()..];
            let value = self.word("a value")?;
            found.push((name, *operator, value));
            if !self.take(",") {
                break;
            }
        }
        if has_brace && !self.take("}") {
            return Err("the closing } is missing".into());
        }
        self.space();
        if !self.rest.is_empty() {
            return Err(format!("{:?} is too much", self.rest));
        }
        let matcher =
            |(name, operator, value): (String, _, String)| Matcher::new(&name, operator, &value);
        Ok(found.into_iter().map(matcher).collect())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, sign: &str) -> bool {
        self.space();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Quoted, or without reserved characters.
    fn word(&mut self, what: &str) -> std::result::Result<String, String> {
        self.space();
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let is_end = |c: char| c.is_whitespace() || RESERVED.contains(&c);
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(format!("{what} is missing"));
        }
        let word = self.rest[..end].to_owned();
        self.rest = &self.rest[end..];
        Ok(word)
    }

    fn quoted(&mut self) -> std::result::Result<String, String> {
        let mut word = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(word);
                }
                '\\' => match characters.next().map(|(_, c)| c) {
                    Some('n') => word.push('\n'),
                    Some('t') => word.push('\t'),
                    Some(c @ ('"' | '\\')) => word.push(c),
                    _ => return Err("a backslash is followed by none of n t \" \\".into()),
                },
                c => word.push(c),
            }
        }
        Err("the closing quote is missing".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        parse(text).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_classic_syntax() {
        assert_eq!(shown("a=b"), [r#"a="b""#]);
        assert_eq!(shown(r#"a != "b c""#), [r#"a!="b c""#]);
        assert_eq!(shown("{a=~x.*, b!~\"y|z\",}"), [r#"a=~"x.*""#, r#"b!~"y|z""#]);
        assert_eq!(shown(r#"a="x,\"y\"\n\d""#), [r#"a="x,\"y\"\n\\d""#]);
        assert_eq!(shown("a=b c"), [r#"a="b c""#]);
        assert_eq!(shown("a="), [r#"a="""#]);
        assert_eq!(shown("{}"), Vec::<String>::new());
    }

    #[test]
    fn the_syntax_with_any_name() {
        assert_eq!(shown(r#"{"clé"=x,团队="训练"}"#), [r#""clé"="x""#, r#""团队"="训练""#]);
        assert_eq!(shown(r#"service.name=~"a|b""#), [r#""service.name"=~"a|b""#]);
        assert_eq!(shown(r#""a b"!="x\\y""#), [r#""a b"!="x\\y""#]);
    }

    #[test]
    fn what_is_in_neither_is_refused_with_a_reason() {
        for text in
            ["a", "=x", "a=\"x", "a=~\"(\"", "clé==x", "\"clé\"=x y", "{\"a.b\"=x", "a.b=\"\\q\""]
        {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("matcher: "), "{text}: {error}");
        }
    }

    #[test]
    fn a_pattern_matches_all_of_a_value() {
        let matchers = parse("a=~x|y,b!=z").unwrap();
        let labels = |a: &str| [("a".to_owned(), a.to_owned())].into();
        assert!(crate::matcher::matches_all(&matchers, &labels("y")));
        assert!(!crate::matcher::matches_all(&matchers, &labels("xy")));
    }
}
