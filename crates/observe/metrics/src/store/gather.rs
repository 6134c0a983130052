//! Many places of one file, read with few calls.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Reading so much that nobody asked for costs less than another call.
const GAP: u64 = 16 << 10;

/// A part of a file: where it begins and how long it is.
pub type Part = (u64, u32);

/// What was read: runs of bytes, by where they begin.
pub struct Gathered(Vec<(u64, Vec<u8>)>);

impl Gathered {
    pub fn read(file: &File, mut parts: Vec<Part>) -> io::Result<Gathered> {
        parts.sort_unstable();
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for (offset, length) in parts {
            let end = offset + u64::from(length);
            match runs.last_mut() {
                Some((_, last)) if offset <= *last + GAP => *last = end.max(*last),
                _ => runs.push((offset, end)),
            }
        }
        let read = runs.into_iter().map(|(start, end)| {
            let mut bytes = vec![0; (end - start) as usize];
            file.read_exact_at(&mut bytes, start)?;
            Ok((start, bytes))
        });
        read.collect::<io::Result<_>>().map(Gathered)
    }

    /// One of the parts; empty when it was not asked for.
    pub fn part(&self, (offset, length): Part) -> &[u8] {
        let after = self.0.partition_point(|(start, _)| *start <= offset);
        let run = after.checked_sub(1).map(|at| &self.0[at]);
        run.and_then(|(start, bytes)| {
            let from = (offset - start) as usize;
            bytes.get(from..from + length as usize)
        })
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn parts_are_what_the_file_has_there() {
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
        file.write_all(&content).unwrap();
        let parts = vec![(70_000, 5), (0, 3), (3, 4), (69_999, 2), (99_990, 10)];
        let gathered = Gathered::read(&file, parts.clone()).unwrap();
        for (offset, length) in parts {
            let at = offset as usize;
            assert_eq!(gathered.part((offset, length)), &content[at..at + length as usize]);
        }
        assert!(gathered.part((50_000, 1)).is_empty());
        assert!(Gathered::read(&file, vec![(99_999, 2)]).is_err());
    }
}
