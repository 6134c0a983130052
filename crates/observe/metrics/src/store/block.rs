//! An immutable file of samples: two hours (or so) of all series.
//!
//! ```text
//! chunks …  index (one record: strings, then series with labels and chunk places)  footer
//! ```
//!
//! The footer says where the index begins. The index is read when a query needs it and
//! forgotten when none did for a while; chunks are read from the file as needed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use promql_parser::label::Matcher;

use super::chunk::{Chunk, ChunkWriter, Decoder};
use super::frame::{Fields, next_frame, push_frame, push_number, push_text};
use super::gather::{Gathered, Part};
use super::index::SeriesIndex;
use super::symbols::Symbols;
use super::wal::sync_directory;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::sample::{Sample, Series};

const MAGIC: &[u8; 8] = b"daismet1";
const FOOTER: u64 = 16;
/// Samples per chunk: two hours at the usual interval are one, since these grow no more.
const CHUNK_SAMPLES: usize = 500;
/// Series whose chunks are read at once: some megabytes.
const BATCH: usize = 1024;

pub struct Block {
    pub path: PathBuf,
    pub from: i64,
    pub to: i64,
    pub bytes: u64,
    file: File,
    index: Mutex<Option<(Instant, Arc<Index>)>>,
}

/// Whose chunks lie where.
struct Index {
    series: SeriesIndex,
    places: Vec<Place>,
    /// Where each series' places end.
    ends: Vec<u32>,
}

impl Index {
    fn places(&self, series: u32) -> &[Place] {
        let at = series as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.places[start as usize..self.ends[at] as usize]
    }

    fn within(&self, series: u32, from: i64, to: i64) -> impl Iterator<Item = &Place> {
        self.places(series).iter().filter(move |place| place.to >= from && place.from <= to)
    }
}

/// Where a chunk lies and what it holds.
#[derive(Clone, Copy)]
struct Place {
    from: i64,
    to: i64,
    count: u32,
    part: Part,
}

impl Block {
    /// Writes what `fill` pushes, samples in a span (both ends included); complete or not
    /// at all, in the place of a block of the same span.
    pub fn write(
        directory: &Path,
        from: i64,
        to: i64,
        fill: impl FnOnce(&mut BlockWriter) -> io::Result<()>,
    ) -> Result<Block> {
        let path = directory.join(format!("{from}-{to}.block"));
        let unfinished = path.with_extension("tmp");
        BlockWriter::create(&unfinished)
            .and_then(|mut writer| fill(&mut writer).and_then(|()| writer.finish()))
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

    /// Tells of each series before the next is read; the first that is refused ends it.
    pub fn select(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
        tell: &dyn Fn(&Series) -> Result<()>,
    ) -> Result<Vec<Series>> {
        let index = self.index()?;
        let mut found = Vec::new();
        for batch in index.series.matching(matchers).chunks(BATCH) {
            let places = batch.iter().flat_map(|series| index.within(*series, from, to));
            let read = Gathered::read(&self.file, places.map(|place| place.part).collect());
            let read = read.map_err(|source| self.unreadable(source))?;
            for series in batch {
                let places = index.within(*series, from, to);
                let most = places.map(|place| place.count as usize).sum();
                let mut samples: Vec<Sample> = Vec::with_capacity(most);
                for place in index.within(*series, from, to) {
                    let all = Decoder::new(read.part(place.part), place.count);
                    samples.extend(all.filter(|sample| (from..=to).contains(&sample.time)));
                }
                if !samples.is_empty() {
                    let series = Series { labels: index.series.labels(*series), samples };
                    tell(&series)?;
                    found.push(series);
                }
            }
        }
        Ok(found)
    }

    pub fn label_sets(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Labels>> {
        let index = self.index()?;
        let matching = index.series.matching(matchers).into_iter();
        let found = matching.filter(|series| index.within(*series, from, to).next().is_some());
        Ok(found.map(|series| index.series.labels(series)).collect())
    }

    /// Forgets the index when it was not used lately.
    pub fn forget_index(&self, unused_for: Duration) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.as_ref().is_some_and(|(used, _)| used.elapsed() > unused_for) {
            *index = None;
        }
    }

    fn index(&self) -> Result<Arc<Index>> {
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
        read.map_err(|source| self.unreadable(source))?;
        Ok(data)
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::Store { doing: "read", path: self.path.clone(), source }
    }
}

/// `<from>-<to>.block`; times before 1970 have a sign.
fn span_of(path: &Path) -> Option<(i64, i64)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".block")?;
    let split = name.match_indices('-').map(|(at, _)| at).find(|at| *at > 0)?;
    Some((name[..split].parse().ok()?, name[split + 1..].parse().ok()?))
}

