//! What reading a Parquet row group would hold in memory, told from the headers
//! of its pages before any of them is unpacked.
//!
//! The `parquet` crate opens all columns together, and of each it holds the
//! dictionary and those pages that a batch of rows touches. It unpacks a page to
//! the size that the header claims, which a file of a few kilobytes can put at
//! two gigabytes. With fewer rows at a time, fewer pages are held: so large
//! values are read in small batches, and what is too much in any batch is refused.
//!
//! The shape of a header is that of `PageHeader` (apache/parquet-format,
//! `parquet.thrift`). One that two readers could understand differently is refused.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;

use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::RowGroupReader;

use super::thrift::{I32, Reader, STOP, STRUCT};
use super::{lengths, nesting};

/// Of all columns together. Writers make pages and dictionaries of 1 MiB, so
/// that 256 columns of both pass; a page of a thousand pictures has some 100 MiB.
const MOST: u64 = 512 << 20;
/// Rows that are read at a time; the first is what the `parquet` crate would take.
const BATCHES: [u64; 4] = [1024, 128, 16, 1];
/// A value with its levels, decoded.
const VALUE: u64 = 64;
/// Of a decoded value that is bytes elsewhere.
const POINTER: u64 = 32;
/// Tried in turn. A header is some 50 bytes, but may hold the least and the largest value.
const HEADERS: [u64; 3] = [1 << 10, 64 << 10, 16 << 20];
const LZ4_FRAMES: [u32; 2] = [0x184d_2204, 0x184c_2102];
const DELTA_LENGTH_BYTE_ARRAY: i32 = 6;
const DELTA_BYTE_ARRAY: i32 = 7;

/// How many rows of the group to read at a time.
///
/// # Errors
/// When even one row would hold more than [`MOST`] bytes, or headers cannot be read.
pub(crate) fn batch(file: &File, group: &dyn RowGroupReader) -> Result<usize, ParquetError> {
    let mut held = [0_u64; BATCHES.len()];
    for at in 0..group.num_columns() {
        let chunk = group.metadata().column(at);
        let mut column = Column::new(chunk.column_type());
        let is_nested = chunk.column_descr().max_rep_level() > 0;
        walk(file, chunk, |page| column.page(page, is_nested)).map_err(ParquetError::General)?;
        if is_nested {
            let pages = group.get_column_page_reader(at)?;
            let levels = chunk.column_descr().max_rep_level();
            column.longest = nesting::check(pages, levels, |rows, bytes| {
                column.windows.iter_mut().for_each(|window| window.add(rows, bytes, 1));
            })?;
        }
        for (held, bytes) in held.iter_mut().zip(column.held()) {
            *held = held.saturating_add(bytes);
        }
        // The smallest batch holds least.
        if held[BATCHES.len() - 1] > MOST {
            let problem = format!(
                "to read a row of it would take more than {} MiB of memory; write it with \
                 smaller pages",
                MOST >> 20
            );
            return Err(ParquetError::General(problem));
        }
        if column.lengths > 0 {
            let levels = chunk.column_descr();
            let highest = (levels.max_rep_level(), levels.max_def_level());
            lengths::check(group.get_column_page_reader(at)?, highest)?;
        }
    }
    let fits = held.iter().position(|held| *held <= MOST).unwrap_or(BATCHES.len() - 1);
    Ok(BATCHES[fits] as usize)
}

/// The pages that one batch touches, and the most that any batch did.
#[derive(Clone, Copy)]
struct Window {
    rows: u64,
    /// Rows before the page at hand.
    passed: u64,
    at: u64,
    bytes: u64,
    most: u64,
}

impl Window {
    /// A page of so many rows, of which `before` began on the page before.
    fn add(&mut self, rows: u64, bytes: u64, before: u64) {
        let first = self.passed.saturating_sub(before) / self.rows;
        self.passed = self.passed.saturating_add(rows);
        let last = self.passed.saturating_sub(1) / self.rows;
        self.bytes = if first == self.at { self.bytes.saturating_add(bytes) } else { bytes };
        self.most = self.most.max(self.bytes);
        if last > first {
            self.bytes = bytes;
        }
        self.at = last.max(first);
    }
}

struct Column {
    /// Of a decoded value, without the bytes that it points to.
    width: u64,
    dictionary: u64,
    windows: [Window; BATCHES.len()],
    values: u64,
    /// Values of the longest row.
    longest: u64,
    /// The largest page whose values may each be as large as the page.
    growing: u64,
    /// Of the lengths that a page of the delta encodings has ahead of its bytes.
    lengths: u64,
}

impl Column {
    fn new(kind: Type) -> Column {
        let width = match kind {
            Type::BOOLEAN | Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 16,
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => POINTER,
        };
        let windows = BATCHES.map(|rows| Window { rows, passed: 0, at: 0, bytes: 0, most: 0 });
        Column { width, dictionary: 0, windows, values: 0, longest: 1, growing: 0, lengths: 0 }
    }

