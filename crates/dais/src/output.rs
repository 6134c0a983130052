//! What people and programs read: failures, tables, JSON, YAML.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::cli::Format;
use crate::language::say;

/// Prints an error with its causes, each once, to standard error.
pub fn failure(error: &anyhow::Error) {
    eprintln!("{}: {error}", say("error", "错误"));
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let words = cause.to_string();
        if !last.contains(&words) {
            eprintln!("  {}: {words}", say("because", "原因"));
        }
        last = words;
    }
}

/// Prints `value` in the form that was asked for; `table` draws it for people.
pub fn print<T: Serialize>(format: Format, value: &T, table: impl FnOnce() -> Table) -> Result<()> {
    match format {
        Format::Table => print!("{}", table().draw()),
        Format::Json => {
            println!("{}", serde_json::to_string_pretty(value).context("writing JSON")?)
        }
        Format::Csv => print!("{}", table().csv()),
        Format::Yaml => print!("{}", serde_saphyr::to_string(value).context("writing YAML")?),
    }
    Ok(())
}

/// Columns of text, aligned.
#[derive(Debug, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    empty: String,
}

impl Table {
    /// `empty` is said instead of a head without rows.
    pub fn new(head: &[&str], empty: &str) -> Self {
        let head = head.iter().map(|&word| word.to_owned()).collect();
        Self { head, rows: Vec::new(), empty: empty.to_owned() }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// RFC 4180; a cell that a spreadsheet would take for a formula becomes text.
    pub fn csv(&self) -> String {
        let cell = |cell: &String| {
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let text = if formula { format!("'{cell}") } else { cell.clone() };
            match text.contains(['"', ',', '\n', '\r']) {
                true => format!("\"{}\"", text.replace('"', "\"\"")),
                false => text,
            }
        };
        let all = std::iter::once(&self.head).chain(&self.rows);
        all.map(|row| row.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n").collect()
    }

    pub fn draw(&self) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", self.empty);
        }
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let widths: Vec<usize> = (0..self.head.len())
            .map(|at| {
                all().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        all().map(|row| line(row, &widths)).collect()
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, wanted) in row.iter().zip(widths) {
        text.push_str(cell);
        text.push_str(&" ".repeat(wanted - width(cell) + 3));
    }
    format!("{}\n", text.trim_end())
}

/// Columns that a text takes in a terminal: East Asian wide characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1F9FF | 0x20000..=0x3FFFD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_latin_cells_line_up() {
        let mut table = Table::new(&["NAME", "状态"], "none");
        table.row(vec!["数字".into(), "ok".into()]);
        table.row(vec!["digits".into(), "运行中".into()]);
        assert_eq!(table.draw(), "NAME     状态\n数字     ok\ndigits   运行中\n");
    }

    #[test]
    fn a_table_for_spreadsheets_runs_nothing() {
        let mut table = Table::new(&["NAME", "WHY"], "none");
        table.row(vec!["=1+1".into(), "a, \"b\"".into()]);
        assert_eq!(table.csv(), "NAME,WHY\r\n'=1+1,\"a, \"\"b\"\"\"\r\n");
    }

    #[test]
    fn nothing_is_said_in_words() {
        assert_eq!(Table::new(&["NAME"], "no jobs").draw(), "no jobs\n");
    }
}
