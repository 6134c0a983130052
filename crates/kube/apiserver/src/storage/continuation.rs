//! The token between two pages of a list.
//!
//! The same text as Kubernetes' own: base64url of
//! `{"v":"meta.k8s.io/v1","rv":214,"start":"/cm-2\u0000"}`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dais_store::Revision;
use serde::{Deserialize, Serialize};

use crate::status::Failure;

/// Where a list goes on, and at which revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    pub revision: Revision,
    /// The last key of the page before, relative to the prefix that is listed.
    pub after: String,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    v: String,
    rv: i64,
    start: String,
}

impl Continuation {
    pub fn encode(&self) -> String {
        let wire = Wire {
            v: "meta.k8s.io/v1".into(),
            rv: self.revision.cast_signed(),
            start: format!("/{}\0", self.after),
        };
        let text = serde_json::to_string(&wire).expect("three plain fields always serialise");
        URL_SAFE_NO_PAD.encode(text)
    }

    /// # Errors
    /// 400 for anything that is not a token of this server.
    pub fn decode(token: &str) -> Result<Continuation, Failure> {
        let invalid = |why: &str| {
            Failure::bad_request(format!(
                "invalid continue token: continue key is not valid: {why}"
            ))
        };
        let bytes = URL_SAFE_NO_PAD
            .decode(token.trim_end_matches('='))
            .map_err(|error| invalid(&error.to_string()))?;
        let wire: Wire =
            serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
        if wire.v != "meta.k8s.io/v1" {
            return Err(invalid(&format!(
                "server does not recognize this encoded version {:?}",
                wire.v
            )));
        }
        let after = wire.start.strip_prefix('/').unwrap_or(&wire.start);
        let after = after.strip_suffix('\0').unwrap_or(after).to_owned();
        if after.split('/').any(|part| part == "..") {
            return Err(invalid("it leaves the resource that it was made for"));
        }
        let revision = u64::try_from(wire.rv).ok().filter(|revision| *revision > 0);
        let revision =
            revision.ok_or_else(|| invalid("incorrect encoded start resourceVersion"))?;
        Ok(Continuation { revision, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubernetes_writes() {
        let token = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjE0LCJzdGFydCI6Ii9jbS0yXHUwMDAwIn0";
        let read = Continuation::decode(token).expect("recorded token");
        assert_eq!(read, Continuation { revision: 214, after: "cm-2".into() });
        assert_eq!(read.encode(), token);
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for token in ["nonsense", "", "e30", "%%%", "eyJ2IjoieCIsInJ2IjoxLCJzdGFydCI6IiJ9"] {
            let failure = Continuation::decode(token).expect_err(token);
            assert_eq!(failure.code, 400);
            assert!(failure.message.starts_with("invalid continue token: "), "{}", failure.message);
        }
    }
}
