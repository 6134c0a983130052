//! An immutable file of samples: two hours (or so) of all series.
//!
//! ```text
//! chunks …  index (one record: strings, then series with labels and chunk places)  footer
//! ```
//!
//! The footer says where the index begins. The index is read when a query needs it and
//! forgotten when none did for a while; chunks are read from the file as needed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use promql_parser::label::Matcher;

use super::chunk::{ChunkWriter, Decoder};
use super::frame::{Fields, next_frame, push_frame, push_number, push_text};
use super::postings::is_match;
use super::wal::sync_directory;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::sample::{Sample, Series};

const MAGIC: &[u8; 8] = b"daismet1";
const FOOTER: u64 = 16;
/// Samples per chunk; larger than the head's, since these do not grow any more.
const CHUNK_SAMPLES: usize = 240;

pub struct Block {
    pub path: PathBuf,
    pub from: i64,
    pub to: i64,
    pub bytes: u64,
    file: File,
    index: Mutex<Option<(Instant, Arc<Vec<Indexed>>)>>,
}

struct Indexed {
    labels: Labels,
    chunks: Vec<Place>,
}

/// Where a chunk lies and what it holds.
#[derive(Clone, Copy)]
struct Place {
    from: i64,
    to: i64,
    count: u32,
    offset: u64,
    length: u32,
}

impl Block {
    /// Writes series' samples, which lie in a span (both ends included); complete or not
    /// at all, in the place of a block of the same span.
    pub fn write(
        directory: &Path,
        series: impl Iterator<Item = Series>,
        from: i64,
        to: i64,
    ) -> Result<Block> {
        let path = directory.join(format!("{from}-{to}.block"));
        let unfinished = path.with_extension("tmp");
        write_file(&unfinished, series)
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| sync_directory(&path))
            .map_err(|source| Error::Store {
                doing: "write a block to",
                path: path.clone(),
                source,
            })?;
        Block::open(&path)?.ok_or_else(|| Error::Damaged {
            path,
            reason: "it was just written and has no name".into(),
        })
    }

    /// Reads what says where everything is. Fails on a torn or damaged file.
    pub fn check(&self) -> Result<()> {
        self.index()?;
        self.forget_index(Duration::ZERO);
        Ok(())
    }

    /// `None` when the file is not a block.
    pub fn open(path: &Path) -> Result<Option<Block>> {
        let Some((from, to)) = span_of(path) else { return Ok(None) };
        let fault =
            |source| Error::Store { doing: "open a block of", path: path.to_owned(), source };
        let file = File::open(path).map_err(fault)?;
        let bytes = file.metadata().map_err(fault)?.len();
        Ok(Some(Block { path: path.to_owned(), from, to, bytes, file, index: Mutex::new(None) }))
    }

    pub fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Series>> {
        let mut found = Vec::new();
        for series in self.index()?.iter().filter(|series| is_match(&series.labels, matchers)) {
            let mut samples = Vec::new();
            for place in series.chunks.iter().filter(|place| place.to >= from && place.from <= to) {
                let data = self.read(place.offset, place.length as usize)?;
                samples.extend(
                    Decoder::new(&data, place.count)
                        .filter(|sample| (from..=to).contains(&sample.time)),
                );
            }
            if !samples.is_empty() {
                found.push(Series { labels: series.labels.clone(), samples });
            }
        }
        Ok(found)
    }

    pub fn label_sets(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Labels>> {
        let index = self.index()?;
        let overlaps = |series: &&Indexed| {
            series.chunks.iter().any(|place| place.to >= from && place.from <= to)
        };
        let found =
            index.iter().filter(|series| is_match(&series.labels, matchers)).filter(overlaps);
        Ok(found.map(|series| series.labels.clone()).collect())
    }

    /// Forgets the index when it was not used lately.
    pub fn forget_index(&self, unused_for: Duration) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.as_ref().is_some_and(|(used, _)| used.elapsed() > unused_for) {
            *index = None;
        }
    }

    fn index(&self) -> Result<Arc<Vec<Indexed>>> {
        let mut cached = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((used, index)) = &mut *cached {
            *used = Instant::now();
            return Ok(index.clone());
        }
        let damaged =
            |reason: &str| Error::Damaged { path: self.path.clone(), reason: reason.into() };
        let start = self.bytes.checked_sub(FOOTER).ok_or_else(|| damaged("it is too short"))?;
        let footer = self.read(start, FOOTER as usize)?;
        let (offset, magic) = footer.split_at(8);
        if magic != MAGIC {
            return Err(damaged("it does not end as a block does"));
        }
        let offset = u64::from_le_bytes(offset.try_into().expect("eight bytes were split off"));
        let length = start.checked_sub(offset).and_then(|length| usize::try_from(length).ok());
        let content =
            self.read(offset, length.ok_or_else(|| damaged("its index lies outside"))?)?;
        let (payload, _) =
            next_frame(&content).ok_or_else(|| damaged("its index has a wrong checksum"))?;
        let index =
            Arc::new(parse_index(payload).ok_or_else(|| damaged("its index cannot be read"))?);
        *cached = Some((Instant::now(), index.clone()));
        Ok(index)
    }

    fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        let mut data = vec![0; length];
        let read = self.file.read_exact_at(&mut data, offset);
        read.map_err(|source| Error::Store { doing: "read", path: self.path.clone(), source })?;
        Ok(data)
    }
}

