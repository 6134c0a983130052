//! What an upload has so far, a line for each file, so that it goes on after a restart.
//!
//! Guarantees: a line is written after its file, and is whole or ignored. After the machine
//! itself went down a file may be other than its line says; whoever reads looks.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::digest::Digest;
use crate::error::Result;
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

/// Begins one; without it an upload is not taken up again.
pub(crate) fn begin(directory: &Path) -> Result<()> {
    File::create_new(directory.join(NAME)).map(drop).map_err(Error::file("beginning an upload"))
}

/// Adds files; a path that was there already is replaced.
pub(crate) fn add<'a>(
    directory: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a Staged)>,
) -> Result<()> {
    let failed = Error::file("noting an upload's files");
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
    let mut journal =
        OpenOptions::new().append(true).open(directory.join(NAME)).map_err(&failed)?;
    journal.write_all(lines.as_bytes()).map_err(&failed)
}

/// What it says, and when it was last added to; `None` where there is none.
pub(crate) fn read(directory: &Path) -> Option<(BTreeMap<String, Staged>, SystemTime)> {
    let at = directory.join(NAME);
    let changed = fs::metadata(&at).and_then(|found| found.modified()).ok()?;
    let text = String::from_utf8_lossy(&fs::read(at).ok()?).into_owned();
    // What follows the last line's end was being written.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut files = BTreeMap::new();
    for line in whole.lines() {
        let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
        let Ok(digest) = Digest::parse("digest", &line.digest) else { continue };
        let at = line.at.map(|at| directory.join(at));
        let staged = Staged { digest, size: line.size, charged: line.charged, at };
        files.insert(line.path, staged);
    }
    Some((files, changed))
}
