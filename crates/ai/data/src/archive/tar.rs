//! Tar archives (POSIX.1-2024 `pax`, and GNU's long names).
//!
//! The `tar` crate reads each header; going from one to the next is done here,
//! since that crate reads long names into memory however long they claim to be.

use std::io::{self, Read};

use tar::{EntryType, Header, PaxExtensions};

use super::unpacking::Unpacking;
use super::{broken, fill};
use crate::Error;
use crate::error::Result;

const BLOCK: usize = 512;
/// Of a long name, or of the extended header of one entry.
const LONGEST: u64 = 1 << 20;

/// What comes before an entry and says more of it.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

pub(super) fn is_header(block: &[u8]) -> bool {
    block.len() == BLOCK
        && Header::from_byte_slice(block).cksum().is_ok_and(|claimed| claimed == sum(block))
}

/// The sum of all bytes, those of the checksum itself taken as spaces.
fn sum(block: &[u8]) -> u32 {
    let own = 148..156;
    let bytes = block.iter().enumerate();
    bytes.map(|(at, byte)| if own.contains(&at) { 32 } else { u32::from(*byte) }).sum()
}

pub(super) fn read(from: &mut dyn Read, into: &mut Unpacking) -> Result<()> {
    let mut block = [0; BLOCK];
    let mut extended = Extended::default();
    loop {
        let length = fill(&mut &mut *from, &mut block).map_err(|error| into.torn(&error))?;
        if length < BLOCK {
            return Err(broken("it ends in the middle"));
        }
        if block.iter().all(|byte| *byte == 0) {
            // Read on: the checksum of a compressed archive is at its end.
            io::copy(from, &mut io::sink()).map_err(|error| into.torn(&error))?;
            return Ok(());
        }
        if !is_header(&block) {
            return Err(broken("the checksum of a header is wrong"));
        }
        into.count()?;
        entry(&block, &mut extended, from, into)?;
    }
}

fn entry(
    block: &[u8],
    extended: &mut Extended,
    from: &mut dyn Read,
    into: &mut Unpacking,
) -> Result<()> {
    let header = Header::from_byte_slice(block);
    let own = header.entry_size().map_err(|error| broken(&error))?;
    let kind = header.entry_type();
    match kind {
        EntryType::GNULongName => {
            let mut name = short(from, own, into)?;
            name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
            extended.path = Some(name);
            return Ok(());
        }
        EntryType::XHeader => return more(&short(from, own, into)?, extended),
        EntryType::GNULongLink | EntryType::XGlobalHeader => return pass(from, padded(own), into),
        _ => {}
    }
    let Extended { path, size } = std::mem::take(extended);
    let size = size.unwrap_or(own);
    let path = path.unwrap_or_else(|| header.path_bytes().into_owned());
    let path = String::from_utf8(path).map_err(|error| {
        let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
        Error::invalid("archive", format!("a path in it is not UTF-8: {shown}"))
    })?;
    let refuse = |problem: &str| Err(Error::invalid("archive", format!("'{path}' {problem}")));
    match kind {
        EntryType::Directory => pass(from, padded(size), into),
        // Before POSIX, a directory was a file whose name ends so.
        EntryType::Regular if path.ends_with('/') => pass(from, padded(size), into),
        EntryType::Regular | EntryType::Continuous => {
            let mut content = from.take(size);
            into.add(&path, &mut content)?;
            if content.limit() > 0 {
                return Err(broken("it ends in the middle"));
            }
            pass(from, padded(size) - size, into)
        }
        EntryType::Symlink | EntryType::Link => refuse(
            "is a link; only files and directories are taken. Pack with tar --dereference --hard-dereference",
        ),
        EntryType::GNUSparse => refuse("is a sparse file; pack without --sparse"),
        _ => refuse("is neither a file nor a directory"),
    }
}

fn padded(size: u64) -> u64 {
    size.saturating_add(BLOCK as u64 - 1) / BLOCK as u64 * BLOCK as u64
}

fn pass(from: &mut dyn Read, bytes: u64, into: &Unpacking) -> Result<()> {
    let passed = io::copy(&mut from.take(bytes), &mut io::sink());
    match passed.map_err(|error| into.torn(&error))? == bytes {
        true => Ok(()),
        false => Err(broken("it ends in the middle")),
    }
}

/// The content of an entry that says more of the next.
fn short(from: &mut dyn Read, size: u64, into: &Unpacking) -> Result<Vec<u8>> {
    if size > LONGEST {
        return Err(broken(format!("a header claims {size} bytes")));
    }
    let mut content = Vec::new();
    from.take(size).read_to_end(&mut content).map_err(|error| into.torn(&error))?;
    pass(from, padded(size) - content.len() as u64, into)?;
    Ok(content)
}

fn more(content: &[u8], extended: &mut Extended) -> Result<()> {
    for extension in PaxExtensions::new(content) {
        let extension = extension.map_err(|error| broken(&error))?;
        match extension.key_bytes() {
            b"path" => extended.path = Some(extension.value_bytes().to_owned()),
            b"size" => {
                let size = extension.value().ok().and_then(|text| text.parse().ok());
                extended.size = Some(size.ok_or_else(|| broken("a header has no size"))?);
            }
            key if key.starts_with(b"GNU.sparse") => {
                let problem = "it has a sparse file; pack without --sparse";
                return Err(Error::invalid("archive", problem));
            }
            _ => {}
        }
    }
    Ok(())
}
