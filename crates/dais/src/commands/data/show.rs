//! Versions, differences, rows and columns, drawn for people.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::language::say;
use crate::output::Table;

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub fn versions(versions: &Value) -> Table {
    let empty = say("no version yet; make one: dais upload", "还没有版本；创建：dais upload");
    let head = ["VERSION", "FILES", "BYTES", "CREATED", "BY", "TAGS", "MADE BY"];
    let mut table = Table::new(&head, empty);
    for version in items(versions).collect::<Vec<_>>().into_iter().rev() {
        let tags: Vec<String> = items(&version["tags"]).map(text).collect();
        let origin = &version["origin"];
        let made = match origin["kind"].as_str() {
            Some(kind) => format!("{kind} {}", text(&origin["name"])),
            None => String::new(),
        };
        let of = |key: &str| text(&version[key]);
        table.row(vec![
            of("name"),
            of("files"),
            of("bytes"),
            of("createdAt"),
            of("createdBy"),
            tags.join(" "),
            made,
        ]);
    }
    table
}

pub fn diff(found: &Value) -> Table {
    let same = say("the versions hold the same files", "两个版本的文件相同");
    let mut table = Table::new(&["", "FILE", "BEFORE", "AFTER"], same);
    for entry in items(&found["entries"]) {
        let path = text(&entry["path"]);
        let old = text(&entry["before"]["path"]);
        let shown = match entry["kind"].as_str() {
            Some("renamed") => format!("{old} → {path}"),
            _ => path,
        };
        let (before, after) = (text(&entry["before"]["size"]), text(&entry["after"]["size"]));
        table.row(vec![text(&entry["kind"]), shown, before, after]);
    }
    table
}

pub fn summary(summary: &Value) -> String {
    let kinds = ["added", "removed", "changed", "renamed", "unchanged"];
    let words = kinds.map(|kind| format!("{kind} {}", text(&summary[kind]["files"])));
    words.join(", ")
}

/// # Errors
/// For what has neither rows nor text.
pub fn preview(found: &Value) -> Result<String> {
    let content = &found["content"];
    if let Some(columns) = content["columns"].as_array() {
        let head: Vec<String> = columns.iter().map(text).collect();
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let mut table = Table::new(&head, say("no rows", "没有行"));
        for row in items(&content["rows"]) {
            table.row(items(&row["values"]).map(|value| one_line(&text(value))).collect());
        }
        return Ok(table.draw().trim_end().to_owned());
    }
    match content["text"].as_str() {
        Some(text) => Ok(text.trim_end().to_owned()),
        None => bail!(
            "{} {}",
            say("a terminal cannot show a file of the kind", "终端无法显示此类文件："),
            text(&found["format"])
        ),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\t'], " ")
}

pub fn profile(found: &Value) -> Table {
    let head = ["COLUMN", "TYPE", "MISSING", "DISTINCT", "FROM", "TO", "MOST OFTEN"];
    let mut table = Table::new(&head, say("no columns", "没有列"));
    for column in items(&found["columns"]) {
        let range = [&column["numbers"], &column["times"], &column["lengths"]];
        let range = range.into_iter().find(|range| range.is_object()).unwrap_or(&Value::Null);
        let about = if column["distinctExact"] == false { "≈ " } else { "" };
        let of = |key: &str| text(&column[key]);
        table.row(vec![
            of("name"),
            of("type"),
            of("missing"),
            format!("{about}{}", of("distinct")),
            text(&range["min"]),
            text(&range["max"]),
            one_line(&text(&column["top"][0]["value"])),
        ]);
    }
    table
}
