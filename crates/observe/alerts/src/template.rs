//! Messages in words: templates in Jinja's syntax, a default one for each language.
//!
//! A template is two: `title`, one line for the message, and `alert`, told once for each
//! alert. So a message that is too long for its receiver is cut between alerts.

mod context;
mod defaults;
mod format;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use minijinja::{Environment, UndefinedBehavior};

use crate::config::language::Language;
use crate::config::raw;
use crate::error::{Error, Result};
use crate::message::Message;
pub use context::Style;
pub use defaults::left_out;
pub use format::Format;

/// Names inside an environment.
const TITLE: &str = "title";
const ALERT: &str = "alert";

#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
}

/// A message in words, not yet cut to what its receiver takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub title: String,
    pub alerts: Vec<String>,
    pub language: Language,
}

/// Every template of a configuration, for both languages.
pub struct Templates {
    by_name: BTreeMap<(String, Language), Arc<Template>>,
    defaults: [Arc<Template>; 2],
}

impl Templates {
    /// # Errors
    /// A template cannot be read, names what is not there, or fails on an example.
    pub fn compile(own: &[raw::Template], zone: &TimeZone) -> Result<Self> {
        let compile = |field: &str, raw: Option<&raw::Template>, language| {
            Template::compile(field, raw, language, zone).map(Arc::new)
        };
        let mut by_name = BTreeMap::new();
        for (at, raw) in own.iter().enumerate() {
            let field = format!("second document: templates[{at}]");
            for language in [Language::En, Language::Zh] {
                let template = compile(&field, Some(raw), language)?;
                if by_name.insert((raw.name.clone(), language), template).is_some() {
                    let reason = format!("{:?} is there twice", raw.name);
                    let hint = "give each template its own name";
                    return Err(Error::invalid(format!("{field}.name"), reason, hint));
                }
            }
        }
        let defaults =
            [compile("templates", None, Language::En)?, compile("templates", None, Language::Zh)?];
        Ok(Templates { by_name, defaults })
    }

    pub fn default_of(&self, language: Language) -> Arc<Template> {
        let [en, zh] = &self.defaults;
        match language {
            Language::En => en.clone(),
            Language::Zh => zh.clone(),
        }
    }

    pub fn named(&self, name: &str, language: Language) -> Option<Arc<Template>> {
        self.by_name.get(&(name.to_owned(), language)).cloned()
    }
}

impl Template {
    fn compile(
        field: &str,
        raw: Option<&raw::Template>,
        language: Language,
        zone: &TimeZone,
    ) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        format::teach(&mut environment);
        let title = raw.and_then(|raw| raw.title.clone());
        let alert = raw.and_then(|raw| raw.alert.clone());
        for (part, source, known) in [
            (TITLE, title.unwrap_or_else(|| defaults::title(language).into()), context::TITLE),
            (ALERT, alert.unwrap_or_else(|| defaults::alert(language).into()), context::ALERT),
        ] {
            let field = format!("{field}.{part}");
            environment.add_template_owned(part, source).map_err(|error| broken(&field, &error))?;
            let used = environment.get_template(part).map_err(|error| broken(&field, &error))?;
            let is_known = |name: &String| {
                known.contains(&name.as_str()) || environment.globals().any(|(own, _)| own == name)
            };
            let unknown = used.undeclared_variables(false);
            if let Some(name) = unknown.iter().find(|name| !is_known(name)) {
                let reason = format!("{name:?} is nothing that a template can name");
                let hint = format!("there are {}", known.join(", "));
                return Err(Error::invalid(field, reason, hint));
            }
        }
        let template = Template { environment };
        for format in [Format::Plain, Format::Html, Format::Markdown, Format::Mrkdwn] {
            let style = Style { language, format, zone, external_url: "https://example.org" };
            let example = Message::example("example", language, jiff::Timestamp::UNIX_EPOCH);
            template.tell(&example, &style).map_err(|error| broken(field, &error))?;
        }
        Ok(template)
    }

    /// # Errors
    /// The template fails on this message.
    pub fn tell(
        &self,
        message: &Message,
        style: &Style<'_>,
    ) -> std::result::Result<Words, minijinja::Error> {
        let title = self.environment.get_template(TITLE)?.render(context::title(message, style))?;
        let alert = self.environment.get_template(ALERT)?;
        let alerts = message
            .alerts
            .iter()
            .map(|told| Ok(alert.render(context::alert(told, message, style))?.trim().to_owned()))
            .collect::<std::result::Result<_, minijinja::Error>>()?;
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Words { title, alerts, language: style.language })
    }
}

impl Words {
    /// The alerts one after another, in at most `limit` of what `size` measures. What finds
    /// no room is counted in a note; a first alert that is too long is cut itself.
    pub fn fit(&self, limit: usize, size: impl Fn(&str) -> usize) -> String {
        const BETWEEN: &str = "\n\n";
        let whole = self.alerts.join(BETWEEN);
        if size(&whole) <= limit {
            return whole;
        }
        let note = |left| left_out(self.language, left);
        let some = |count: usize| {
            let text = self.alerts[..count].join(BETWEEN);
            format!("{text}{BETWEEN}{}", note(self.alerts.len() - count))
        };
        let counts: Vec<usize> = (1..self.alerts.len()).collect();
        let fitting = counts.partition_point(|count| size(&some(*count)) <= limit);
        if fitting > 0 {
            return some(fitting);
        }
        let left = self.alerts.len().saturating_sub(1);
        let tail = if left > 0 { format!("…{BETWEEN}{}", note(left)) } else { "…".to_owned() };
        let first = self.alerts.first().map_or("", String::as_str);
        let cut = |end: usize| format!("{}{tail}", &first[..end]);
        let ends: Vec<usize> = first.char_indices().map(|(at, _)| at).collect();
        let fitting = ends.partition_point(|end| size(&cut(*end)) <= limit);
        if fitting > 0 { cut(ends[fitting - 1]) } else { String::new() }
    }
}

fn broken(field: &str, error: &minijinja::Error) -> Error {
    let mut reason = error.to_string();
    if let Some(line) = error.line() {
        reason = format!("line {line}: {reason}");
    }
    Error::invalid(field, reason, "templates are in Jinja's syntax, as minijinja reads it")
}
