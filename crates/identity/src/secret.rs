//! Text that must not be seen: prints as `****`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// A password, token or session key. `Debug` and `Display` print `****`;
/// [`Secret::expose`] is the one way to the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// 256 bits: beyond guessing, so a plain hash of it is enough in storage.
const BYTES: usize = 32;

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `other` is the same text; takes as long wherever they differ.
    pub fn matches(&self, other: &str) -> bool {
        Sha256::digest(self.0.as_bytes()) == Sha256::digest(other.as_bytes())
    }

    /// Random text that is safe in headers, cookies and addresses.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn random(prefix: &str) -> Result<Self> {
        let mut bytes = [0; BYTES];
        fill(&mut bytes)?;
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// A random password that a person can read aloud and type: 5 groups of 4
    /// from 31 characters without look-alikes, 99 bits.
    pub fn random_password() -> Result<Self> {
        const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
        let mut password = String::new();
        while password.len() < 24 {
            if password.len() % 5 == 4 {
                password.push('-');
            }
            let mut byte = [0];
            fill(&mut byte)?;
            // Refuse the uneven rest so that every letter is equally likely.
            if byte[0] < 248 {
                password.push(char::from(LETTERS[usize::from(byte[0]) % LETTERS.len()]));
            }
        }
        Ok(Self(password))
    }

    /// What the database keeps of it, as hexadecimal SHA-256.
    pub(crate) fn digest(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// A short random name for a row.
pub(crate) fn random_id() -> Result<String> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(hex(&bytes))
}

pub(crate) fn fill(bytes: &mut [u8]) -> Result<()> {
    OsRng.try_fill_bytes(bytes).map_err(|source| Error::Random(source.to_string()))
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("****")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn secrets_print_as_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "**** **** Some(****)");
    }

    #[test]
    fn passwords_are_readable_and_differ() {
        let password = Secret::random_password().unwrap();
        let groups: Vec<_> = password.expose().split('-').map(str::len).collect();
        assert_eq!(groups, [4, 4, 4, 4, 4]);
        assert_ne!(password, Secret::random_password().unwrap());
    }
}
