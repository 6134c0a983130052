//! A buffer that is written and read bit by bit.

#[derive(Debug, Clone, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are not used yet.
    free: u8,
}

impl BitWriter {
    /// The lowest `count` bits of a value, the highest of them first.
    pub fn write(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let taken = left.min(u32::from(self.free));
            let part = (value >> (left - taken)) as u8 & (0xff >> (8 - taken));
            if let Some(last) = self.bytes.last_mut() {
                *last |= part << (u32::from(self.free) - taken);
            }
            self.free -= taken as u8;
            left -= taken;
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

pub struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// The next `count` bits (at most 64), or `None` at the end.
    pub fn read(&mut self, count: u32) -> Option<u64> {
        if count == 0 {
            return Some(0);
        }
        let end = self.at + count as usize;
        if end > self.bytes.len() * 8 {
            return None;
        }
        let (byte, skipped) = (self.at / 8, (self.at % 8) as u32);
        self.at = end;
        match self.bytes.get(byte..byte + 8) {
            Some(word) if skipped + count <= 64 => {
                let word = u64::from_be_bytes(word.try_into().expect("eight bytes were asked for"));
                Some((word << skipped) >> (64 - count))
            }
            // Near the end, or over nine bytes.
            _ => {
                let last = (end - 1) / 8;
                let gathered = self.bytes[byte..=last]
                    .iter()
                    .fold(0_u128, |word, byte| (word << 8) | u128::from(*byte));
                let unread = (last + 1) * 8 - end;
                Some((gathered >> unread) as u64 & (u64::MAX >> (64 - count)))
            }
        }
    }

    /// How many ones come before the next zero, at most `limit`.
    pub fn ones(&mut self, limit: u32) -> Option<u32> {
        for count in 0..limit {
            if self.read(1)? == 0 {
                return Some(count);
            }
        }
        Some(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_at_any_offset_and_nothing_beyond() {
        let value = 0xf00d_cafe_1234_5679;
        for offset in 0..9 {
            for count in 1..=64 {
                let mut writer = BitWriter::default();
                writer.write(0, offset);
                writer.write(value, count);
                writer.write(1, 1);
                let mut reader = BitReader::new(writer.bytes());
                assert_eq!(reader.read(offset), Some(0));
                assert_eq!(reader.read(count), Some(value & (u64::MAX >> (64 - count))));
                assert_eq!(reader.read(1), Some(1), "{offset} {count}");
                assert_eq!(reader.read(9), None);
            }
        }
    }
}