    fn page(&mut self, page: &Page, is_nested: bool) {
        if page.is_dictionary {
            let decoded = page.values.saturating_mul(self.width);
            // Bytes stay in the page, numbers are taken out of it.
            let held = match self.width == POINTER {
                true => page.size().saturating_add(decoded),
                false => page.size().max(decoded),
            };
            self.dictionary = self.dictionary.saturating_add(held);
            return;
        }
        self.values = self.values.saturating_add(page.values);
        if [DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY].contains(&page.encoding) {
            self.lengths = self.lengths.max(page.values.saturating_mul(8));
        }
        if page.encoding == DELTA_BYTE_ARRAY {
            self.growing = self.growing.max(page.size());
        }
        if !is_nested {
            self.windows.iter_mut().for_each(|window| window.add(page.values, page.size(), 0));
        }
    }

    /// For each of the [`BATCHES`].
    fn held(&self) -> [u64; BATCHES.len()] {
        self.windows.map(|window| {
            let values = window.rows.saturating_mul(self.longest).min(self.values);
            let each = values.saturating_mul(VALUE.saturating_add(self.growing));
            let pages = window.most.saturating_add(self.lengths);
            self.dictionary.saturating_add(pages).saturating_add(each)
        })
    }
}

struct Page {
    is_dictionary: bool,
    is_index: bool,
    packed: u64,
    unpacked: u64,
    values: u64,
    encoding: i32,
    /// Of the levels, which are never packed, before the values.
    levels: u64,
}

impl Page {
    fn size(&self) -> u64 {
        self.packed.max(self.unpacked)
    }

    /// `PageHeader`.
    fn read(from: &mut Reader<'_>) -> Option<Page> {
        let mut own = [None; 4];
        let (mut data, mut dictionary, mut data_2) = (None, None, None);
        let mut field = 0;
        loop {
            match next(from, &mut field)? {
                (_, STOP) => break,
                (id @ 1..=4, I32) => own[id as usize - 1] = Some(number(from)?),
                (5, STRUCT) => data = Some(numbers::<4>(from)?),
                (7, STRUCT) => dictionary = Some(numbers::<2>(from)?),
                (8, STRUCT) => data_2 = Some(numbers::<6>(from)?),
                (id, kind) if id == 6 && kind == STRUCT || id > 8 => from.skip(kind, 8)?,
                _ => return None,
            }
        }
        let size = |number: Option<i32>| u64::try_from(number?).ok();
        let (values, encoding) = match own[0]? {
            0 => (size(data?[0])?, data?[1]?),
            1 => (0, 0),
            2 => (size(dictionary?[0])?, 0),
            3 => (size(data_2?[0])?, data_2?[3]?),
            _ => return None,
        };
        let levels = match data_2 {
            Some(header) => size(header[4])?.checked_add(size(header[5])?)?,
            None => 0,
        };
        Some(Page {
            is_dictionary: own[0] == Some(2),
            is_index: own[0] == Some(1),
            unpacked: size(own[1])?,
            packed: size(own[2])?,
            values,
            encoding,
            levels,
        })
    }
}

/// Ids that grow: a field that is there twice has no meaning.
fn next(from: &mut Reader<'_>, field: &mut i64) -> Option<(i64, u8)> {
    let before = *field;
    let (id, kind) = from.field(field)?;
    (kind == STOP || id > before && id < 1000).then_some((id, kind))
}

fn number(from: &mut Reader<'_>) -> Option<i32> {
    from.zigzag()?.try_into().ok()
}

/// The fields of a header within the header, of which the first `N` are numbers.
fn numbers<const N: usize>(from: &mut Reader<'_>) -> Option<[Option<i32>; N]> {
    let (mut field, mut found) = (0, [None; N]);
    loop {
        match next(from, &mut field)? {
            (_, STOP) => return Some(found),
            (id, I32) if id <= N as i64 => found[id as usize - 1] = Some(number(from)?),
            (id, kind) if id > N as i64 && kind != I32 => from.skip(kind, 8)?,
            _ => return None,
        }
    }
}

fn walk(
    file: &File,
    chunk: &ColumnChunkMetaData,
    mut found: impl FnMut(&Page),
) -> Result<(), String> {
    let (mut at, mut left) = chunk.byte_range();
    while left > 0 {
        let torn = || format!("the page at byte {at} has no readable header");
        let (page, length) = header(file, at, left).ok_or_else(torn)?;
        left =
            left.checked_sub(length).and_then(|l| l.checked_sub(page.packed)).ok_or_else(torn)?;
        let start = at.checked_add(length).ok_or_else(torn)?;
        at = start.checked_add(page.packed).ok_or_else(torn)?;
        if page.is_index {
            continue;
        }
        if page.size() > MOST {
            return Err(format!(
                "a page claims {} MiB, more than the {} MiB that are read",
                page.size() >> 20,
                MOST >> 20
            ));
        }
        honest(file, chunk.compression(), start, &page)?;
        found(&page);
    }
    Ok(())
}

