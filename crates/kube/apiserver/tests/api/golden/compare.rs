//! Compares a recorded answer with ours, value by value.
//!
//! What another server may choose freely (uids, versions, generated names,
//! addresses, tokens) is mapped: the same recorded value must always stand for the
//! same value of ours, and the other way round.

use std::collections::HashMap;

use serde_json::Value;

use crate::rig::Answered;

/// Recorded values and what they are here.
#[derive(Default)]
pub struct Known {
    ours: HashMap<(&'static str, String), String>,
    recorded: HashMap<(&'static str, String), String>,
}

const NAMED: &[(&str, &str)] = &[
    ("uid", "uid"),
    ("resourceVersion", "version"),
    ("continue", "continue"),
    ("clusterIP", "address"),
    ("controller-uid", "uid"),
    ("batch.kubernetes.io/controller-uid", "uid"),
];

impl Known {
    /// Puts our values where recorded ones stand in a text.
    pub fn substitute(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for ((kind, recorded), ours) in &self.ours {
            match *kind {
                "uid" | "continue" | "name" => text = text.replace(recorded, ours),
                "version" => {
                    for pattern in
                        ["resourceVersion=", "\"resourceVersion\":\"", "\"resourceVersion\": \""]
                    {
                        let end = if pattern.ends_with('"') { "\"" } else { "" };
                        text = replace_whole(
                            &text,
                            &format!("{pattern}{recorded}{end}"),
                            &format!("{pattern}\u{1}{ours}{end}"),
                        );
                    }
                }
                _ => {}
            }
        }
        text.replace('\u{1}', "")
    }

    pub fn compare_answer(&mut self, recorded: &Value, answer: &Answered) -> Vec<String> {
        let mut found = Vec::new();
        if recorded["status"] != answer.code {
            let body: String = String::from_utf8_lossy(&answer.body).chars().take(500).collect();
            let wanted: String = recorded["body"].to_string().chars().take(500).collect();
            return vec![format!(
                "status {} became {}: {body}\n    recorded: {wanted}",
                recorded["status"], answer.code
            )];
        }
        let media = answer
            .headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if let Some(wanted) = recorded["headers"]["content-type"].as_str()
            && wanted != media
        {
            found.push(format!("content-type {wanted} became {media}"));
        }
        let warnings: Vec<&str> = answer
            .headers
            .get_all("warning")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let wanted: Vec<&str> = match &recorded["headers"]["warning"] {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => vec![one],
            _ => Vec::new(),
        };
        if warnings != wanted {
            found.push(format!("warnings {wanted:?} became {warnings:?}"));
        }
        if recorded["body"].is_object() {
            match serde_json::from_slice(&answer.body) {
                Ok(ours) => self.compare("", &recorded["body"], &ours, &mut found),
                Err(error) => found.push(format!("the body is no JSON: {error}")),
            }
        } else if let Some(text) = recorded["text"].as_str()
            && !media.contains("yaml")
            && text != String::from_utf8_lossy(&answer.body)
            && !text.is_empty()
        {
            found.push(format!("text {text:?} became {:?}", String::from_utf8_lossy(&answer.body)));
        }
        found
    }

    pub fn compare_events(&mut self, recorded: &Value, code: u16, events: &[Value]) -> Vec<String> {
        let mut found = Vec::new();
        if recorded["status"] != code {
            return vec![format!("status {} became {code}", recorded["status"])];
        }
        // How often an idle watch sends a bookmark is its own business.
        let idle = |event: &&Value| {
            event["type"] != "BOOKMARK" || event["object"]["metadata"]["annotations"].is_object()
        };
        let wanted: Vec<&Value> =
            recorded["events"].as_array().into_iter().flatten().filter(idle).collect();
        let events: Vec<&Value> = events.iter().filter(idle).collect();
        if wanted.len() != events.len() {
            let show = |list: &[&Value]| {
                list.iter()
                    .map(|one| format!("{} {}", one["type"], one["object"]["metadata"]["name"]))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            return vec![format!(
                "{} events [{}] became {} [{}]",
                wanted.len(),
                show(&wanted),
                events.len(),
                show(&events)
            )];
        }
        for (index, (wanted, ours)) in wanted.iter().zip(&events).enumerate() {
            self.compare(&format!("[{index}].type"), &wanted["type"], &ours["type"], &mut found);
            self.compare(
                &format!("[{index}].object"),
                &wanted["object"],
                &ours["object"],
                &mut found,
            );
        }
        found
    }

    fn compare(&mut self, at: &str, recorded: &Value, ours: &Value, found: &mut Vec<String>) {
        match (recorded, ours) {
            (Value::Object(wanted), Value::Object(have)) => {
                for (key, value) in wanted {
                    match have.get(key) {
                        Some(other) => self.compare_field(at, key, (value, other), found),
                        None => found.push(format!("{at}.{key} is missing: {}", short(value))),
                    }
                }
                for (key, value) in have {
                    if !wanted.contains_key(key) {
                        found.push(format!("{at}.{key} is not in the recording: {}", short(value)));
                    }
                }
            }
            (Value::Array(wanted), Value::Array(have)) => {
                if wanted.len() != have.len() {
                    found.push(format!(
                        "{at}: {} items became {}: {} became {}",
                        wanted.len(),
                        have.len(),
                        short(recorded),
                        short(ours)
                    ));
                    return;
                }
                let (mut wanted, mut have) = (wanted.clone(), have.clone());
                if at.ends_with("managedFields") || at.ends_with("causes") {
                    let key = |value: &Value| {
                        format!(
                            "{} {} {} {}",
                            value["manager"],
                            value["operation"],
                            value["subresource"],
                            value["field"].as_str().unwrap_or_default()
                        )
                    };
                    wanted.sort_by_key(key);
                    have.sort_by_key(key);
                }
                for (index, (wanted, have)) in wanted.iter().zip(&have).enumerate() {
                    self.compare(&format!("{at}[{index}]"), wanted, have, found);
                }
            }
            (Value::String(wanted), Value::String(have)) => {
                self.compare_text(at, wanted, have, found)
            }
            (wanted, have) if wanted == have => {}
            (wanted, have) => found.push(format!("{at}: {} became {}", short(wanted), short(have))),
        }
    }

    fn compare_field(
        &mut self,
        at: &str,
        key: &str,
        (recorded, ours): (&Value, &Value),
        found: &mut Vec<String>,
    ) {
        let at = format!("{at}.{key}");
        if key == "description" && at.contains("columnDefinitions")
            || at.ends_with(".serverAddressByClientCIDRs")
        {
            return;
        }
        if let (Some(wanted), Some(have)) = (recorded.as_str(), ours.as_str()) {
            if let Some((_, kind)) = NAMED.iter().find(|(name, _)| *name == key)
                && !(wanted.is_empty() || wanted == "0" || wanted == "None")
            {
                self.same(kind, wanted, have, &at, found);
                return;
            }
            if is_time(wanted) && is_time(have) && wanted.len() == have.len() {
                return;
            }
            if key == "name"
                && wanted.len() == have.len()
                && wanted.len() > 5
                && wanted[..wanted.len() - 5] == have[..wanted.len() - 5]
                && wanted != have
            {
                self.same("name", wanted, have, &at, found);
                return;
            }
        }
        self.compare(&at, recorded, ours, found);
    }

    fn same(
        &mut self,
        kind: &'static str,
        recorded: &str,
        ours: &str,
        at: &str,
        found: &mut Vec<String>,
    ) {
        let known = self.ours.entry((kind, recorded.to_owned())).or_insert_with(|| ours.to_owned());
        let back =
            self.recorded.entry((kind, ours.to_owned())).or_insert_with(|| recorded.to_owned());
        if known != ours || back != recorded {
            found.push(format!(
                "{at}: {recorded} became {ours}, but it was {known} before, and {ours} was {back}"
            ));
        }
    }

    fn compare_text(&self, at: &str, recorded: &str, ours: &str, found: &mut Vec<String>) {
        if recorded == ours
            || is_time(recorded) && is_time(ours)
            || is_age(recorded) && is_age(ours)
        {
            return;
        }
        let (wanted, have) = (self.neutral(recorded), plain(ours));
        if wanted != have {
            found.push(format!("{at}: {wanted:?} became {have:?}"));
        }
    }

    /// A message with our values for the recorded ones, without times and
    /// versions, and, for lists of errors, in order.
    fn neutral(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for ((kind, recorded), ours) in &self.ours {
            if matches!(*kind, "uid" | "name" | "continue") {
                text = text.replace(recorded, ours);
            }
        }
        plain(&text)
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_age(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_digit() || "smhdy".contains(c))
        && text.ends_with(|c: char| c.is_alphabetic())
}

/// Numbers of four and more digits and times may differ inside messages.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive([' ', '"', ',', '(', ')', '\\']) {
        let bare = word.trim_end_matches([' ', '"', ',', '(', ')', '\\']);
        if is_time(bare) {
            out.push_str(&word.replace(bare, "<time>"));
        } else if bare.len() < 7
            && bare.len() > 2
            && bare.parse::<u64>().is_ok()
            && text.contains("ersion")
        {
            out.push_str(&word.replace(bare, "<number>"));
        } else {
            out.push_str(word);
        }
    }
    out
}

/// Replaces a text only where no digit follows.
fn replace_whole(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let end = at + from.len();
        let cut = rest[end..].starts_with(|c: char| c.is_ascii_digit());
        out.push_str(&rest[..at]);
        out.push_str(if cut { from } else { to });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}
