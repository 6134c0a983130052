//! The grammar of label selectors in query strings, with the real server's complaints.

use super::{Requirement, Test};
use crate::names::{label_value, qualified_name};

/// A word or one of the signs of the grammar; the end is the empty text.
struct Tokens<'a> {
    rest: &'a str,
}

const SIGNS: [&str; 10] = ["!=", "==", "=", "!", ",", "(", ")", ">", "<", "\u{0}"];

impl<'a> Tokens<'a> {
    fn peek(&self) -> &'a str {
        let text = self.rest.trim_start();
        if let Some(sign) = SIGNS.iter().find(|sign| text.starts_with(**sign)) {
            return &text[..sign.len()];
        }
        let end = text.find(|c: char| c.is_whitespace() || "=!,()><".contains(c));
        &text[..end.unwrap_or(text.len())]
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.rest = &self.rest.trim_start()[token.len()..];
        token
    }
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !SIGNS.contains(&token)
}

pub(super) fn requirements(query: &str) -> std::result::Result<Vec<Requirement>, String> {
    let mut tokens = Tokens { rest: query };
    let mut requirements = Vec::new();
    loop {
        let token = tokens.peek();
        if token.is_empty() {
            return Ok(requirements);
        }
        if token != "!" && !is_word(token) {
            return Err(format!("found '{token}', expected: !, identifier, or 'end of string'"));
        }
        let requirement =
            requirement(&mut tokens).map_err(|e| format!("unable to parse requirement: {e}"))?;
        requirements.push(requirement);
        match tokens.next() {
            "" => return Ok(requirements),
            "," => {
                let token = tokens.peek();
                if token != "!" && !is_word(token) {
                    return Err(format!("found '{token}', expected: identifier after ','"));
                }
            }
            token => return Err(format!("found '{token}', expected: ',' or 'end of string'")),
        }
    }
}

fn requirement(tokens: &mut Tokens<'_>) -> std::result::Result<Requirement, String> {
    let negated = tokens.peek() == "!";
    if negated {
        tokens.next();
    }
    let key = tokens.next();
    if !is_word(key) {
        return Err(format!("found '{key}', expected: identifier"));
    }
    check_key(key)?;
    let test = if negated {
        Test::Missing
    } else {
        match tokens.peek() {
            "" | "," => Test::Exists,
            _ => operator(tokens, key)?,
        }
    };
    Ok(Requirement { key: key.to_owned(), test })
}

fn operator(tokens: &mut Tokens<'_>, key: &str) -> std::result::Result<Test, String> {
    match tokens.next() {
        "=" | "==" => Ok(Test::In(vec![single(tokens, key)?])),
        "!=" => Ok(Test::NotIn(vec![single(tokens, key)?])),
        "in" => Ok(Test::In(several(tokens, key)?)),
        "notin" => Ok(Test::NotIn(several(tokens, key)?)),
        sign @ (">" | "<") => {
            let value = single(tokens, key)?;
            let number = value.parse().map_err(|_| {
                format!(
                    "values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
                )
            })?;
            Ok(if sign == ">" { Test::Above(number) } else { Test::Below(number) })
        }
        token => Err(format!("found '{token}', expected: in, notin, =, ==, !=, gt, lt")),
    }
}

fn single(tokens: &mut Tokens<'_>, key: &str) -> std::result::Result<String, String> {
    let token = tokens.peek();
    if is_word(token) {
        tokens.next();
        check_value(key, 0, token)?;
        return Ok(token.to_owned());
    }
    if token.is_empty() || token == "," {
        return Ok(String::new());
    }
    Err(format!("found '{token}', expected: identifier"))
}

fn several(tokens: &mut Tokens<'_>, key: &str) -> std::result::Result<Vec<String>, String> {
    let open = tokens.next();
    if open != "(" {
        return Err(format!("found '{open}' expected: '('"));
    }
    let mut values: Vec<String> = Vec::new();
    loop {
        match tokens.peek() {
            token if is_word(token) => {
                tokens.next();
                check_value(key, values.len(), token)?;
                values.push(token.to_owned());
            }
            "," | ")" => values.push(String::new()),
            token => return Err(format!("found '{token}', expected: ',', ')' or identifier")),
        }
        match tokens.next() {
            "," => {}
            ")" => break,
            token => return Err(format!("found '{token}', expected: ',' or ')'")),
        }
    }
    values.sort();
    values.dedup();
    Ok(values)
}

fn check_key(key: &str) -> std::result::Result<(), String> {
    match qualified_name(key).as_slice() {
        [] => Ok(()),
        reasons => Err(format!("<nil>: Invalid value: \"{key}\": {}", reasons.join("; "))),
    }
}

fn check_value(key: &str, index: usize, value: &str) -> std::result::Result<(), String> {
    match label_value(value).as_slice() {
        [] => Ok(()),
        reasons => Err(format!(
            "values[{index}][{key}]: Invalid value: \"{value}\": {}",
            reasons.join("; ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_the_servers() {
        let pairs = [
            ("env=a b", "found 'b', expected: ',' or 'end of string'"),
            ("=x", "found '=', expected: !, identifier, or 'end of string'"),
            ("env in prod", "unable to parse requirement: found 'prod' expected: '('"),
            ("env in (prod", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("env,", "found '', expected: identifier after ','"),
        ];
        for (query, complaint) in pairs {
            assert_eq!(requirements(query), Err(complaint.to_owned()), "{query}");
        }
        assert!(requirements("env<abc").is_err_and(|e| e.ends_with("must be an integer")));
    }
}
