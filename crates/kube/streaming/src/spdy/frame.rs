//! Frames on the wire: eight bytes of head, then a body.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::headers;

pub(super) const SYN_STREAM: u16 = 1;
pub(super) const SYN_REPLY: u16 = 2;
pub(super) const RST_STREAM: u16 = 3;
pub(super) const PING: u16 = 6;
pub(super) const GOAWAY: u16 = 7;
pub(super) const HEADERS: u16 = 8;

/// Flag: the sender has said all of the stream.
pub(super) const FIN: u8 = 1;
/// Status of a stream that is not taken.
pub(super) const REFUSED: u32 = 3;

const VERSION: u16 = 3;
/// Bit of a control frame.
const CONTROL: u16 = 0x8000;
/// Stream ids have 31 bits.
const ID: u32 = 0x7fff_ffff;
/// Bytes of data that are taken in one piece.
pub(super) const PIECE: usize = 32 * 1024;
/// Bytes of a control frame; its headers hold a name and a number or two.
const LONGEST_CONTROL: usize = 16 * 1024;

pub(super) enum Head {
    Data { stream: u32, last: bool, length: usize },
    Control { kind: u16, flags: u8, length: usize },
}

/// What this side sends.
pub(super) enum Frame {
    Reply { stream: u32 },
    Data { stream: u32, bytes: Bytes, last: bool },
    Reset { stream: u32, code: u32 },
    Ping(u32),
}

/// The next head; none at the end of the connection.
pub(super) async fn head(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Head>> {
    let first = match input.read_u8().await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        first => first?,
    };
    let mut rest = [0; 7];
    input.read_exact(&mut rest).await?;
    let word = u32::from_be_bytes([first, rest[0], rest[1], rest[2]]);
    let (flags, length) = (rest[3], u32::from_be_bytes([0, rest[4], rest[5], rest[6]]) as usize);
    let [high, low] = [(word >> 16) as u16, word as u16];
    if high & CONTROL == 0 {
        return Ok(Some(Head::Data { stream: word, last: flags & FIN != 0, length }));
    }
    match high & !CONTROL {
        VERSION => Ok(Some(Head::Control { kind: low, flags, length })),
        other => Err(broken(format!("SPDY version {other}, not {VERSION}"))),
    }
}

/// The body of a control frame.
pub(super) async fn body(
    input: &mut (impl AsyncRead + Unpin),
    length: usize,
) -> io::Result<Vec<u8>> {
    if length > LONGEST_CONTROL {
        return Err(broken(format!("a control frame of {length} bytes")));
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).await?;
    Ok(body)
}

/// Of a SYN_STREAM: its id and its compressed headers.
pub(super) fn opening(body: &[u8]) -> io::Result<(u32, &[u8])> {
    // Id, associated id, priority and slot.
    let block = body.get(10..).ok_or_else(|| broken("a stream without headers"))?;
    Ok((stream_id(body)?, block))
}

pub(super) fn stream_id(body: &[u8]) -> io::Result<u32> {
    number(body).map(|id| id & ID)
}

pub(super) fn number(body: &[u8]) -> io::Result<u32> {
    let bytes = body.first_chunk().ok_or_else(|| broken("a control frame cut short"))?;
    Ok(u32::from_be_bytes(*bytes))
}

pub(super) fn broken(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

impl Frame {
    /// The bytes on the wire, in pieces.
    pub(super) fn encode(self, headers: &mut headers::Writer) -> io::Result<Vec<Bytes>> {
        Ok(match self {
            Frame::Reply { stream } => {
                let mut body = stream.to_be_bytes().to_vec();
                body.extend(headers.write(&headers::Headers::new())?);
                vec![control(SYN_REPLY, &body)]
            }
            Frame::Data { stream, bytes, last } => data(stream, bytes, last),
            Frame::Reset { stream, code } => {
                vec![control(RST_STREAM, &[stream.to_be_bytes(), code.to_be_bytes()].concat())]
            }
            Frame::Ping(id) => vec![control(PING, &id.to_be_bytes())],
        })
    }
}

fn control(kind: u16, body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(8 + body.len());
    out.put_u16(CONTROL | VERSION);
    out.put_u16(kind);
    out.put_u32(body.len() as u32);
    out.put_slice(body);
    out.freeze()
}

fn data(stream: u32, mut bytes: Bytes, last: bool) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    loop {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        let flags = if last && bytes.is_empty() { FIN } else { 0 };
        let mut head = BytesMut::with_capacity(8);
        head.put_u32(stream);
        head.put_u32(u32::from(flags) << 24 | piece.len() as u32);
        pieces.extend([head.freeze(), piece]);
        if bytes.is_empty() {
            return pieces;
        }
    }
}
