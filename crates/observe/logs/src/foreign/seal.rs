//! Ids of points in time and scrolls, bound to the scope that opened them: the engine's
//! own id with a code (HMAC-SHA-256) over it and the scope. To any other caller an id is
//! as unknown as one that never was; after a restart all are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::scope::Scope;

const CODE: usize = 32;

#[derive(Clone, Copy)]
pub enum Kind {
    Pit,
    Scroll,
}

pub struct Seal {
    key: [u8; 32],
}

impl Seal {
    /// With a key that nobody knows.
    pub fn new() -> Seal {
        let mut key = [0; 32];
        for half in key.chunks_exact_mut(16) {
            half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        }
        Seal { key }
    }

    pub fn close(&self, kind: Kind, scope: &Scope, id: &str) -> String {
        let mut bytes = self.code(kind, scope, id).finalize().into_bytes().to_vec();
        bytes.extend_from_slice(id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub fn open(&self, kind: Kind, scope: &Scope, sealed: &str) -> Result<String> {
        let unknown = || Error::NoContext(sealed.to_owned());
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| unknown())?;
        let (code, id) = bytes.split_at_checked(CODE).ok_or_else(unknown)?;
        let id = std::str::from_utf8(id).map_err(|_| unknown())?;
        self.code(kind, scope, id).verify_slice(code).map_err(|_| unknown())?;
        Ok(id.to_owned())
    }

    fn code(&self, kind: Kind, scope: &Scope, id: &str) -> Hmac<Sha256> {
        let mut code =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        code.update(match kind {
            Kind::Pit => b"pit",
            Kind::Scroll => b"scr",
        });
        // With its length before it, no word can pose as two.
        let mut word = |text: &str| {
            code.update(&(text.len() as u64).to_be_bytes());
            code.update(text.as_bytes());
        };
        word(id);
        match &scope.namespaces {
            None => word("*"),
            Some(namespaces) => {
                word("of");
                namespaces.iter().for_each(|namespace| word(namespace));
            }
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_opens_for_its_own_scope_and_kind_alone() {
        let seal = Seal::new();
        let (a, ab) = (Scope::only(["a"]), Scope::only(["a", "b"]));
        let sealed = seal.close(Kind::Pit, &a, "id==");
        assert_eq!(seal.open(Kind::Pit, &a, &sealed).unwrap(), "id==");
        for (kind, scope) in [
            (Kind::Scroll, &a),
            (Kind::Pit, &ab),
            (Kind::Pit, &Scope::all()),
            (Kind::Pit, &Scope::nothing()),
        ] {
            assert!(seal.open(kind, scope, &sealed).is_err());
        }
        for forged in
            ["", "id==", "aWQ", &sealed[..sealed.len() - 2], &format!("A{}", &sealed[1..])]
        {
            assert!(forged == sealed || seal.open(Kind::Pit, &a, forged).is_err(), "{forged}");
        }
        assert!(Seal::new().open(Kind::Pit, &a, &sealed).is_err());
    }
}
