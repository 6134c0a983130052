//! How many lengths a page of the delta encodings for bytes says to hold.
//!
//! Lengths come before the bytes, in blocks that name their own number
//! (apache/parquet-format, `Encodings.md`, "Delta Encoding"). The `parquet` crate
//! makes room for that number, which ten bytes can put beyond any memory, and a
//! program that cannot get what it asks for ends.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;

use super::nesting::varint;

/// # Errors
/// When a page has more lengths than values, or they cannot be read. The two are
/// the highest repetition and definition level.
pub(crate) fn check(pages: Box<dyn PageReader>, highest: (i16, i16)) -> Result<(), ParquetError> {
    let wrong = || ParquetError::General("the lengths of its values are torn".to_owned());
    for page in pages {
        let page = page?;
        let is_bytes = [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY];
        if page.is_data_page() && is_bytes.contains(&page.encoding()) {
            one(&page, highest).ok_or_else(wrong)?;
        }
    }
    Ok(())
}

fn one(page: &Page, highest: (i16, i16)) -> Option<()> {
    let mut values: &[u8] = page.buffer();
    match page {
        Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
            let levels = def_levels_byte_len.checked_add(*rep_levels_byte_len)?;
            values.split_off(..levels as usize)?;
        }
        Page::DataPage { def_level_encoding, rep_level_encoding, .. } => {
            let levels = [(highest.0, rep_level_encoding), (highest.1, def_level_encoding)];
            for (_, encoding) in levels.into_iter().filter(|(highest, _)| *highest > 0) {
                let length = values.split_off(..4)?.try_into().ok().map(u32::from_le_bytes)?;
                values.split_off(..length as usize)?;
                (*encoding == Encoding::RLE).then_some(())?;
            }
        }
        Page::DictionaryPage { .. } => return None,
    }
    // A page of nothing but missing values may end here.
    if values.is_empty() {
        return Some(());
    }
    let most = u64::from(page.num_values());
    lengths(&mut values, most)?;
    match page.encoding() {
        // Of what each value shares with the one before, then of the rest.
        Encoding::DELTA_BYTE_ARRAY => lengths(&mut values, most),
        _ => Some(()),
    }
}

/// Passes over numbers in delta encoding.
fn lengths(from: &mut &[u8], most: u64) -> Option<()> {
    let (block, parts) = (varint(from)?, varint(from)?);
    let count = varint(from)?;
    varint(from)?;
    if count > most {
        return None;
    }
    let each = block.checked_div(parts)?;
    let mut left = count.saturating_sub(1);
    while left > 0 {
        varint(from)?;
        for width in from.split_off(..usize::try_from(parts).ok()?)? {
            if left > 0 {
                let bytes = u64::from(*width).checked_mul(each)? / 8;
                from.split_off(..usize::try_from(bytes).ok()?)?;
            }
            left = left.saturating_sub(each);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_lengths_than_values_are_refused() {
        // Blocks of 128 in 4 parts, 3 lengths that begin with 5 and grow by 1.
        let mut good = vec![0x80, 1, 4, 3, 10, 2, 0, 0, 0, 0];
        assert_eq!(lengths(&mut good.as_slice(), 3), Some(()));
        assert_eq!(lengths(&mut good.as_slice(), 2), None);
        good[6] = 1;
        assert_eq!(lengths(&mut good.as_slice(), 3), None, "four bytes are missing");
        good.extend([0; 5]);
        let mut rest = good.as_slice();
        assert_eq!((lengths(&mut rest, 3), rest.len()), (Some(()), 1));
        let many = [0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0];
        assert_eq!(lengths(&mut many.as_slice(), 3), None);
        assert_eq!(lengths(&mut [0, 0, 3, 0].as_slice(), 3), None, "blocks of no parts");
    }
}
