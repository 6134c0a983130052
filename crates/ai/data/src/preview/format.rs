//! What kind of file this is: by its first bytes, then by its name.

use serde::{Deserialize, Serialize};

use super::image;
use crate::table::encoding;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Format {
    Csv,
    Jsonl,
    Parquet,
    Text,
    Image,
    Binary,
}

pub(crate) fn told(path: &str, start: &[u8]) -> Format {
    if start.starts_with(b"PAR1") {
        return Format::Parquet;
    }
    if image::media_type(start).is_some() {
        return Format::Image;
    }
    if encoding::told(start).is_none() {
        return Format::Binary;
    }
    let extension = path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    match extension.as_deref() {
        Some("csv" | "tsv" | "tab") => Format::Csv,
        Some("jsonl" | "ndjson") => Format::Jsonl,
        _ => Format::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_before_names() {
        for (path, start, format) in [
            ("a.csv", b"PAR1..".as_slice(), Format::Parquet),
            ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Format::Image),
            ("a.csv", b"BMW,Audi,Volvo\n1,2,3\n", Format::Csv),
            ("a.csv", b"\0\x01", Format::Binary),
            ("a/数.TSV", b"x\ty", Format::Csv),
            ("a.ndjson", b"{}", Format::Jsonl),
            ("page.html", b"<script>", Format::Text),
            ("picture.svg", b"<svg/>", Format::Text),
            ("README", b"", Format::Text),
        ] {
            assert_eq!(told(path, start), format, "{path}");
        }
    }
}