fn header(file: &File, at: u64, left: u64) -> Option<(Page, u64)> {
    for most in HEADERS {
        let mut text = Vec::new();
        From { file, at }.take(most.min(left)).read_to_end(&mut text).ok()?;
        let mut reader = Reader(&text);
        if let Some(page) = Page::read(&mut reader) {
            let length = text.len() - reader.0.len();
            return Some((page, length as u64));
        }
        if most >= left {
            return None;
        }
    }
    None
}

/// Two decoders of the `parquet` crate unpack to the end, whatever the header claims.
fn honest(file: &File, compression: Compression, start: u64, page: &Page) -> Result<(), String> {
    let packed = page.packed.saturating_sub(page.levels);
    let content = From { file, at: start.saturating_add(page.levels) }.take(packed);
    match compression {
        Compression::GZIP(_) => {
            let claimed = page.unpacked.saturating_sub(page.levels);
            let mut content = MultiGzDecoder::new(content).take(claimed.saturating_add(1));
            // What cannot be unpacked is found, with better words, when it is read.
            match std::io::copy(&mut content, &mut std::io::sink()) {
                Ok(bytes) if bytes > claimed => Err("a page is larger than it claims".to_owned()),
                _ => Ok(()),
            }
        }
        Compression::LZ4 => {
            let mut content = content;
            let mut magic = [0; 4];
            let is_frame = content.read_exact(&mut magic).is_ok()
                && LZ4_FRAMES.contains(&u32::from_le_bytes(magic));
            match is_frame {
                true => Err("its pages are LZ4 frames, which are not read".to_owned()),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// A file from a place on, leaving alone where its other readers are.
struct From<'a> {
    file: &'a File,
    at: u64,
}

impl Read for From<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(header: &[u8]) -> Option<Page> {
        Page::read(&mut Reader(header))
    }

    #[test]
    fn a_header_says_what_its_page_holds() {
        // A dictionary page of 2 bytes unpacked, 3 packed, with 50 values.
        let header = [0x15, 4, 0x15, 4, 0x15, 6, 0x4c, 0x15, 100, 0x15, 0, 0, 0];
        let page = read(&header).expect("reads");
        assert!(page.is_dictionary && (page.unpacked, page.packed, page.values) == (2, 3, 50));
        for cut in 0..header.len() {
            assert!(read(&header[..cut]).is_none(), "{cut}");
        }
        let twice = [0x15, 4, 0x15, 4, 0x05, 4, 2, 0x15, 6, 0x4c, 0x15, 100, 0, 0];
        assert!(read(&twice).is_none(), "two sizes");
        let negative = [0x15, 4, 0x15, 3, 0x15, 6, 0x4c, 0x15, 100, 0x15, 0, 0, 0];
        assert!(read(&negative).is_none(), "no size");
    }

    #[test]
    fn pages_are_counted_by_the_batch_that_touches_them() {
        let mut window = Window { rows: 10, passed: 0, at: 0, bytes: 0, most: 0 };
        window.add(5, 100, 0);
        window.add(5, 100, 0);
        assert_eq!(window.most, 200);
        window.add(15, 100, 0);
        window.add(3, 150, 0);
        assert_eq!(window.most, 250, "rows 20 to 29 are on the last two");
        window.add(200, 10, 0);
        assert_eq!((window.most, window.bytes), (260, 10));
    }

    #[test]
    fn a_dictionary_of_many_values_counts_even_if_its_page_is_small() {
        let mut column = Column::new(Type::BYTE_ARRAY);
        let header = [0x15, 4, 0x15, 4, 0x15, 6, 0x4c, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        column.page(&read(&header).expect("reads"), false);
        assert!(column.held().iter().all(|bytes| *bytes > MOST));
    }

    #[test]
    fn a_page_that_unpacks_to_more_than_it_claims_is_refused() {
        let mut file = tempfile::tempfile().expect("creates");
        let mut packed = flate2::write::GzEncoder::new(&mut file, flate2::Compression::fast());
        packed.write_all(&[0; 5000]).expect("writes");
        packed.finish().expect("writes");
        let page = |unpacked| Page {
            is_dictionary: false,
            is_index: false,
            packed: 1000,
            unpacked,
            values: 1,
            encoding: 0,
            levels: 0,
        };
        let gzip = Compression::GZIP(parquet::basic::GzipLevel::default());
        assert_eq!(honest(&file, gzip, 0, &page(5000)), Ok(()));
        assert!(honest(&file, gzip, 0, &page(4999)).expect_err("refused").contains("claims"));

        file.write_all_at(&LZ4_FRAMES[0].to_le_bytes(), 0).expect("writes");
        assert!(honest(&file, Compression::LZ4, 0, &page(5000)).is_err());
        assert_eq!(honest(&file, Compression::LZ4_RAW, 0, &page(5000)), Ok(()));
    }
}
