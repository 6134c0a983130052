//! Delimiter and header of a CSV file, told from its beginning.

use std::collections::HashMap;

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::cell::Cell;

const CANDIDATES: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Rows that are looked at.
const ROWS: usize = 50;

/// The delimiter with which most rows have one and the same number of fields,
/// more than one; of two equals the one that makes more fields. A comma when
/// there is none.
pub(crate) fn delimiter(start: &[u8]) -> u8 {
    let mut best = (0, 0, b',');
    for candidate in CANDIDATES {
        let mut widths: HashMap<usize, usize> = HashMap::new();
        for row in rows(start, candidate) {
            *widths.entry(row.len()).or_default() += 1;
        }
        let common = widths.into_iter().filter(|(width, _)| *width > 1);
        if let Some((width, count)) = common.max_by_key(|(width, count)| (*count, *width))
            && (count, width) > (best.0, best.1)
        {
            best = (count, width, candidate);
        }
    }
    best.2
}

/// The first row names columns when its fields are distinct texts: neither
/// empty, nor numbers, times or truth values.
pub(crate) fn header(start: &[u8], delimiter: u8) -> bool {
    let Some(first) = rows(start, delimiter).into_iter().next() else { return false };
    let mut seen = std::collections::HashSet::new();
    first.iter().all(|field| {
        let text = String::from_utf8_lossy(field);
        matches!(Cell::of_text(&text), Cell::Text(_)) && seen.insert(field)
    })
}

/// The rows that are whole in a sample, or its only one.
fn rows(sample: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let (mut output, mut ends) = (vec![0; sample.len() + 1], vec![0; sample.len() + 1]);
    let (mut rest, mut found) = (sample, Vec::new());
    while found.len() < ROWS {
        let (mut written, mut fields) = (0, 0);
        let whole = loop {
            let (result, read, wrote, ended) =
                reader.read_record(rest, &mut output[written..], &mut ends[fields..]);
            (written, fields) = (written + wrote, fields + ended);
            let last = rest.is_empty();
            rest = &rest[read..];
            match result {
                ReadRecordResult::Record if last && !found.is_empty() => break false,
                ReadRecordResult::Record => break true,
                ReadRecordResult::InputEmpty if !last => {}
                _ => break false,
            }
        };
        if !whole {
            break;
        }
        let starts = std::iter::once(0).chain(ends[..fields].iter().copied());
        found.push(starts.zip(&ends[..fields]).map(|(a, b)| output[a..*b].to_vec()).collect());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_and_headers_are_told() {
        for (text, delimiter_, header_) in [
            ("a,b\n1,2\n3,4\n", b',', true),
            ("a;b\n1,5;2,5\n3,1;4,1\n", b';', true),
            ("name\tage\n\"x, y\"\t3\n", b'\t', true),
            ("1|2\n3|4\n", b'|', false),
            ("姓名,年龄\n王,3\n", b',', true),
            ("x,x\n1,2\n", b',', false),
            ("word\nother\n", b',', true),
            ("", b',', false),
        ] {
            let found = delimiter(text.as_bytes());
            assert_eq!((found, header(text.as_bytes(), found)), (delimiter_, header_), "{text:?}");
        }
    }
}
