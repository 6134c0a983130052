//! Marks the words that were searched for. The mark-up is Elasticsearch's `<em>`;
//! the text around it is as it was, so a page must escape it as it does any text.

use crate::words::words;

/// The text with the searched words marked, or `None` when it holds none of them.
pub fn highlight(text: &str, searched: &[String]) -> Option<String> {
    let mut marked = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for word in words(text).into_iter().filter(|word| searched.contains(&word.text)) {
        marked.push_str(&text[done..word.from]);
        marked.push_str("<em>");
        marked.push_str(&text[word.from..word.to]);
        marked.push_str("</em>");
        done = word.to;
    }
    if done == 0 {
        return None;
    }
    marked.push_str(&text[done..]);
    Some(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_searched_words_are_marked() {
        let searched = ["failed".to_owned(), "成".to_owned()];
        assert_eq!(
            highlight("It Failed: 完成", &searched).unwrap(),
            "It <em>Failed</em>: 完<em>成</em>"
        );
        assert_eq!(highlight("fine", &searched), None);
    }
}
