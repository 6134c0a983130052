//! Which series `limit_ratio` keeps: those whose hash falls into the ratio, so that the
//! choice is the same every time and the same as Prometheus's.

use crate::labels::Labels;

/// Whether a series is in the sample. A negative ratio takes exactly those that
/// `1 + ratio` leaves.
pub fn is_sampled(labels: &Labels, ratio: f64) -> bool {
    let place = hash(&encoded(labels)) as f64 / u64::MAX as f64;
    if ratio >= 0.0 { place < ratio } else { place >= 1.0 + ratio }
}

/// Names and values in turn, each behind its length: one byte, or 255 and three bytes
/// (little-endian) from 255 on. This is how Prometheus holds labels in memory.
fn encoded(labels: &Labels) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        match u8::try_from(text.len()) {
            Ok(length) if length < u8::MAX => bytes.push(length),
            _ => {
                bytes.push(u8::MAX);
                bytes.extend_from_slice(&text.len().to_le_bytes()[..3]);
            }
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

const PRIMES: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// XXH64 with seed 0, by the specification in the xxHash project's documentation.
fn hash(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut sum = if blocks.is_empty() { PRIMES[4] } else { of_blocks(blocks) };
    sum = sum.wrapping_add(bytes.len() as u64);
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        sum ^= round(0, u64::from_le_bytes(*word));
        sum = sum.rotate_left(27).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3]);
    }
    let (halves, rest) = rest.as_chunks::<4>();
    for half in halves {
        sum ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(PRIMES[0]);
        sum = sum.rotate_left(23).wrapping_mul(PRIMES[1]).wrapping_add(PRIMES[2]);
    }
    for byte in rest {
        sum ^= u64::from(*byte).wrapping_mul(PRIMES[4]);
        sum = sum.rotate_left(11).wrapping_mul(PRIMES[0]);
    }
    sum = (sum ^ (sum >> 33)).wrapping_mul(PRIMES[1]);
    sum = (sum ^ (sum >> 29)).wrapping_mul(PRIMES[2]);
    sum ^ (sum >> 32)
}

/// Four lanes over blocks of 32 bytes, merged.
fn of_blocks(blocks: &[[u8; 32]]) -> u64 {
    let first = PRIMES[0].wrapping_add(PRIMES[1]);
    let mut lanes = [first, PRIMES[1], 0, 0_u64.wrapping_sub(PRIMES[0])];
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = round(*lane, u64::from_le_bytes(*word));
        }
    }
    let turns = lanes.iter().zip([1, 7, 12, 18]);
    let sum = turns.fold(0, |sum: u64, (lane, by)| sum.wrapping_add(lane.rotate_left(by)));
    lanes.iter().fold(sum, |sum, lane| {
        (sum ^ round(0, *lane)).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3])
    })
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(PRIMES[1])).rotate_left(31).wrapping_mul(PRIMES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementation, for every length class.
    #[test]
    fn hashes_are_xxh64() {
        assert_eq!(hash(b""), 0xef46_db37_51d8_e999);
        assert_eq!(hash(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(hash(b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(hash(b"Nobody inspects the spammish repetition"), 0xfbce_a83c_8a37_8bf1);
    }

    #[test]
    fn a_negative_ratio_takes_what_its_complement_leaves() {
        for number in 0..200 {
            let labels = Labels::new([("n", number.to_string())]);
            assert_ne!(is_sampled(&labels, 0.3), is_sampled(&labels, -0.7), "{labels}");
        }
    }
}
