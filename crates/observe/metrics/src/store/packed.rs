//! A run of samples as the log keeps them: numbers as differences, values by the
//! significance of their bytes, all of it compressed.
//!
//! A scrape's series are neighbours and its times one, so the differences are nearly
//! all alike; values of one kind share their upper bytes, and whole numbers have none
//! below. Laid out so, even a fast compressor finds most of it.

use super::frame::{Fields, push_number};
use crate::sample::Sample;

/// Bytes of a value.
const WIDTH: usize = size_of::<f64>();
/// Samples of one run at most, so that reading one back needs little memory.
pub const RUN: usize = 8192;

/// Packs runs one after another in the same memory.
pub struct Packer {
    plain: Vec<u8>,
    encoder: snap::raw::Encoder,
}

impl Default for Packer {
    fn default() -> Self {
        Self { plain: Vec::new(), encoder: snap::raw::Encoder::new() }
    }
}

impl Packer {
    /// Appends a run of at most [`RUN`] samples.
    pub fn pack(&mut self, into: &mut Vec<u8>, samples: &[(u32, Sample)]) {
        let plain = &mut self.plain;
        plain.clear();
        push_number(plain, samples.len() as u64);
        let (mut number, mut time) = (0_i64, 0_i64);
        for (of, _) in samples {
            push_number(plain, zigzag(i64::from(*of) - number));
            number = i64::from(*of);
        }
        for (_, sample) in samples {
            push_number(plain, zigzag(sample.time.wrapping_sub(time)));
            time = sample.time;
        }
        for place in (0..WIDTH).rev() {
            plain.extend(samples.iter().map(|(_, sample)| sample.value.to_le_bytes()[place]));
        }
        let packed = self.encoder.compress_vec(plain).expect("a run is far below 4 GiB");
        into.extend(packed);
    }
}

/// The samples of a run; `None` when it is not one.
pub fn unpack(packed: &[u8]) -> Option<Vec<(u32, Sample)>> {
    if snap::raw::decompress_len(packed).ok()? > RUN * (2 * 10 + WIDTH) + 10 {
        return None;
    }
    let plain = snap::raw::Decoder::new().decompress_vec(packed).ok()?;
    let mut fields = Fields { rest: &plain };
    let count = usize::try_from(fields.number()?).ok().filter(|count| *count <= RUN)?;
    let mut numbers = Vec::with_capacity(count);
    let mut last = 0_i64;
    for _ in 0..count {
        last = last.checked_add(unzigzag(fields.number()?))?;
        numbers.push(u32::try_from(last).ok()?);
    }
    let mut times = Vec::with_capacity(count);
    let mut last = 0_i64;
    for _ in 0..count {
        last = last.wrapping_add(unzigzag(fields.number()?));
        times.push(last);
    }
    let planes = fields.rest;
    if planes.len() != count * WIDTH {
        return None;
    }
    let value = |at: usize| {
        let bytes: [u8; WIDTH] =
            std::array::from_fn(|place| planes[(WIDTH - 1 - place) * count + at]);
        f64::from_le_bytes(bytes)
    };
    let samples = numbers.into_iter().zip(times).enumerate();
    Some(samples.map(|(at, (number, time))| (number, Sample { time, value: value(at) })).collect())
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(samples: &[(u32, Sample)]) -> Vec<(u32, i64, u64)> {
        samples.iter().map(|(number, s)| (*number, s.time, s.value.to_bits())).collect()
    }

    #[test]
    fn every_bit_comes_back() {
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        let odd = [
            (7, Sample { time: i64::MAX, value: 0.1 }),
            (0, Sample { time: i64::MIN, value: -0.0 }),
            (u32::MAX, Sample { time: 0, value: stale }),
            (u32::MAX, Sample { time: -1, value: f64::INFINITY }),
        ];
        for samples in [&odd[..], &odd[..1], &[]] {
            let mut packed = Vec::new();
            Packer::default().pack(&mut packed, samples);
            assert_eq!(bits(&unpack(&packed).unwrap()), bits(samples));
        }
    }

    #[test]
    fn a_scrape_takes_a_few_bytes_a_sample() {
        let sample = |number: u32| {
            (number, Sample { time: 1_700_000_000_000, value: f64::from(number * 17 % 4096) })
        };
        let samples: Vec<(u32, Sample)> = (0..RUN as u32).map(sample).collect();
        let mut packed = Vec::new();
        Packer::default().pack(&mut packed, &samples);
        assert!(packed.len() < 4 * RUN, "{} bytes", packed.len());
        assert_eq!(bits(&unpack(&packed).unwrap()), bits(&samples));
    }

    #[test]
    fn what_is_no_run_is_refused() {
        let mut packed = Vec::new();
        Packer::default().pack(&mut packed, &[(1, Sample { time: 2, value: 3.0 })]);
        for end in 0..packed.len() {
            assert!(unpack(&packed[..end]).is_none(), "{end} bytes");
        }
        let compressed = |plain: &[u8]| snap::raw::Encoder::new().compress_vec(plain).unwrap();
        let mut count = Vec::new();
        push_number(&mut count, u64::MAX);
        assert!(unpack(&compressed(&count)).is_none());
        assert!(unpack(&compressed(&vec![0; 1 << 20])).is_none());
    }
}
