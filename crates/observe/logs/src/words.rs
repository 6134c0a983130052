//! How text is cut into words, for indexing, for queries and for the live tail
//! alike: runs of letters, digits and `_` in lower case; each Chinese,
//! Japanese or Korean character is a word of its own, so that a phrase of them
//! is found anywhere in a line.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Longer runs (base64, minified code) are not searched for by word.
const MAX_WORD_BYTES: usize = 256;

/// A word and where it stands: byte range and count of words before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub from: usize,
    pub to: usize,
    pub position: usize,
}

/// The words of a text, in order.
pub fn words(text: &str) -> Vec<Word> {
    let mut stream = Stream::new(text);
    let mut found = Vec::new();
    while stream.advance() {
        let Token { offset_from, offset_to, position, text, .. } = stream.token().clone();
        found.push(Word { text, from: offset_from, to: offset_to, position });
    }
    found
}

#[derive(Clone, Default)]
pub struct WordTokenizer;

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream::new(text)
    }
}

pub struct Stream<'a> {
    text: &'a str,
    at: usize,
    next_position: usize,
    token: Token,
}

impl<'a> Stream<'a> {
    fn new(text: &'a str) -> Self {
        Stream { text, at: 0, next_position: 0, token: Token::default() }
    }

    /// The next run of characters that belong together.
    fn next_run(&mut self) -> Option<(usize, usize)> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(is_word)?;
        let mut end = start;
        for character in self.text[start..].chars() {
            if !is_word(character) || (is_ideograph(character) && end > start) {
                break;
            }
            end += character.len_utf8();
            if is_ideograph(character) {
                break;
            }
        }
        self.at = end;
        Some((start, end))
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        while let Some((from, to)) = self.next_run() {
            let position = self.next_position;
            self.next_position += 1;
            if to - from > MAX_WORD_BYTES {
                continue;
            }
            self.token.offset_from = from;
            self.token.offset_to = to;
            self.token.position = position;
            self.token.text.clear();
            self.token.text.extend(self.text[from..to].chars().flat_map(char::to_lowercase));
            return true;
        }
        false
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Scripts written without spaces: kana, CJK ideographs, hangul.
fn is_ideograph(character: char) -> bool {
    matches!(u32::from(character), 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_runs_and_single_ideographs() {
        let texts: Vec<_> =
            words("GET /api/v1?x_id=7 训练完成ok").into_iter().map(|word| word.text).collect();
        assert_eq!(texts, ["get", "api", "v1", "x_id", "7", "训", "练", "完", "成", "ok"]);
    }

    #[test]
    fn an_endless_word_is_skipped_but_counted() {
        let text = format!("a {} b", "x".repeat(300));
        let found = words(&text);
        assert_eq!(found.iter().map(|word| word.position).collect::<Vec<_>>(), [0, 2]);
    }
}
