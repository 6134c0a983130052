//! Records in a file: length, checksum, bytes; and numbers of variable length.

/// `[length: u32][crc32: u32][payload]`.
pub fn push_frame(into: &mut Vec<u8>, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a record is far below 4 GiB");
    into.extend(length.to_le_bytes());
    into.extend(crc32(payload).to_le_bytes());
    into.extend(payload);
}

/// The next whole and undamaged record, and how many bytes it takes.
pub fn next_frame(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let checksum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let payload = bytes.get(8..8 + length)?;
    (crc32(payload) == checksum).then_some((payload, 8 + length))
}

/// The checksum of zip and of Ethernet (IEEE 802.3).
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Seven bits a byte, the lowest first.
pub fn push_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

pub fn push_text(into: &mut Vec<u8>, text: &str) {
    push_number(into, text.len() as u64);
    into.extend(text.as_bytes());
}

/// Reads what the `push_…` functions wrote.
pub struct Fields<'a> {
    pub rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub fn signed(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    pub fn float(&mut self) -> Option<f64> {
        Some(f64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_numbers_come_back_and_damage_shows() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let mut payload = Vec::new();
        for number in [0, 127, 128, 300, u64::MAX] {
            push_number(&mut payload, number);
        }
        push_text(&mut payload, "词");
        let mut file = Vec::new();
        push_frame(&mut file, &payload);
        let (read, length) = next_frame(&file).unwrap();
        assert_eq!(length, file.len());
        let mut fields = Fields { rest: read };
        for number in [0, 127, 128, 300, u64::MAX] {
            assert_eq!(fields.number(), Some(number));
        }
        assert_eq!((fields.text(), fields.byte()), (Some("词"), None));
        let last = file.len() - 1;
        assert!(next_frame(&file[..last]).is_none());
        file[last] ^= 1;
        assert!(next_frame(&file).is_none());
    }
}
