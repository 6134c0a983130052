//! Compressed runs of samples: times as differences of differences, values as the bits
//! that changed (the scheme of Facebook's Gorilla, VLDB 2015).

use super::bits::{BitReader, BitWriter};
use crate::sample::Sample;

/// Widths of the difference of differences, by the number of leading ones. At a steady
/// interval it is zero and takes one bit.
const WIDTHS: [u32; 4] = [0, 14, 17, 64];

/// A run that grows, and what the next one follows.
#[derive(Debug, Clone, Default)]
pub struct ChunkWriter {
    bits: BitWriter,
    count: u32,
    from: i64,
    state: State,
}

/// What the next sample is written relative to.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    time: i64,
    delta: i64,
    value: u64,
    /// Zeros around the bits that changed last; [`NO_WINDOW`] before anything did.
    leading: u8,
    trailing: u8,
}

const NO_WINDOW: u8 = u8::MAX;

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    pub from: i64,
    pub to: i64,
    pub count: u32,
    pub data: Vec<u8>,
}

impl ChunkWriter {
    pub fn len(&self) -> u32 {
        self.count
    }

    /// The last sample written, also when its run is finished. Of a new writer: nonsense.
    pub fn last(&self) -> Sample {
        Sample { time: self.state.time, value: f64::from_bits(self.state.value) }
    }

    pub fn from(&self) -> i64 {
        self.from
    }

    /// Times must rise.
    pub fn push(&mut self, sample: Sample) {
        let value = sample.value.to_bits();
        if self.count == 0 {
            self.bits.write(sample.time as u64, 64);
            self.bits.write(value, 64);
            self.from = sample.time;
            let (time, leading) = (sample.time, NO_WINDOW);
            self.state = State { time, delta: 0, value, leading, trailing: 0 };
        } else {
            self.push_time(sample.time);
            self.push_value(value);
        }
        self.count += 1;
    }

    fn push_time(&mut self, time: i64) {
        let delta = time.wrapping_sub(self.state.time);
        let change = delta.wrapping_sub(self.state.delta);
        let class =
            WIDTHS.iter().position(|width| fits(change, *width)).unwrap_or(WIDTHS.len() - 1);
        for _ in 0..class {
            self.bits.write(1, 1);
        }
        if class < WIDTHS.len() - 1 {
            self.bits.write(0, 1);
        }
        self.bits.write(change as u64, WIDTHS[class]);
        (self.state.time, self.state.delta) = (time, delta);
    }

    fn push_value(&mut self, value: u64) {
        let changed = value ^ self.state.value;
        self.state.value = value;
        if changed == 0 {
            self.bits.write(0, 1);
            return;
        }
        self.bits.write(1, 1);
        // Five bits hold the count of leading zeros.
        let leading = changed.leading_zeros().min(31);
        let trailing = changed.trailing_zeros();
        let (from, until) = (self.state.leading.into(), self.state.trailing.into());
        if self.state.leading != NO_WINDOW && leading >= from && trailing >= until {
            self.bits.write(0, 1);
            self.bits.write(changed >> until, 64 - from - until);
            return;
        }
        let length = 64 - leading - trailing;
        self.bits.write(1, 1);
        self.bits.write(leading.into(), 5);
        // 1 to 64 in six bits.
        self.bits.write(u64::from(length - 1), 6);
        self.bits.write(changed >> trailing, length);
        // Both are below 64.
        (self.state.leading, self.state.trailing) = (leading as u8, trailing as u8);
    }

    pub fn samples(&self) -> Decoder<'_> {
        Decoder::new(self.bits.bytes(), self.count)
    }

    /// Ends the run; the next sample begins another.
    pub fn finish(&mut self) -> Chunk {
        let data = std::mem::take(&mut self.bits).into_bytes();
        let count = std::mem::take(&mut self.count);
        Chunk { from: self.from, to: self.state.time, count, data }
    }
}

fn fits(change: i64, width: u32) -> bool {
    match width {
        0 => change == 0,
        64.. => true,
        _ => (-(1_i64 << (width - 1))..1_i64 << (width - 1)).contains(&change),
    }
}

/// Reads a run back; ends early where the data ends.
pub struct Decoder<'a> {
    bits: BitReader<'a>,
    left: u32,
    is_first: bool,
    state: State,
}

impl<'a> Decoder<'a> {
    pub fn new(data: &'a [u8], count: u32) -> Self {
        Decoder { bits: BitReader::new(data), left: count, is_first: true, state: State::default() }
    }

    fn first(&mut self) -> Option<Sample> {
        self.state.time = self.bits.read(64)? as i64;
        self.state.value = self.bits.read(64)?;
        Some(Sample { time: self.state.time, value: f64::from_bits(self.state.value) })
    }

    fn following(&mut self) -> Option<Sample> {
        let class = self.bits.ones(WIDTHS.len() as u32 - 1)? as usize;
        let width = WIDTHS[class];
        let raw = self.bits.read(width)?;
        // The sign bit is the highest of the width.
        let change = if width == 0 { 0 } else { ((raw << (64 - width)) as i64) >> (64 - width) };
        self.state.delta = self.state.delta.wrapping_add(change);
        self.state.time = self.state.time.wrapping_add(self.state.delta);
        if self.bits.read(1)? == 1 {
            if self.bits.read(1)? == 1 {
                let leading = self.bits.read(5)? as u8;
                let length = self.bits.read(6)? as u8 + 1;
                self.state.leading = leading;
                self.state.trailing = 64_u8.checked_sub(leading + length)?;
            }
            let length = 64_u8.checked_sub(self.state.leading)?.checked_sub(self.state.trailing)?;
            self.state.value ^= self.bits.read(length.into())? << self.state.trailing;
        }
        Some(Sample { time: self.state.time, value: f64::from_bits(self.state.value) })
    }
}

impl Iterator for Decoder<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.left = self.left.checked_sub(1)?;
        if std::mem::take(&mut self.is_first) { self.first() } else { self.following() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::STALE;

    fn round_trip(samples: &[Sample]) -> usize {
        let mut writer = ChunkWriter::default();
        samples.iter().for_each(|sample| writer.push(*sample));
        let chunk = writer.finish();
        let read: Vec<Sample> = Decoder::new(&chunk.data, chunk.count).collect();
        assert_eq!(read.len(), samples.len());
        for (read, written) in read.iter().zip(samples) {
            assert_eq!((read.time, read.value.to_bits()), (written.time, written.value.to_bits()));
        }
        chunk.data.len()
    }

    #[test]
    fn what_is_written_is_read_to_the_bit() {
        let values = [
            0.0,
            -0.0,
            1.5,
            f64::NAN,
            STALE,
            f64::INFINITY,
            f64::MIN_POSITIVE,
            -1e300,
            1e-300,
            7.0,
            7.0,
        ];
        let times = [
            -5,
            0,
            15_000,
            30_001,
            30_002,
            1 << 40,
            (1 << 40) + 1,
            (1 << 40) + 20_000,
            1 << 41,
            (1 << 41) + 9_000,
            1 << 42,
        ];
        let samples: Vec<Sample> =
            times.iter().zip(values).map(|(time, value)| Sample { time: *time, value }).collect();
        round_trip(&samples);
    }

    #[test]
    fn a_steady_counter_takes_little() {
        let samples: Vec<Sample> = (0..120)
            .map(|index| Sample { time: index * 15_000, value: (index * 3) as f64 })
            .collect();
        let bytes = round_trip(&samples);
        assert!(bytes < 120 * 3, "{bytes} bytes for 120 samples");
    }
}
