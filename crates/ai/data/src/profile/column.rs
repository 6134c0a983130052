//! One column: what kinds of values it has, and their sums.

use serde_json::{Value, json};

use super::distinct::Distinct;
use super::numbers::Numbers;
use super::top::Top;
use crate::table::cell::Cell;

#[derive(Default)]
pub(crate) struct Column {
    kinds: Kinds,
    numbers: Numbers,
    times: Numbers,
    top: Top,
    distinct: Distinct,
    /// Fewest and most characters of a text.
    lengths: Option<(usize, usize)>,
}

#[derive(Default)]
struct Kinds {
    boolean: u64,
    integer: u64,
    number: u64,
    timestamp: u64,
    text: u64,
}

impl Kinds {
    fn all(&self) -> u64 {
        self.boolean + self.integer + self.number + self.timestamp + self.text
    }

    /// The narrowest type that holds every value.
    fn common(&self) -> &'static str {
        let all = self.all();
        match () {
            () if all == 0 => "empty",
            () if self.boolean == all => "boolean",
            () if self.integer == all => "integer",
            () if self.integer + self.number == all => "number",
            () if self.timestamp == all => "timestamp",
            () => "text",
        }
    }
}

impl Column {
    /// `text` is the value as the file has it.
    pub fn add(&mut self, cell: &Cell, text: &str) {
        match cell {
            Cell::Missing => return,
            Cell::Boolean(_) => self.kinds.boolean += 1,
            Cell::Integer(value) => {
                self.kinds.integer += 1;
                self.numbers.add(*value as f64);
            }
            // What is no number counts as missing.
            Cell::Number(value) if !value.is_finite() => return,
            Cell::Number(value) => {
                self.kinds.number += 1;
                self.numbers.add(*value);
            }
            Cell::Time(value) => {
                self.kinds.timestamp += 1;
                self.times.add(*value as f64);
            }
            Cell::Text(_) => self.kinds.text += 1,
        }
        let length = text.chars().count();
        let (fewest, most) = self.lengths.unwrap_or((length, length));
        self.lengths = Some((fewest.min(length), most.max(length)));
        self.top.add(text);
        self.distinct.add(cell);
    }

    /// `rows` is how many rows the table has.
    pub fn shown(&self, name: &str, rows: u64) -> Value {
        let Kinds { boolean, integer, number, timestamp, text } = &self.kinds;
        let kind = self.kinds.common();
        let (distinct, exact) = self.distinct.count();
        let mut shown = json!({
            "name": name, "type": kind,
            "values": self.kinds.all(), "missing": rows - self.kinds.all(),
            "distinct": distinct, "distinctExact": exact,
            "kinds": {
                "boolean": boolean, "integer": integer, "number": number,
                "timestamp": timestamp, "text": text,
            },
            "top": self.top.shown(),
        });
        match kind {
            "integer" | "number" => shown["numbers"] = self.numbers.shown(kind == "integer"),
            "timestamp" => shown["times"] = self.times.shown(true),
            "text" => {
                let (fewest, most) = self.lengths.unwrap_or_default();
                shown["lengths"] = json!({ "min": fewest, "max": most });
            }
            _ => {}
        }
        shown
    }
}
