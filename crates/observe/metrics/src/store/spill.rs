//! Finished chunks of the head, out of memory: a file without a name, gone with the
//! process. The log has their samples, so it is never synced nor read after a crash.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::gather::{Gathered, Part};

/// Chunks are gathered in memory to this size before they are written.
const BUFFER: usize = 256 << 10;

pub struct Spill {
    directory: PathBuf,
    /// Made when the first chunks leave memory.
    file: Option<File>,
    written: u64,
    /// What is not in the file yet. Grows while the file cannot be written.
    rest: Vec<u8>,
}

impl Spill {
    pub fn new(directory: &Path) -> Spill {
        Spill { directory: directory.to_owned(), file: None, written: 0, rest: Vec::new() }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes a chunk over; where it is.
    pub fn push(&mut self, data: &[u8]) -> Part {
        let part = (self.written + self.rest.len() as u64, data.len() as u32);
        let was_full = self.rest.len() / BUFFER;
        self.rest.extend_from_slice(data);
        // Where it fails it is tried again after as much more.
        if self.rest.len() / BUFFER > was_full
            && let Err(error) = self.write()
        {
            tracing::warn!(%error, directory = %self.directory.display(), "samples stay in memory; is the disk full?");
        }
        part
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(&self.directory)?,
        };
        let file = self.file.insert(file);
        file.write_all_at(&self.rest, self.written)?;
        self.written += self.rest.len() as u64;
        self.rest = Vec::new();
        Ok(())
    }

    /// Reads parts that `push` gave.
    pub fn read(&self, parts: Vec<Part>) -> io::Result<Spilled<'_>> {
        let written = parts.into_iter().filter(|(offset, _)| *offset < self.written).collect();
        let gathered = match &self.file {
            Some(file) => Some(Gathered::read(file, written)?),
            None => None,
        };
        Ok(Spilled { spill: self, gathered })
    }
}

/// Parts that were read.
pub struct Spilled<'a> {
    spill: &'a Spill,
    gathered: Option<Gathered>,
}

impl Spilled<'_> {
    pub fn part(&self, part: Part) -> &[u8] {
        match (part.0.checked_sub(self.spill.written), &self.gathered) {
            (Some(at), _) => {
                let at = at as usize;
                self.spill.rest.get(at..at + part.1 as usize).unwrap_or_default()
            }
            (None, Some(gathered)) => gathered.part(part),
            (None, None) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_from_memory_and_from_the_file_and_survive_a_disk_that_fails() {
        let directory = tempfile::tempdir().unwrap();
        for place in [directory.path().to_owned(), directory.path().join("absent")] {
            let mut spill = Spill::new(&place);
            let chunk = |number: usize| vec![(number % 251) as u8; 1000];
            let parts: Vec<Part> = (0..1000).map(|number| spill.push(&chunk(number))).collect();
            assert_eq!(spill.written > 0, place.exists());
            let read = spill.read(parts.clone()).unwrap();
            for (number, part) in parts.into_iter().enumerate() {
                assert_eq!(read.part(part), chunk(number));
            }
        }
    }
}
