//! Keys that the first start makes: 32 random bytes in a file of their own.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use crate::secret::fill;
use crate::{Error, Result};

/// Reads a key; makes it where there is none.
pub(crate) fn open(path: &Path) -> Result<[u8; 32]> {
    let failed = |attempt| {
        let path = path.to_owned();
        move |source| Error::File { attempt, path, source: Arc::new(source) }
    };
    if let Ok(bytes) = std::fs::read(path)
        && let Ok(key) = bytes.try_into()
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    fill(&mut key)?;
    let partial = path.with_extension("partial");
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = options.open(&partial).map_err(failed("write"))?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(failed("write"))?;
    std::fs::rename(&partial, path).map_err(failed("name"))?;
    Ok(key)
}
