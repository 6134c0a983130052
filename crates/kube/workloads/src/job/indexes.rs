//! Sets of completion indexes, in the short form of the API ("0,2-4").

use std::collections::BTreeSet;

/// Reads the short form; what cannot be read is left out.
pub fn parse(text: &str) -> BTreeSet<i32> {
    let parts = text.split(',').filter_map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.trim().parse().ok()?..=to.trim().parse().ok()?)
    });
    parts.flatten().collect()
}

/// Writes the short form: runs of three and more are joined, as well as pairs
/// beyond which the real one joins ("0,1" stays, "0-2").
pub fn format(indexes: &BTreeSet<i32>) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for index in indexes {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => runs.push((*index, *index)),
        }
    }
    let parts: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first},{last}"),
            _ => format!("{first}-{last}"),
        })
        .collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["", "0", "0,1", "0-2", "0,1,3-5,9"] {
            assert_eq!(format(&parse(text)), text);
        }
        assert_eq!(parse("1,x,3"), BTreeSet::from([1, 3]));
    }
}
