//! Walks through a tar stream, entry by entry, in bounded memory.
//!
//! The `tar` crate parses headers; the walk is ours because that crate reads long names and
//! PAX records of any length into memory, which a compressed archive of a kilobyte can make
//! many gigabytes long.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use tar::{EntryType, Header, PaxExtensions};

const BLOCK: usize = 512;
/// Longest name, link or PAX record: names of files end at 4,096 bytes.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// One entry; its content comes next on the tape.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) link: Option<PathBuf>,
    pub(crate) kind: EntryType,
    pub(crate) mode: u32,
    pub(crate) size: u64,
}

/// A tar stream that is being read.
pub(crate) struct Tape<R> {
    inner: R,
    position: u64,
    /// Of the present entry's content.
    left: u64,
    padding: u64,
}

/// What extension entries say of the next one.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

fn broken(words: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words.into())
}

impl<R: Read> Tape<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, position: 0, left: 0, padding: 0 }
    }

    /// Bytes read so far: where the present entry's content begins, right after [`Tape::advance`].
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next entry; `None` at the end of the archive.
    pub(crate) fn advance(&mut self) -> io::Result<Option<Entry>> {
        let mut extended = Extended::default();
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let kind = header.entry_type();
            self.left = header.entry_size()?;
            self.padding = padding(self.left);
            match kind {
                EntryType::GNULongName => extended.path = Some(until_zero(self.extension()?)),
                EntryType::GNULongLink => extended.link = Some(until_zero(self.extension()?)),
                EntryType::XHeader => self.pax(&mut extended)?,
                EntryType::XGlobalHeader => {}
                _ => return self.entry(&header, extended).map(Some),
            }
        }
    }

    fn entry(&mut self, header: &Header, extended: Extended) -> io::Result<Entry> {
        let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
        if let Some(size) = extended.size {
            self.left = size;
            self.padding = padding(size);
        }
        let own_link = || header.link_name_bytes().map(|bytes| bytes.into_owned());
        Ok(Entry {
            path: path(extended.path.unwrap_or_else(|| header.path_bytes().into_owned())),
            link: extended.link.or_else(own_link).map(path),
            kind: header.entry_type(),
            mode: header.mode()?,
            size: self.left,
        })
    }

    fn pax(&mut self, extended: &mut Extended) -> io::Result<()> {
        let bytes = self.extension()?;
        for record in PaxExtensions::new(&bytes) {
            let record = record?;
            match record.key_bytes() {
                b"path" => extended.path = Some(record.value_bytes().to_vec()),
                b"linkpath" => extended.link = Some(record.value_bytes().to_vec()),
                b"size" => {
                    let size = record.value().ok().and_then(|value| value.parse().ok());
                    extended.size = Some(size.ok_or_else(|| broken("a size that is no number"))?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn extension(&mut self) -> io::Result<Vec<u8>> {
        if self.left > LONGEST_EXTENSION {
            return Err(broken(format!("a name of {} bytes", self.left)));
        }
        let (mut bytes, wanted) = (Vec::new(), self.left);
        self.by_ref().take(LONGEST_EXTENSION).read_to_end(&mut bytes)?;
        match bytes.len() as u64 == wanted {
            true => Ok(bytes),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.inner.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.position += BLOCK as u64;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = Header::from_byte_slice(&block).clone();
        // The sum is taken with its own field as spaces (POSIX.1-1988).
        let sum: u32 = (0..BLOCK)
            .map(|at| if (148..156).contains(&at) { 32 } else { u32::from(block[at]) })
            .sum();
        if header.cksum()? != sum {
            return Err(broken("a header whose checksum is wrong"));
        }
        Ok(Some(header))
    }

    /// Past what is left of the present entry.
    fn skip(&mut self) -> io::Result<()> {
        let wanted = self.left;
        let skipped = io::copy(self, &mut io::sink())?;
        let padded = io::copy(&mut self.inner.by_ref().take(self.padding), &mut io::sink())?;
        self.position += padded;
        if skipped != wanted || padded != self.padding {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.padding = 0;
        Ok(())
    }
}

/// The present entry's content.
impl<R: Read> Read for Tape<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.inner.read(&mut buffer[..most])?;
        self.left -= count as u64;
        self.position += count as u64;
        Ok(count)
    }
}

fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}

fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}
