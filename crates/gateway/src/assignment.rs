//! Who gets which variant of a test: a pure function of a key, so that every gateway on
//! every machine says the same, and says it again after an upgrade.
//!
//! The hash is the first eight bytes, big endian, of SHA-256 (FIPS 180-4) over the
//! parts, each behind its length as eight bytes, big endian. The choice is weighted
//! rendezvous hashing: each variant gets the score −w / ln(u), u uniform from a hash of
//! the salt, the variant's name and the key, and the highest score wins. Source: the
//! logarithmic method of Schindelhauer and Schomaker, "Weighted Distributed Hash Tables"
//! (SPAA 2005), over Thaler and Ravishankar's rendezvous hashing (1998). A score depends
//! on its own variant alone, so a weight that grows moves keys only into its variant.

use std::collections::HashSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// How keys are shared out.
#[derive(Debug)]
pub struct Split {
    pub salt: String,
    /// Share of keys that take part.
    pub percent: f64,
    pub excluded: HashSet<String>,
    /// Names and weights; the first is for all who take no part.
    pub variants: Vec<(Arc<str>, f64)>,
}

/// What one request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// `None` where there are no variants at all.
    pub variant: Option<Arc<str>>,
    /// Hash of the key of a request that counts; `None` when it takes no part.
    pub key_hash: Option<u64>,
}

impl Split {
    pub fn share(&self, key: Option<&str>) -> Share {
        match key.filter(|key| self.takes_part(key)) {
            Some(key) => {
                Share { variant: self.choose(key), key_hash: Some(key_hash(&self.salt, key)) }
            }
            None => Share { variant: self.first(), key_hash: None },
        }
    }

    fn takes_part(&self, key: &str) -> bool {
        let point = unit(hash(&[&self.salt, "take part", key])) * 100.0;
        point < self.percent && !self.excluded.contains(key)
    }

    fn first(&self) -> Option<Arc<str>> {
        self.variants.first().map(|(name, _)| name.clone())
    }

    /// The variant with the highest score; those without weight get nobody.
    fn choose(&self, key: &str) -> Option<Arc<str>> {
        let weighted = self.variants.iter().filter(|(_, weight)| *weight > 0.0);
        let scored = weighted.map(|(name, weight)| {
            let point = unit(hash(&[&self.salt, "variant", name, key]));
            (name, -weight / point.ln())
        });
        let highest = scored.max_by(|(_, one), (_, other)| one.total_cmp(other));
        highest.map(|(name, _)| name.clone()).or_else(|| self.first())
    }
}

/// By which a test knows a key without keeping it.
pub fn key_hash(salt: &str, key: &str) -> u64 {
    hash(&[salt, "key", key])
}

/// Sixty-four bits of the parts; see the head of this file.
fn hash(parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Uniform in the open interval from 0 to 1, where a logarithm is finite and not zero.
/// From 52 bits: with one more the half step would round the largest up to 1.
fn unit(hash: u64) -> f64 {
    const STEPS: f64 = (1_u64 << 52) as f64;
    ((hash >> 12) as f64 + 0.5) / STEPS
}

#[cfg(test)]
mod tests;
