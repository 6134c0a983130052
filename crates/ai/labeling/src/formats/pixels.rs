//! Coordinates as other formats have them.

use serde_json::{Map, Value};

use crate::answer::{Answer, Size};

/// Rounds away what a conversion and back again adds, and nothing that a tool wrote: twelve
/// digits of a number that is at most `side`, of the fifteen that doubles have.
fn settled(number: f64, side: f64) -> f64 {
    let scale = 10_f64.powf(12.0 - side.log10().floor());
    (number * scale).round() / scale
}

/// Percent of a side to pixels, or with side 1 to shares.
pub(super) fn from_percent(percent: f64, side: f64) -> f64 {
    settled(percent * side / 100.0, side)
}

/// Pixels of a side, or shares of side 1, to percent.
pub(super) fn to_percent(length: f64, side: f64) -> f64 {
    settled(length * 100.0 / side, 100.0)
}

/// The image's size, as the answer says or else the task's `width` and `height`.
pub(super) fn size(answer: Option<&Answer>, data: &Map<String, Value>) -> Option<Size> {
    let drawn = match answer {
        Some(Answer::Boxes(drawing)) => drawing.size,
        Some(Answer::Polygons(drawing)) => drawing.size,
        _ => None,
    };
    let side = |name: &str| {
        let number = data.get(name).and_then(Value::as_u64);
        number.and_then(|side| u32::try_from(side).ok()).filter(|side| *side > 0)
    };
    drawn.or_else(|| Some(Size { width: side("width")?, height: side("height")? }))
}
