//! What a query's text may hold, checked before anything reads it by recursion: the
//! parser, its trees' printing and dropping, and evaluation all go a call deeper for each
//! parenthesis and each operator. A stack that ends takes the whole process with it.
//!
//! The text is read as the parser's lexer reads it (also where that differs from
//! Prometheus: a backslash escapes within backquotes, a carriage return ends a comment),
//! so that nothing can be hidden from here in what it takes for a string or a comment.

use crate::error::{Error, Result};

/// Bytes of a query. Those of dashboards, with a pattern of some hundred names, have a few
/// thousand.
pub const LENGTH: usize = 64 << 10;
/// Parentheses, brackets and braces within one another. A level takes up to 7 KiB of stack
/// (a rate of a subquery) and an operator 1.2 KiB where nothing is optimised: with
/// [`OPERATORS`] it stays below a third of a thread's two megabytes.
pub const NESTING: usize = 60;
/// Operators, signs and modifiers (`offset`, `@`): a chain of them is as deep as it is long.
pub const OPERATORS: usize = 200;
/// Patterns of matchers. Each becomes an automaton of up to some megabytes.
pub const PATTERNS: usize = 100;

/// Operators and modifiers that are words.
const WORDS: [&str; 5] = ["and", "or", "unless", "atan2", "offset"];

/// Fails on a text that holds more than may be, naming the limit.
pub fn check(query: &str) -> Result<()> {
    if query.len() > LENGTH {
        return Err(refused(&format!(
            "it has {} bytes, more than the limit of {LENGTH}",
            query.len()
        )));
    }
    let mut scan = Scan { rest: query, open: vec![], operators: 0, patterns: 0 };
    while let Some(first) = scan.next() {
        scan.take(first);
        let faults = [
            (scan.open.len() > NESTING, "nests parentheses", NESTING, "levels"),
            (
                scan.operators > OPERATORS,
                "has operators, signs and modifiers",
                OPERATORS,
                "of them",
            ),
            (scan.patterns > PATTERNS, "has matchers with patterns", PATTERNS, "of them"),
        ];
        if let Some((_, what, limit, of)) = faults.iter().find(|(is_over, ..)| *is_over) {
            return Err(refused(&format!(
                "it {what} beyond the limit of {limit} {of}; ask in several queries, or record a part of it by a rule"
            )));
        }
    }
    Ok(())
}

fn refused(reason: &str) -> Error {
    Error::BadData(format!("invalid parameter \"query\": {reason}"))
}

struct Scan<'a> {
    rest: &'a str,
    /// What is open, by what closes it.
    open: Vec<char>,
    operators: usize,
    patterns: usize,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let first = characters.next();
        self.rest = characters.as_str();
        first
    }

    fn skip_while(&mut self, is_skipped: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(is_skipped);
    }

    fn take(&mut self, first: char) {
        let is_matching = self.open.last() == Some(&'}');
        match first {
            '#' => self.skip_while(|next| !matches!(next, '\r' | '\n')),
            '"' | '\'' | '`' => self.string(first),
            '(' => self.open.push(')'),
            '[' => self.open.push(']'),
            '{' => self.open.push('}'),
            // One that closes something else is an error of the parser's.
            ')' | ']' | '}' => {
                self.open.pop_if(|wanted| *wanted == first);
            }
            '~' if is_matching => self.patterns += 1,
            _ if is_matching => {}
            '=' | '!' | '<' | '>' => {
                self.rest = self.rest.strip_prefix('=').unwrap_or(self.rest);
                self.operators += 1;
            }
            // A sign in a number's exponent counts, too.
            '+' | '-' | '*' | '/' | '%' | '^' | '@' => self.operators += 1,
            first if is_of_word(first) => self.word(first),
            _ => {}
        }
    }

    fn string(&mut self, quote: char) {
        while let Some(next) = self.next() {
            match next {
                '\\' => {
                    self.next();
                }
                next if next == quote => return,
                _ => {}
            }
        }
    }

    fn word(&mut self, first: char) {
        let before = self.rest;
        self.skip_while(is_of_word);
        let others = &before[..before.len() - self.rest.len()];
        let is_operator = |word: &&str| {
            word.starts_with(first.to_ascii_lowercase()) && word[1..].eq_ignore_ascii_case(others)
        };
        self.operators += usize::from(WORDS.iter().any(is_operator));
    }
}

fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::promql::{Engine, Limits, Source, parse};
    use crate::sample::{Sample, Series};

    /// Text in which one thing is there so many times.
    type Shape = (&'static str, fn(usize) -> String);

    fn around(count: usize, before: &str, inside: &str, after: &str) -> String {
        format!("{}{inside}{}", before.repeat(count), after.repeat(count))
    }

    const NESTED: [Shape; 14] = [
        ("parentheses", |count| around(count, "(", "up", ")")),
        ("calls", |count| around(count, "abs(", "up", ")")),
        ("aggregations", |count| around(count, "sum by (a) (", "up", ")")),
        ("choices", |count| around(count, "topk(1,", "up", ")")),
        ("counted values", |count| around(count, "count_values(\"a\",", "up", ")")),
        ("subqueries", |count| around(count, "max_over_time(", "up", "[1m:1m])")),
        ("rates", |count| around(count, "rate(", "up", "[1m:1m])")),
        ("labels", |count| around(count, "label_replace(", "up", ",\"a\",\"b\",\"c\",\"\")")),
        ("scalars", |count| around(count / 2, "scalar(vector(", "1", "))")),
        ("sorting", |count| around(count, "sort_by_label(", "up", ",\"a\")")),
        ("quantiles", |count| around(count, "histogram_quantile(0.5,", "up", ")")),
        ("information", |count| around(count, "info(", "up", ")")),
        ("signs in calls", |count| around(count, "-abs(-", "up", ")")),
        ("operands on the right", |count| around(count, "up + (", "up", ")")),
    ];

    const CHAINS: [Shape; 8] = [
        ("sums", |count| format!("up{}", "+up".repeat(count))),
        ("numbers", |count| format!("1{}", " / 1".repeat(count))),
        ("comparisons", |count| format!("up{}", " >= bool up".repeat(count))),
        ("sets", |count| format!("up{}", " OR up".repeat(count))),
        ("powers", |count| format!("2{}", "^2".repeat(count))),
        ("signs", |count| format!("{}up", "- ".repeat(count))),
        ("arcs", |count| format!("1{}", " atan2 1".repeat(count))),
        ("modifiers", |count| format!("up{}", " offset 1m @ 1".repeat(count.div_ceil(2)))),
    ];

    struct One;

    impl Source for One {
        fn select(
            &self,
            _: &[promql_parser::label::Matcher],
            _: i64,
            to: i64,
        ) -> Result<Vec<Series>> {
            let labels = Labels::new([("__name__", "up"), ("job", "a"), ("instance", "b")]);
            Ok(vec![Series { labels, samples: vec![Sample { time: to, value: 1.0 }] }])
        }
    }

    /// All that recurses over a query.
    fn live_through(query: &str) {
        let tree = parse(query).unwrap();
        let (plain, pretty) = (tree.to_string(), tree.prettify());
        assert!(!plain.is_empty() && !pretty.is_empty());
        let copy = tree.clone();
        assert!(copy == tree);
        drop((tree, copy));
        let scoped = crate::scope(query, &crate::Scope::only(["red"]).matchers());
        assert!(scoped.is_ok() || query.contains("info("), "{query}: {scoped:?}");
        let engine = Engine { source: &One, limits: Limits::default() };
        // What it gives, an error among it, is another test's.
        let _ = engine.instant(query, 1_000_000);
        let _ = engine.range(query, 1_000_000, 1_060_000, 30_000);
    }

    fn words(query: &str) -> String {
        parse(query).unwrap_err().to_string()
    }

    #[test]
    fn what_is_within_the_limits_takes_a_third_of_a_threads_stack() {
        let mut queries: Vec<String> = Vec::new();
        for (_, shape) in NESTED {
            queries.push(shape(NESTING - 1));
        }
        for (name, shape) in CHAINS {
            if name != "modifiers" {
                queries.push(shape(OPERATORS));
            }
        }
        // The deepest that both limits allow together.
        let chain = format!("(up{})", "+up".repeat(OPERATORS));
        for before in ["rate(", "max_over_time("] {
            queries.push(around(NESTING - 1, before, &chain, "[1m:1m])"));
        }
        queries.push(around(NESTING - 1, "label_replace(", &chain, ",\"a\",\"b\",\"c\",\"\")"));
        queries.push(around(NESTING - 1, "info(", &chain, ")"));
        queries.push(around(NESTING - 1, "count_values(\"a\",", &chain, ")"));
        queries.push(around(NESTING - 1, "up + abs(--", "up", ")"));
        // Three times as much is what a thread has. Without optimisation this is a near thing.
        let stack = (2 << 20) / 3;
        let thread = std::thread::Builder::new().stack_size(stack);
        thread
            .spawn(move || queries.iter().for_each(|query| live_through(query)))
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn what_is_beyond_is_refused_with_its_limit() {
        for (name, shape) in NESTED {
            let reason = words(&shape(20_000.min(LENGTH / 40)));
            let is_said =
                reason.contains("limit of 60 levels") || reason.contains("limit of 200 of them");
            assert!(is_said, "{name}: {reason}");
        }
        for (name, shape) in CHAINS {
            let reason = words(&shape(OPERATORS + 1));
            assert!(reason.contains("limit of 200 of them"), "{name}: {reason}");
        }
        for open in ["(", "[", "{", "abs("] {
            assert!(words(&open.repeat(10_000)).contains("limit of 60 levels"), "{open}");
        }
        assert!(words(&"(".repeat(100_000)).contains("100000 bytes, more than the limit of 65536"));
        let patterns = format!("{{{}}}", "a=~\"b\",".repeat(PATTERNS + 1));
        assert!(words(&patterns).contains("limit of 100 of them"));
    }

    #[test]
    fn nothing_hides_in_strings_and_comments_and_nothing_in_them_counts() {
        let many = "+up".repeat(OPERATORS + 1);
        for hidden in [
            format!("up # said\r{many}"),
            format!("{{a=`\\``}} {many} + {{a=`b`}}"),
            format!("{{a=\"\\\\\"}} {many}"),
            format!("up[5m] {many}"),
            format!("(]{}", "(]".repeat(NESTING)),
        ] {
            assert!(words(&hidden).contains("beyond the limit"), "{hidden}");
        }
        let names = "a-1|".repeat(OPERATORS + 1);
        for plain in [
            format!("up{{pod=~\"{names}\"}}"),
            format!("up{{pod=~'{names}(\\'('}} # {many}\n + up"),
            format!("sum by ({}) (up)", vec!["pod"; 2 * OPERATORS].join(",")),
            format!("up # {}\n", "(".repeat(2 * NESTING)),
            format!("{{a=\"{}\"}}", "(".repeat(2 * NESTING)),
            format!("{{{}}}", vec!["a!=\"b\""; 2 * OPERATORS].join(",")),
        ] {
            check(&plain).unwrap();
        }
    }
}
