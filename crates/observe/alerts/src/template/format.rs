//! The kinds of text that receivers understand, and what would be misread in each.

use std::fmt;

use minijinja::value::Value;
use minijinja::{Environment, Error, Output, State};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Of mail.
    Plain,
    Html,
    /// Of DingTalk, WeCom and Feishu.
    Markdown,
    /// Slack's own.
    Mrkdwn,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Plain => "plain",
            Format::Html => "html",
            Format::Markdown => "markdown",
            Format::Mrkdwn => "mrkdwn",
        }
    }

    fn of(state: &State<'_, '_>) -> Format {
        let name = state.lookup("format");
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        let all = [Format::Html, Format::Markdown, Format::Mrkdwn];
        all.into_iter().find(|format| format.name() == name).unwrap_or(Format::Plain)
    }

    /// Text from outside as nothing but text: no tag, mention or link of its own.
    pub fn escape(self, text: &str) -> String {
        match self {
            Format::Plain => text.to_owned(),
            Format::Html => {
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                text.replace('"', "&quot;")
            }
            // No escape is understood by all three services: a sign that looks alike is.
            Format::Markdown => text.replace('<', "＜").replace("](", "] ("),
            Format::Mrkdwn => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        }
    }

    fn bold(self, text: &str) -> String {
        let text = self.escape(text);
        match self {
            Format::Plain => text,
            Format::Html => format!("<b>{text}</b>"),
            Format::Markdown => format!("**{text}**"),
            Format::Mrkdwn => format!("*{text}*"),
        }
    }

    /// A link, where the address is one of the web; else nothing but its text.
    fn link(self, text: &str, address: &str) -> String {
        let is_web = address.starts_with("https://") || address.starts_with("http://");
        let is_whole = !address.contains(|c: char| c.is_whitespace() || "<>()|\"".contains(c));
        if !is_web || !is_whole {
            return format!("{}: {}", self.escape(text), self.escape(address));
        }
        match self {
            Format::Plain => format!("{text}: {address}"),
            Format::Html => {
                format!("<a href=\"{}\">{}</a>", self.escape(address), self.escape(text))
            }
            Format::Markdown => format!("[{}]({address})", self.escape(text)),
            Format::Mrkdwn => format!("<{}|{}>", self.escape(address), self.escape(text)),
        }
    }
}

/// Makes an environment write for the `format` of its context.
pub fn teach(environment: &mut Environment<'_>) {
    environment.add_function("bold", |state: &State<'_, '_>, text: &Value| {
        Value::from_safe_string(Format::of(state).bold(&text.to_string()))
    });
    environment.add_function("link", |state: &State<'_, '_>, text: &Value, address: &Value| {
        let link = Format::of(state).link(&text.to_string(), &address.to_string());
        Value::from_safe_string(link)
    });
    environment.set_formatter(write);
}

fn write(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(());
    }
    let text = value.to_string();
    let text = if value.is_safe() { text } else { Format::of(state).escape(&text) };
    fmt::Write::write_str(out, &text).map_err(Error::from)
}