/// Writes a block, a series at a time.
pub struct BlockWriter {
    file: BufWriter<File>,
    offset: u64,
    texts: Symbols,
    count: u64,
    /// The index's part for each series so far.
    index: Vec<u8>,
}

impl BlockWriter {
    fn create(path: &Path) -> io::Result<BlockWriter> {
        let file = BufWriter::new(File::create(path)?);
        Ok(BlockWriter { file, offset: 0, texts: Symbols::default(), count: 0, index: vec![] })
    }

    /// The next series, its labels in order. One without samples is left out.
    pub fn push<'a>(
        &mut self,
        labels: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
        samples: &[Sample],
    ) -> io::Result<()> {
        if samples.is_empty() {
            return Ok(());
        }
        self.count += 1;
        push_number(&mut self.index, labels.len() as u64);
        for (name, value) in labels {
            push_number(&mut self.index, self.texts.number(name).into());
            push_number(&mut self.index, self.texts.number(value).into());
        }
        let chunks = samples.chunks(CHUNK_SAMPLES);
        push_number(&mut self.index, chunks.len() as u64);
        for samples in chunks {
            let mut writer = ChunkWriter::default();
            samples.iter().for_each(|sample| writer.push(*sample));
            let Chunk { from, to, count, data } = writer.finish();
            self.file.write_all(&data)?;
            self.index.extend(from.to_le_bytes());
            self.index.extend(to.to_le_bytes());
            push_number(&mut self.index, count.into());
            push_number(&mut self.index, self.offset);
            push_number(&mut self.index, data.len() as u64);
            self.offset += data.len() as u64;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let mut payload = Vec::new();
        push_number(&mut payload, self.texts.texts().len() as u64);
        self.texts.texts().iter().for_each(|text| push_text(&mut payload, text));
        push_number(&mut payload, self.count);
        payload.append(&mut self.index);
        let mut frame = Vec::new();
        push_frame(&mut frame, &payload);
        self.file.write_all(&frame)?;
        self.file.write_all(&self.offset.to_le_bytes())?;
        self.file.write_all(MAGIC)?;
        self.file.into_inner()?.sync_all()
    }
}

fn parse_index(bytes: &[u8]) -> Option<Index> {
    let mut fields = Fields { rest: bytes };
    let count = fields.number()?;
    let mut series = SeriesIndex::with_texts((0..count).map(|_| fields.text()))?;
    let (mut places, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..fields.number()? {
        let count = fields.number()?;
        series.add_numbers((0..count).map(|_| Some((fields.number()?, fields.number()?))))?;
        for _ in 0..fields.number()? {
            places.push(parse_place(&mut fields)?);
        }
        ends.push(u32::try_from(places.len()).ok()?);
    }
    Some(Index { series, places, ends })
}

fn parse_place(fields: &mut Fields<'_>) -> Option<Place> {
    let (from, to) = (fields.signed()?, fields.signed()?);
    let count = u32::try_from(fields.number()?).ok()?;
    let part = (fields.number()?, u32::try_from(fields.number()?).ok()?);
    Some(Place { from, to, count, part })
}
