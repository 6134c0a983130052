//! What an upload has so far, a line for each file, so that it goes on after a restart.
//!
//! Guarantees: a line is written after its file, and is whole or ignored. After the machine
//! itself went down a file may be other than its line says; whoever reads looks.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::digest::Digest;
use crate::error::Result;
use crate::partial::boot;
use crate::uploads::Staged;

const NAME: &str = "journal";

#[derive(Serialize, Deserialize)]
struct Line {
    path: String,
    digest: String,
    size: u64,
    charged: u64,
    /// Inside the upload's directory; none when the project had the content.
    at: Option<String>,
}

/// A file of which only the beginning may be there.
#[derive(Serialize, Deserialize)]
struct Begun {
    path: String,
    size: u64,
    /// Inside the upload's directory.
    begun: String,
    /// The start of the machine. What was written before another one is not known to be on
    /// the disk.
    boot: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Line(Line),
    Begun(Begun),
}

#[derive(Default)]
pub(crate) struct Noted {
    pub files: BTreeMap<String, Staged>,
    /// Files of which only the beginning may be there, and their sizes.
    pub beginnings: BTreeMap<String, (PathBuf, u64)>,
}

/// Begins one; without it an upload is not taken up again.
pub(crate) fn begin(directory: &Path) -> Result<()> {
    File::create_new(directory.join(NAME)).map(drop).map_err(Error::file("beginning an upload"))
}

/// Adds files; a path that was there already is replaced.
pub(crate) fn add<'a>(
    directory: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a Staged)>,
) -> Result<()> {
    let mut lines = String::new();
    for (path, file) in files {
        let at = file.at.as_ref().and_then(|at| at.strip_prefix(directory).ok());
        let line = Line {
            path: path.to_owned(),
            digest: file.digest.to_string(),
            size: file.size,
            charged: file.charged,
            at: at.map(|at| at.to_string_lossy().into_owned()),
        };
        lines.push_str(&serde_json::json!(line).to_string());
        lines.push('\n');
    }
    append(directory, &lines)
}

/// Adds a file that comes in parts, to `at`.
pub(crate) fn begin_file(directory: &Path, path: &str, at: &Path, size: u64) -> Result<()> {
    let begun = at.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let line = Begun { path: path.to_owned(), size, begun, boot: boot() };
    append(directory, &format!("{}\n", serde_json::json!(line)))
}

fn append(directory: &Path, lines: &str) -> Result<()> {
    let failed = Error::file("noting an upload's files");
    let mut journal =
        OpenOptions::new().append(true).open(directory.join(NAME)).map_err(&failed)?;
    journal.write_all(lines.as_bytes()).map_err(&failed)
}

/// What it says, and when it was last added to; `None` where there is none.
pub(crate) fn read(directory: &Path) -> Option<(Noted, SystemTime)> {
    let at = directory.join(NAME);
    let changed = fs::metadata(&at).and_then(|found| found.modified()).ok()?;
    let text = String::from_utf8_lossy(&fs::read(at).ok()?).into_owned();
    // What follows the last line's end was being written.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let (mut noted, boot) = (Noted::default(), boot());
    for line in whole.lines() {
        let line = match serde_json::from_str::<Entry>(line) {
            Ok(Entry::Line(line)) => line,
            Ok(Entry::Begun(begun)) => {
                noted.beginnings.remove(&begun.path);
                // A name of our own making, or nobody's.
                if begun.boot == boot && !begun.begun.contains('/') {
                    let at = directory.join(begun.begun);
                    noted.beginnings.insert(begun.path, (at, begun.size));
                }
                continue;
            }
            Err(_) => continue,
        };
        let Ok(digest) = Digest::parse("digest", &line.digest) else { continue };
        let at = line.at.map(|at| directory.join(at));
        let staged = Staged { digest, size: line.size, charged: line.charged, at };
        noted.beginnings.remove(&line.path);
        noted.files.insert(line.path, staged);
    }
    Some((noted, changed))
}
