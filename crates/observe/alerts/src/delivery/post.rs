//! A JSON body, posted; and the answer, read up to a bound.

use std::error::Error as _;

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Courier, Outcome, hide};
use crate::config::receiver::parse_address;
use crate::secret::{Secret, Source};

/// An answer is read up to this many bytes; services say what is wrong in far less.
const ANSWER: usize = 16 << 10;

/// What came back, whatever it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub status: u16,
    pub body: String,
}

impl Courier {
    /// A request to a configured address.
    ///
    /// # Errors
    /// The address cannot be read from its file, or is none.
    pub(super) fn request(
        &self,
        source: &Source,
        also: &[(&str, String)],
    ) -> Result<(RequestBuilder, Secret), String> {
        let secret = source.read()?;
        let mut url = parse_address(&secret).map_err(|reason| format!("the address: {reason}"))?;
        if !also.is_empty() {
            url.query_pairs_mut().extend_pairs(also);
        }
        Ok((self.http.post(url), secret))
    }
}

/// Posts and reads.
///
/// # Errors
/// No answer came: an outcome that says so without showing the address.
pub async fn post(
    request: RequestBuilder,
    body: &Value,
    secrets: &[&Secret],
) -> Result<Said, Outcome> {
    let lost = |error: reqwest::Error| {
        let error = error.without_url();
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            words = format!("{words}: {cause}");
            source = cause.source();
        }
        Outcome::unreachable(hide(&words, secrets))
    };
    let mut response = request.json(body).send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        let room = ANSWER - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == ANSWER {
            break;
        }
    }
    let body = hide(&String::from_utf8_lossy(&bytes), secrets);
    Ok(Said { status, body })
}
