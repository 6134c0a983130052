//! The log that the head is rebuilt from after a crash: new series and samples in the
//! order in which they came. A torn end is cut off. `sync` makes what was written so
//! far durable; the store calls it once a second.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::frame::{Fields, next_frame, push_frame, push_number, push_text};
use super::head::Head;
use super::packed::{Packer, RUN, unpack};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::sample::Sample;

const SERIES: u8 = 1;
/// Written by earlier versions, uncompressed; still read.
const SAMPLES: u8 = 2;
const PACKED: u8 = 3;
/// Rewriting gathers records to this size before it writes them.
const BUFFER: usize = 64 << 10;

pub struct Wal {
    path: PathBuf,
    file: File,
    /// Bytes of whole records.
    length: u64,
    /// Series of the head that are in the log.
    series: usize,
    is_dirty: bool,
    packer: Packer,
}

impl Wal {
    /// Opens the log and fills the head with what it describes.
    pub fn open(path: &Path, mut head: Head) -> Result<(Wal, Head)> {
        let fault = |source| Error::Store { doing: "open", path: path.to_owned(), source };
        let content = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(fault)?,
        };
        let mut good = 0;
        while let Some((payload, length)) = next_frame(&content[good..]) {
            if replay(payload, &mut head).is_none() {
                break;
            }
            good += length;
        }
        if good < content.len() {
            tracing::warn!(path = %path.display(), bytes = content.len() - good, "cut the torn end off the metrics log");
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(fault)?;
        file.set_len(good as u64).map_err(fault)?;
        drop(file);
        let file = OpenOptions::new().append(true).open(path).map_err(fault)?;
        Ok((
            Wal {
                path: path.to_owned(),
                file,
                length: good as u64,
                series: head.len(),
                is_dirty: false,
                packer: Packer::default(),
            },
            head,
        ))
    }

    /// The head's series that are not in the log yet, and samples of series by number.
    /// When it fails, on a full disk for one, the log is as before.
    pub fn append(&mut self, head: &Head, samples: &[(u32, Sample)]) -> Result<()> {
        let new: Vec<Labels> =
            (self.series..head.len()).map(|number| head.labels(number as u32)).collect();
        let mut record = Vec::new();
        push_series(&mut record, &new);
        push_samples(&mut record, samples, &mut self.packer);
        if let Err(source) = self.file.write_all(&record) {
            // Whatever was half written must not stand before later records.
            let restored = self.file.set_len(self.length);
            let source = restored.err().unwrap_or(source);
            return Err(Error::Store { doing: "write", path: self.path.clone(), source });
        }
        self.length += record.len() as u64;
        self.series += new.len();
        self.is_dirty = true;
        Ok(())
    }

    pub fn sync(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_dirty) {
            let synced = self.file.sync_data();
            return synced.map_err(|source| Error::Store {
                doing: "sync",
                path: self.path.clone(),
                source,
            });
        }
        Ok(())
    }

    /// Starts over with what the head holds now, in one step.
    pub fn rewrite(&mut self, head: &Head) -> Result<()> {
        let next = self.path.with_extension("next");
        let replaced = write_head(&next, head)
            .and_then(|()| fs::rename(&next, &self.path))
            .and_then(|()| sync_directory(&self.path))
            .and_then(|()| OpenOptions::new().append(true).open(&self.path));
        let fault = |source| Error::Store { doing: "rewrite", path: self.path.clone(), source };
        self.file = replaced.map_err(fault)?;
        self.length = self.file.metadata().map_err(fault)?.len();
        self.series = head.len();
        self.is_dirty = false;
        Ok(())
    }
}

/// Makes a rename in the file's directory durable.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn write_head(path: &Path, head: &Head) -> io::Result<()> {
    let mut file = File::create(path)?;
    let (mut buffer, mut packer) = (Vec::new(), Packer::default());
    head.each(i64::MIN, i64::MAX, |number, samples| {
        let samples: Vec<(u32, Sample)> = samples.iter().map(|sample| (number, *sample)).collect();
        push_series(&mut buffer, &[head.labels(number)]);
        push_samples(&mut buffer, &samples, &mut packer);
        if buffer.len() > BUFFER {
            file.write_all(&buffer)?;
            buffer.clear();
        }
        Ok(())
    })?;
    file.write_all(&buffer)?;
    file.sync_all()
}

fn push_series(into: &mut Vec<u8>, series: &[Labels]) {
    let mut payload = Vec::new();
    for labels in series {
        payload.clear();
        payload.push(SERIES);
        push_number(&mut payload, labels.pairs().len() as u64);
        for (name, value) in labels.iter() {
            push_text(&mut payload, name);
            push_text(&mut payload, value);
        }
        push_frame(into, &payload);
    }
}

fn push_samples(into: &mut Vec<u8>, samples: &[(u32, Sample)], packer: &mut Packer) {
    let mut payload = Vec::new();
    for run in samples.chunks(RUN) {
        payload.clear();
        payload.push(PACKED);
        packer.pack(&mut payload, run);
        push_frame(into, &payload);
    }
}

fn replay(payload: &[u8], head: &mut Head) -> Option<()> {
    let mut fields = Fields { rest: payload };
    match fields.byte()? {
        SERIES => {
            let count = fields.number()?;
            let pairs: Option<Vec<(&str, &str)>> =
                (0..count).map(|_| Some((fields.text()?, fields.text()?))).collect();
            head.insert(&Labels::new(pairs?));
        }
        SAMPLES => {
            let time = fields.signed()?;
            while !fields.rest.is_empty() {
                let number = u32::try_from(fields.number()?).ok()?;
                let value = fields.float()?;
                head.append(number, Sample { time, value });
            }
        }
        PACKED => {
            for (number, sample) in unpack(fields.rest)? {
                head.append(number, sample);
            }
        }
        _ => return None,
    }
    Some(())
}