/// `<from>-<to>.block`; times before 1970 have a sign.
fn span_of(path: &Path) -> Option<(i64, i64)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".block")?;
    let split = name.match_indices('-').map(|(at, _)| at).find(|at| *at > 0)?;
    Some((name[..split].parse().ok()?, name[split + 1..].parse().ok()?))
}

fn write_file(path: &Path, all: impl Iterator<Item = Series>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut offset = 0;
    let mut index: Vec<Indexed> = Vec::new();
    for series in all {
        let mut chunks = Vec::new();
        for samples in series.samples.chunks(CHUNK_SAMPLES) {
            let (place, data) = encoded(samples, offset);
            file.write_all(&data)?;
            offset += u64::from(place.length);
            chunks.push(place);
        }
        if !chunks.is_empty() {
            index.push(Indexed { labels: series.labels, chunks });
        }
    }
    let mut frame = Vec::new();
    push_frame(&mut frame, &index_bytes(&index));
    file.write_all(&frame)?;
    file.write_all(&offset.to_le_bytes())?;
    file.write_all(MAGIC)?;
    file.into_inner()?.sync_all()
}

fn encoded(samples: &[Sample], offset: u64) -> (Place, Box<[u8]>) {
    let mut writer = ChunkWriter::default();
    samples.iter().for_each(|sample| writer.push(*sample));
    let chunk = writer.finish();
    let length = chunk.data.len() as u32;
    (Place { from: chunk.from, to: chunk.to, count: chunk.count, offset, length }, chunk.data)
}

fn index_bytes(index: &[Indexed]) -> Vec<u8> {
    let mut numbers: HashMap<&str, u64> = HashMap::new();
    let mut strings: Vec<&str> = Vec::new();
    for (name, value) in index.iter().flat_map(|series| series.labels.iter()) {
        for text in [name, value] {
            numbers.entry(text).or_insert_with(|| {
                strings.push(text);
                strings.len() as u64 - 1
            });
        }
    }
    let mut bytes = Vec::new();
    push_number(&mut bytes, strings.len() as u64);
    strings.iter().for_each(|text| push_text(&mut bytes, text));
    push_number(&mut bytes, index.len() as u64);
    for series in index {
        push_number(&mut bytes, series.labels.pairs().len() as u64);
        for (name, value) in series.labels.iter() {
            push_number(&mut bytes, numbers[name]);
            push_number(&mut bytes, numbers[value]);
        }
        push_number(&mut bytes, series.chunks.len() as u64);
        for place in &series.chunks {
            bytes.extend(place.from.to_le_bytes());
            bytes.extend(place.to.to_le_bytes());
            push_number(&mut bytes, place.count.into());
            push_number(&mut bytes, place.offset);
            push_number(&mut bytes, place.length.into());
        }
    }
    bytes
}

fn parse_index(bytes: &[u8]) -> Option<Vec<Indexed>> {
    let mut fields = Fields { rest: bytes };
    let strings: Option<Vec<Arc<str>>> =
        (0..fields.number()?).map(|_| fields.text().map(Arc::from)).collect();
    let strings = strings?;
    let text = |number: Option<u64>| strings.get(usize::try_from(number?).ok()?).cloned();
    let mut index = Vec::new();
    for _ in 0..fields.number()? {
        let pairs: Option<Vec<(Arc<str>, Arc<str>)>> = (0..fields.number()?)
            .map(|_| Some((text(fields.number())?, text(fields.number())?)))
            .collect();
        let chunks: Option<Vec<Place>> =
            (0..fields.number()?).map(|_| parse_place(&mut fields)).collect();
        index.push(Indexed { labels: Labels::new(pairs?), chunks: chunks? });
    }
    Some(index)
}

fn parse_place(fields: &mut Fields<'_>) -> Option<Place> {
    Some(Place {
        from: fields.signed()?,
        to: fields.signed()?,
        count: u32::try_from(fields.number()?).ok()?,
        offset: fields.number()?,
        length: u32::try_from(fields.number()?).ok()?,
    })
}
