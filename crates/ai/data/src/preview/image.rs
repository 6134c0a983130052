//! Pictures made of dots: their media type and size. An SVG is none: it is a
//! text that may hold a program.

use std::fs::File;
use std::io::BufReader;

use imagesize::ImageType;
use serde_json::{Value, json};

use crate::error::Result;

/// Bytes that tell a picture.
pub(crate) const START: u64 = 64;

/// By the first bytes; `None` for everything that is no picture.
pub(crate) fn media_type(start: &[u8]) -> Option<&'static str> {
    match imagesize::image_type(start).ok()? {
        // Two letters alone may begin any text; four zeros follow the size.
        ImageType::Bmp => (start.get(6..10)? == [0; 4]).then_some("image/bmp"),
        ImageType::Gif => Some("image/gif"),
        ImageType::Ico => Some("image/x-icon"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Png => Some("image/png"),
        ImageType::Tiff => Some("image/tiff"),
        ImageType::Webp => Some("image/webp"),
        _ => None,
    }
}

pub(super) fn read(file: File, start: &[u8]) -> Result<Value> {
    let media = media_type(start);
    Ok(match imagesize::reader_size(BufReader::new(file)) {
        Ok(size) => json!({ "mediaType": media, "width": size.width, "height": size.height }),
        Err(error) => json!({ "mediaType": media, "problem": error.to_string() }),
    })
}
