//! A query's words, numbers, texts and signs.

#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    pub text: &'a str,
    /// Where it is in the query, in bytes.
    pub start: usize,
    pub is_word: bool,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// A number, or a duration such as `5m`.
    pub fn is_number(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
            || (self.text.len() > 1 && self.text.starts_with('.'))
    }
}

/// All tokens; spaces and comments are none. What is no token of PromQL becomes signs,
/// of which the parser complains.
pub fn of(query: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut brackets = 0_usize;
    while let Some(first) = query[at..].chars().next() {
        let rest = &query[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if first == '#' {
            at += rest.find(['\r', '\n']).unwrap_or(rest.len());
            continue;
        }
        // Within brackets a colon parts range and step, elsewhere it is part of a name.
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || (c == ':' && brackets == 0);
        let is_word = first.is_alphabetic() || first == '_' || (first == ':' && brackets == 0);
        let length = if is_word {
            rest.find(|c: char| !is_part(c)).unwrap_or(rest.len())
        } else if first.is_ascii_digit() || first == '.' {
            number(rest)
        } else if matches!(first, '"' | '\'' | '`') {
            quoted(rest, first)
        } else {
            first.len_utf8()
        };
        match first {
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        tokens.push(Token { text: &rest[..length], start: at, is_word });
        at += length;
    }
    tokens
}

/// The length of a number, which may have an exponent with a sign, or of a duration.
fn number(text: &str) -> usize {
    let is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let is_sign = matches!(character, '+' | '-');
        let is_exponent = is_sign && matches!(before, 'e' | 'E') && !is_hexadecimal;
        if !(character.is_ascii_alphanumeric() || matches!(character, '.' | '_') || is_exponent) {
            return at;
        }
        before = character;
    }
    text.len()
}

fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return at + 1;
        }
        if character == '\\' && quote != '`' {
            characters.next();
        }
    }
    text.len()
}
