//! Just enough of Thrift's compact protocol to look into a Parquet file
//! (apache/thrift, `doc/specs/thrift-compact-protocol.md`).

pub(super) const STOP: u8 = 0;
pub(super) const I32: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

pub(super) struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn pass(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Id and type of the next field, given the id of the one before.
    pub fn field(&mut self, id: &mut i64) -> Option<(i64, u8)> {
        let header = self.byte()?;
        let kind = header & 0x0f;
        if kind != STOP {
            *id = match header >> 4 {
                0 => self.zigzag()?,
                delta => id.checked_add(i64::from(delta))?,
            };
        }
        Some((*id, kind))
    }

    /// Number and type of the elements that follow.
    pub fn list(&mut self) -> Option<(u64, u8)> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => self.varint()?,
            count => count.into(),
        };
        Some((count, header & 0x0f))
    }

    pub fn skip(&mut self, kind: u8, deepest: usize) -> Option<()> {
        let deeper = deepest.checked_sub(1)?;
        match kind {
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            9 | 10 => {
                let (count, of) = self.list()?;
                for _ in 0..count {
                    // Truth values in a list take a byte each.
                    if of <= 2 { self.pass(1)? } else { self.skip(of, deeper)? }
                }
                Some(())
            }
            STRUCT => {
                let mut field = 0;
                loop {
                    match self.field(&mut field)? {
                        (_, STOP) => return Some(()),
                        (_, kind) => self.skip(kind, deeper)?,
                    }
                }
            }
            _ => None,
        }
    }
}
