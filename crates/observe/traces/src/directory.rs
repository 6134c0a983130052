//! The store's files:
//!
//! ```text
//! version           of this format; a newer one is refused
//! <number>.wal      the head's spans
//! <number>.block    a sealed block; the write-ahead file of the same number is done with
//! *.new             what was being written when the power went; removed
//! traces.db         of version 1; carried over and removed
//! ```

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, file};

pub const VERSION: i64 = 2;

#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Makes it where it is missing and takes away what a crash left.
    pub fn open(path: &Path) -> Result<Directory> {
        fs::create_dir_all(path).map_err(file("make the directory", path))?;
        let directory = Directory { path: path.to_owned() };
        let version = path.join("version");
        match fs::read_to_string(&version) {
            Ok(text) => {
                let unreadable = |_| Error::Damaged { path: version, reason: "it is no number" };
                let found = text.trim().parse().map_err(unreadable)?;
                if found > VERSION {
                    return Err(Error::Newer { path: path.to_owned(), found, known: VERSION });
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                directory.put(&version, format!("{VERSION}\n").as_bytes())?;
            }
            Err(error) => return Err(file("read", &version)(error)),
        }
        for (_, unfinished) in directory.files("new")? {
            fs::remove_file(&unfinished).map_err(file("remove", &unfinished))?;
        }
        Ok(directory)
    }

    pub fn legacy(&self) -> PathBuf {
        self.path.join("traces.db")
    }

    pub fn wal(&self, number: i64) -> PathBuf {
        self.path.join(format!("{number:019}.wal"))
    }

    pub fn block(&self, number: i64) -> PathBuf {
        self.path.join(format!("{number:019}.block"))
    }

    pub fn wals(&self) -> Result<Vec<(i64, PathBuf)>> {
        self.files("wal")
    }

    pub fn blocks(&self) -> Result<Vec<(i64, PathBuf)>> {
        self.files("block")
    }

    /// Writes a file that after a crash is there whole or not at all.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let number = path.file_stem().unwrap_or_default();
        let unfinished = self.path.join(number).with_extension("new");
        let written = File::create(&unfinished).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(file("write", &unfinished))?;
        fs::rename(&unfinished, path).map_err(file("rename", &unfinished))?;
        self.sync()
    }

    /// Makes names that were given or taken away outlive a crash.
    pub fn sync(&self) -> Result<()> {
        File::open(&self.path)
            .and_then(|directory| directory.sync_all())
            .map_err(file("sync", &self.path))
    }

    /// Files of a kind by their number.
    fn files(&self, extension: &str) -> Result<Vec<(i64, PathBuf)>> {
        let entries = fs::read_dir(&self.path).map_err(file("list", &self.path))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(file("list", &self.path))?.path();
            if path.extension().is_some_and(|found| found == extension) {
                let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
                files.push((number.unwrap_or_default(), path));
            }
        }
        files.sort();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        Directory::open(directory.path()).unwrap();
        fs::write(directory.path().join("version"), "3\n").unwrap();
        let error = Directory::open(directory.path()).unwrap_err();
        assert!(error.to_string().contains("newer program"), "{error}");
    }
}
