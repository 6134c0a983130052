//! How many values the rows of a Parquet row group hold, before they are read.
//!
//! A list is written as its values with a repetition level each, 0 where a row
//! begins (apache/parquet-format, `README.md`, "Nested Encoding"). Levels are
//! run-length encoded, so that a file of a few hundred bytes can hold a row of a
//! thousand million values, which the `parquet` crate would all put into memory.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;

/// Values of one column in one row: some 40 MB when they are read.
pub(crate) const MOST: u64 = 1_000_000;

/// Values of the longest row. Each page's number of rows that begin there and
/// its bytes go to `found`.
///
/// # Errors
/// When a row holds more than [`MOST`] values of a column, or levels cannot be read.
pub(crate) fn check(
    pages: Box<dyn PageReader>,
    levels: i16,
    mut found: impl FnMut(u64, u64),
) -> Result<u64, ParquetError> {
    let bits = u16::BITS - levels.unsigned_abs().leading_zeros();
    let mut row = Row { bits, ..Row::default() };
    for page in pages {
        let page = page?;
        let before = row.begun;
        row.page(&page)?;
        if page.is_data_page() {
            found(row.begun - before, page.buffer().len() as u64);
        }
    }
    Ok(row.longest)
}

fn wrong(problem: &str) -> ParquetError {
    ParquetError::General(problem.to_owned())
}

#[derive(Default)]
struct Row {
    bits: u32,
    /// Of the row that a page may leave unfinished.
    values: u64,
    longest: u64,
    begun: u64,
}

impl Row {
    fn page(&mut self, page: &Page) -> Result<(), ParquetError> {
        let torn = || wrong("its repetition levels are torn");
        match page {
            Page::DictionaryPage { .. } => Ok(()),
            Page::DataPage { buf, num_values, rep_level_encoding, .. } => {
                if *rep_level_encoding != Encoding::RLE {
                    return Err(wrong("its repetition levels are in an encoding that is not read"));
                }
                let (length, rest) = buf.split_first_chunk().ok_or_else(torn)?;
                let length = u32::from_le_bytes(*length) as usize;
                self.levels(rest.get(..length).ok_or_else(torn)?, u64::from(*num_values))
            }
            Page::DataPageV2 { buf, num_values, rep_levels_byte_len, .. } => {
                let levels = buf.get(..*rep_levels_byte_len as usize).ok_or_else(torn)?;
                self.levels(levels, u64::from(*num_values))
            }
        }
    }

    /// Runs and bit-packed groups in turn (apache/parquet-format, `Encodings.md`, "RLE").
    fn levels(&mut self, mut from: &[u8], mut left: u64) -> Result<(), ParquetError> {
        let width = self.bits.div_ceil(8) as usize;
        while left > 0 {
            let torn = || wrong("its repetition levels are torn");
            let header = varint(&mut from).ok_or_else(torn)?;
            let count = header >> 1;
            if header & 1 == 0 {
                let value = from.split_off(..width).ok_or_else(torn)?;
                let count = count.min(left);
                match value.iter().all(|byte| *byte == 0) {
                    true if count > 0 => self.begin(count),
                    _ => self.add(count)?,
                }
                left -= count;
                continue;
            }
            let bytes = usize::try_from(count).ok().and_then(|c| c.checked_mul(self.bits as usize));
            let packed = bytes.and_then(|bytes| from.split_off(..bytes)).ok_or_else(torn)?;
            let count = (count * 8).min(left);
            for at in 0..count {
                let mut bits = at * u64::from(self.bits)..(at + 1) * u64::from(self.bits);
                let set = |bit: u64| packed[(bit / 8) as usize] >> (bit % 8) & 1 == 1;
                if bits.any(set) { self.add(1)? } else { self.begin(1) }
            }
            left -= count;
        }
        Ok(())
    }

    fn begin(&mut self, rows: u64) {
        self.values = 1;
        self.longest = self.longest.max(1);
        self.begun = self.begun.saturating_add(rows);
    }

    fn add(&mut self, values: u64) -> Result<(), ParquetError> {
        self.values = self.values.saturating_add(values);
        self.longest = self.longest.max(self.values);
        match self.values > MOST {
            true => Err(wrong(&format!("a row holds more than {MOST} values of one column"))),
            false => Ok(()),
        }
    }
}

pub(super) fn varint(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_row_are_counted_over_runs_and_pages() {
        let mut row = Row { bits: 1, ..Row::default() };
        // A run of one 0, then eight packed levels: 1 1 1 0 1 1 1 1.
        row.levels(&[2, 0, 3, 0b1111_0111], 9).expect("reads");
        assert_eq!((row.values, row.begun, row.longest), (5, 2, 5));
        // A run of 600,000 ones: 1,200,000 is 0xc0 0x9f 0x49 in sevens.
        let run = [0xc0 | 0x80, 0x9f, 0x49, 1];
        row.levels(&run, 600_000).expect("still allowed");
        assert_eq!(row.values, 600_005);
        assert!(row.levels(&run, 600_000).is_err(), "too many over two pages");
        assert!(row.levels(&[3], 8).is_err() && row.levels(&[], 1).is_err());
        assert!(row.levels(&[0, 0], 1).is_err(), "runs of nothing end with the bytes");
    }
}
