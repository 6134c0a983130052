//! Which lines belong to the line before them: stack traces of Python, Java, Go,
//! Rust and Node. Pure; remembers only what the last lines were.

/// What the lines of one stream have been so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum State {
    /// A line that may be followed by a trace.
    #[default]
    Plain,
    /// Inside a Python traceback: its frames, then one line with the error.
    Python,
    /// Behind the error of a Python traceback.
    PythonEnd,
    /// Inside a Java or Node trace.
    Frames,
    /// Inside what Go prints when it panics, to its end.
    Go,
    /// Behind the head of a Rust panic: the message comes.
    RustMessage,
    /// Behind the message: a note, and frames.
    Rust,
}

impl State {
    /// Whether `line` continues what came before, and the state behind it.
    pub fn follow(self, line: &str) -> (bool, State) {
        let (is_indented, text) = (line.starts_with([' ', '\t']), line.trim());
        let started = start(line);
        match self {
            State::Python if is_indented || text.is_empty() => (true, State::Python),
            // `ValueError: bad`; the message may go on, indented or not, which nobody can tell.
            State::Python => (true, State::PythonEnd),
            State::PythonEnd if text.is_empty() || is_chain(text) => (true, State::PythonEnd),
            State::PythonEnd if started == State::Python => (true, State::Python),
            State::PythonEnd if is_indented => (true, State::PythonEnd),
            State::Go if is_go(line) => (true, State::Go),
            State::RustMessage if !text.is_empty() => (true, State::Rust),
            State::Rust if is_rust(line) => (true, State::Rust),
            _ if is_frame(line) => (true, State::Frames),
            State::Frames if is_indented || text == "}" => (true, State::Frames),
            _ => (false, started),
        }
    }

    /// Whether the last line can be continued without a sign in the next.
    pub fn is_open(self) -> bool {
        self != State::Plain
    }
}

/// What a line that continues nothing begins.
fn start(line: &str) -> State {
    let line = line.trim_start();
    if line.starts_with("Traceback (most recent call last)") {
        State::Python
    } else if line.starts_with("panic: ") || line.starts_with("fatal error: ") || is_goroutine(line)
    {
        State::Go
    } else if line.starts_with("thread '") && line.contains("panicked at") {
        // Older compilers put the message into the head itself.
        if line.ends_with(':') { State::RustMessage } else { State::Rust }
    } else if line.starts_with("Exception in thread ") {
        State::Frames
    } else {
        State::Plain
    }
}

/// Between two tracebacks of one error.
fn is_chain(text: &str) -> bool {
    text.starts_with("During handling of the above exception")
        || text.starts_with("The above exception was the direct cause")
}

/// A line that only a Java or Node trace holds, whatever came before it.
fn is_frame(line: &str) -> bool {
    let text = line.trim_start();
    let is_indented = text.len() < line.len();
    let is_more = text
        .strip_prefix("... ")
        .is_some_and(|rest| rest.ends_with(" more") || rest.ends_with("common frames omitted"));
    (is_indented && (text.starts_with("at ") || is_more || text.starts_with("Suppressed: ")))
        || text.starts_with("Caused by: ")
}

fn is_goroutine(line: &str) -> bool {
    line.strip_prefix("goroutine ").is_some_and(|rest| rest.ends_with("]:"))
}

/// `main.run(0x1)`, its indented place, `created by …`, a signal, the exit status.
fn is_go(line: &str) -> bool {
    let is_call = line.ends_with(')') && line.contains('(') && !line.starts_with(['{', '[']);
    line.is_empty()
        || line.starts_with('\t')
        || line.starts_with("[signal ")
        || line.starts_with("panic: ")
        || line.starts_with("created by ")
        || line.starts_with("exit status ")
        || is_goroutine(line)
        || is_call && !line.contains(": ")
}

/// A note, and numbered frames with their places.
fn is_rust(line: &str) -> bool {
    let text = line.trim_start();
    let is_indented = text.len() < line.len();
    let is_numbered = text
        .split_once(": ")
        .is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    text.starts_with("stack backtrace:")
        || text.starts_with("note: ")
        || is_indented && (is_numbered || text.starts_with("at "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text, joined as the collector joins them.
    fn joined(text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut state = State::Plain;
        for line in text.lines() {
            let (continues, next) = state.follow(line);
            state = next;
            match found.last_mut() {
                Some(last) if continues => *last = format!("{last}\n{line}"),
                _ => found.push(line.to_owned()),
            }
        }
        found
    }

    fn assert_one_between(trace: &str) {
        let text = format!("INFO before\n{trace}\nINFO after: ok (1)");
        assert_eq!(joined(&text), ["INFO before", trace, "INFO after: ok (1)"]);
    }

    #[test]
    fn a_trace_of_each_language_is_one_entry() {
        for trace in [
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    run()\nKeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 3, in <module>\nValueError: bad",
            "Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat com.example.Main.run(Main.java:7)\n\t... 3 more\nCaused by: java.io.IOException: gone\n\tat com.example.Io.read(Io.java:9)",
            "2026-11-24 ERROR Handler failed\njava.lang.NullPointerException: x\n\tat a.B.c(B.java:1)".split_once('\n').unwrap().1,
            "panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.run(0x1, {0xc000012345, 0x3})\n\t/src/main.go:7 +0x1d\nmain.main()\n\t/src/main.go:3 +0x20\nexit status 2",
            "thread 'main' panicked at src/main.rs:2:5:\nindex out of bounds\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/library/std/src/panicking.rs:1:1\nnote: run with `RUST_BACKTRACE=full`",
            "TypeError: Cannot read properties of undefined (reading 'x')\n    at Object.<anonymous> (/app/index.js:3:9)\n    at node:internal/main/run_main_module:28:49 {\n  code: 'X'\n}",
        ] {
            assert_one_between(trace);
        }
    }

    #[test]
    fn lines_that_only_look_alike_stay_apart() {
        let text = "step 1\n  indented detail\nat noon\nnote: fine\nmain()\n}";
        assert_eq!(joined(text).len(), 6);
    }
}
