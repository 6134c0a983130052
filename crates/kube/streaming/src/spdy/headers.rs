//! Header blocks: names and values, compressed by one zlib stream for each
//! direction of a connection, which begins with a dictionary that both know.

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::frame::broken;

/// By lower-case name.
pub(super) type Headers = BTreeMap<String, String>;

/// Bytes of one block when it is unpacked.
const LONGEST: usize = 64 * 1024;

/// Each after its length: the first part of the dictionary of SPDY/3.
const WORDS: &str = "options head post put delete trace accept accept-charset accept-encoding \
    accept-language accept-ranges age allow authorization cache-control connection content-base \
    content-encoding content-language content-length content-location content-md5 content-range \
    content-type date etag expect expires from host if-match if-modified-since if-none-match \
    if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate \
    proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
    user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url \
    public set-cookie keep-alive origin";
/// The second.
const TEXT: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416\
    417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad \
    Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not \
    Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 \
    Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,\
    application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,\
    deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

pub(super) static DICTIONARY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let words = WORDS.split(' ').map(|word| word.replace('_', " "));
    let mut bytes: Vec<u8> = words.flat_map(|word| sized(&word)).collect();
    bytes.extend(TEXT.as_bytes());
    bytes
});

fn sized(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

/// Unpacks the blocks of a connection, in order.
pub(super) struct Reader(Decompress);

impl Default for Reader {
    fn default() -> Reader {
        Reader(Decompress::new(true))
    }
}

impl Reader {
    pub(super) fn read(&mut self, mut block: &[u8]) -> io::Result<Headers> {
        let mut plain = Vec::with_capacity(1024);
        loop {
            let before = self.0.total_in();
            let result = self.0.decompress_vec(block, &mut plain, FlushDecompress::Sync);
            block = &block[(self.0.total_in() - before) as usize..];
            match result {
                Err(error) if error.needs_dictionary().is_some() => {
                    let set = self.0.set_dictionary(&DICTIONARY);
                    set.map_err(|error| broken(format!("not SPDY's dictionary: {error}")))?;
                    continue;
                }
                Err(error) => return Err(broken(format!("headers: {error}"))),
                Ok(_) => {}
            }
            if plain.len() > LONGEST {
                return Err(broken("headers of more than 64 KiB"));
            }
            if plain.len() < plain.capacity() {
                break;
            }
            plain.reserve(1024);
        }
        parse(&plain)
    }
}

/// Packs the blocks of a connection, in order.
pub(super) struct Writer {
    compress: Compress,
    began: bool,
}

impl Default for Writer {
    fn default() -> Writer {
        Writer { compress: Compress::new(Compression::fast(), true), began: false }
    }
}

impl Writer {
    pub(super) fn write(&mut self, headers: &Headers) -> io::Result<Vec<u8>> {
        if !self.began {
            self.began = true;
            self.compress.set_dictionary(&DICTIONARY).map_err(io::Error::other)?;
        }
        let mut plain = (headers.len() as u32).to_be_bytes().to_vec();
        for (name, value) in headers {
            plain.extend(sized(name));
            plain.extend(sized(value));
        }
        // What stored blocks would take, and the mark of a flush.
        let mut packed = Vec::with_capacity(plain.len() + plain.len() / 8 + 64);
        self.compress
            .compress_vec(&plain, &mut packed, FlushCompress::Sync)
            .map_err(io::Error::other)?;
        Ok(packed)
    }
}

fn parse(mut plain: &[u8]) -> io::Result<Headers> {
    let cut = || broken("headers cut short");
    let number = |bytes: &mut &[u8]| {
        let (first, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
        *bytes = rest;
        Ok::<_, io::Error>(u32::from_be_bytes(*first) as usize)
    };
    let text = |bytes: &mut &[u8]| {
        let length = number(bytes)?;
        let (first, rest) = bytes.split_at_checked(length).ok_or_else(cut)?;
        *bytes = rest;
        String::from_utf8(first.to_vec()).map_err(|_| broken("a header that is not UTF-8"))
    };
    let count = number(&mut plain)?;
    let mut headers = Headers::new();
    for _ in 0..count {
        let name = text(&mut plain)?.to_ascii_lowercase();
        headers.insert(name, text(&mut plain)?);
    }
    Ok(headers)
}
