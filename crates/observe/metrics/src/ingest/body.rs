//! Compressed bodies, with bounds on what they may unfold to.

use std::io::Read;

use crate::error::{Error, Result};

/// Bytes of a body, as sent and unfolded. A client's batch is some hundred kilobytes.
pub const MAX: usize = 32 << 20;

pub fn unsnapped(body: &[u8]) -> Result<Vec<u8>> {
    let bad = |error: snap::Error| Error::BadData(format!("the body is no snappy block: {error}"));
    if snap::raw::decompress_len(body).map_err(bad)? > MAX {
        return Err(too_large());
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(bad)
}

pub fn unzipped(body: &[u8]) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = flate2::read::GzDecoder::new(body).take(MAX as u64 + 1).read_to_end(&mut content);
    read.map_err(|error| Error::BadData(format!("the body is no gzip stream: {error}")))?;
    if content.len() > MAX { Err(too_large()) } else { Ok(content) }
}

fn too_large() -> Error {
    Error::BadData(format!("the body unfolds to more than {MAX} bytes; send smaller batches"))
}
