//! Protobuf on the wire: numbered items, one after the other.

use serde_json::Value;

use super::{Error, malformed};

pub(super) enum Item<'a> {
    Number(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// All items of a message, in their order.
pub(super) fn items<'a>(mut bytes: &'a [u8], at: &str) -> Result<Vec<(u32, Item<'a>)>, Error> {
    let mut all = Vec::new();
    let cut = || malformed(at, "is cut short");
    while !bytes.is_empty() {
        let key = varint(&mut bytes, at)?;
        let number = u32::try_from(key >> 3).map_err(|_| malformed(at, "has no such field"))?;
        let item = match key & 7 {
            0 => Item::Number(varint(&mut bytes, at)?),
            1 => {
                let (first, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
                bytes = rest;
                Item::Fixed(u64::from_le_bytes(*first))
            }
            2 => {
                let length = varint(&mut bytes, at)?;
                let length = usize::try_from(length).map_err(|_| cut())?;
                let (first, rest) = bytes.split_at_checked(length).ok_or_else(cut)?;
                bytes = rest;
                Item::Bytes(first)
            }
            5 => {
                let (first, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
                bytes = rest;
                Item::Fixed(u32::from_le_bytes(*first).into())
            }
            _ => return Err(malformed(at, "has an item of no known type")),
        };
        all.push((number, item));
    }
    Ok(all)
}

/// Numbers one after the other, as newer encoders write lists of them.
pub(super) fn packed(mut bytes: &[u8], at: &str) -> Result<Vec<Value>, Error> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        all.push(varint(&mut bytes, at)?.cast_signed().into());
    }
    Ok(all)
}

fn varint(bytes: &mut &[u8], at: &str) -> Result<u64, Error> {
    let mut number = 0;
    for (place, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            *bytes = &bytes[place + 1..];
            return Ok(number);
        }
    }
    Err(malformed(at, "is cut short"))
}
