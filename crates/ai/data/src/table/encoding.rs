//! Which characters the bytes of a text stand for.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use crate::Error;
use crate::error::Result;

/// Told from the beginning of a file: its byte order mark, else UTF-8 where
/// that is what the bytes are, else GB18030 (with GBK, what Chinese Windows
/// writes). `None` when they are no text.
pub(crate) fn told(start: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return Some(encoding);
    }
    if start.contains(&0) {
        return None;
    }
    match std::str::from_utf8(start) {
        Ok(_) => return Some(UTF_8),
        // Cut in the middle of a character.
        Err(error) if error.error_len().is_none() => return Some(UTF_8),
        Err(_) => {}
    }
    // The last character may be cut: four bytes at most.
    let whole = (0..4).any(|cut| {
        let end = start.len().saturating_sub(cut);
        GB18030.decode_without_bom_handling_and_without_replacement(&start[..end]).is_some()
    });
    Some(if whole { GB18030 } else { UTF_8 })
}

pub(crate) fn named(name: &str) -> Result<&'static Encoding> {
    Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        Error::invalid("encoding", format!("'{name}' is not known; utf-8 and gb18030 are"))
    })
}

/// Of a table or of lines, which are cut apart before they are decoded.
pub(crate) fn by_bytes(encoding: &'static Encoding) -> Result<&'static Encoding> {
    match encoding == UTF_16LE || encoding == UTF_16BE {
        true => Err(Error::invalid(
            "file",
            "its text is UTF-16, which is not read here; save it as UTF-8",
        )),
        false => Ok(encoding),
    }
}

/// The text, and whether all of it could be read.
pub(crate) fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> (String, bool) {
    let (text, bad) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), !bad)
}

/// How many bytes the byte order mark takes.
pub(crate) fn mark(start: &[u8]) -> usize {
    Encoding::for_bom(start).map_or(0, |(_, length)| length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_from_the_bytes() {
        let chinese = GB18030.encode("年龄,姓名\n3,王").0;
        for (start, name) in [
            ("plain".as_bytes(), "UTF-8"),
            ("年龄".as_bytes(), "UTF-8"),
            (&"年龄".as_bytes()[..5], "UTF-8"),
            (&chinese, "GBK or so"),
            (&chinese[..chinese.len() - 1], "GBK or so"),
            (b"\xff\xfea\0", "UTF-16LE"),
            (b"\xef\xbb\xbfa", "UTF-8"),
        ] {
            let name = if name == "GBK or so" { "gb18030" } else { name };
            assert_eq!(told(start).map(Encoding::name), Some(name), "{start:?}");
        }
        assert!(told(b"MZ\0\0").is_none());
        assert!(by_bytes(UTF_16LE).is_err() && named("klingon").is_err());
    }
}
