//! Conditional requests, as RFC 9110 orders them (section 13.2.2).

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use s3s::dto::{ETag, ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode};

use crate::Condition;
use crate::error::{Error, Result};

/// Of milliseconds since 1970.
pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    let since = Duration::from_millis(milliseconds.unsigned_abs());
    Timestamp::from(UNIX_EPOCH + since)
}

/// In whole seconds, as HTTP's dates are.
pub(super) fn date(milliseconds: i64) -> Timestamp {
    timestamp(milliseconds / 1000 * 1000)
}

#[derive(Default)]
pub(super) struct Reads {
    pub matches: Option<ETagCondition>,
    pub differs: Option<ETagCondition>,
    pub modified_since: Option<Timestamp>,
    pub unmodified_since: Option<Timestamp>,
}

impl Reads {
    /// # Errors
    /// 412 or 304.
    pub fn check(&self, etag: &str, modified_at: i64) -> Result<(), S3Error> {
        let is = |condition: &ETagCondition| {
            condition.as_etag().is_none_or(|wanted| wanted.value() == etag)
        };
        let modified = date(modified_at);
        let fails = match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) => !is(condition),
            (None, Some(since)) => modified > *since,
            (None, None) => false,
        };
        if fails {
            return Err(Error::Condition.into());
        }
        let is_known = match (&self.differs, &self.modified_since) {
            (Some(condition), _) => is(condition),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if !is_known {
            return Ok(());
        }
        let mut error = S3Error::new(S3ErrorCode::NotModified);
        let mut headers = HeaderMap::new();
        if let Ok(value) = ETag::Strong(etag.to_owned()).to_http_header() {
            headers.insert(http::header::ETAG, value);
        }
        error.set_headers(headers);
        Err(error)
    }
}

/// Of a write.
///
/// # Errors
/// For combinations that S3 does not know.
pub(super) fn of_write(
    matches: Option<ETagCondition>,
    differs: Option<ETagCondition>,
) -> Result<Condition> {
    match (matches, differs) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.value().to_owned())),
        (None, Some(ETagCondition::ETag(_))) => {
            Err(Error::invalid("If-None-Match", "a write knows only '*'"))
        }
        (Some(_), Some(_)) => {
            Err(Error::invalid("If-Match", "it cannot stand beside If-None-Match"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(reads: &Reads) -> Option<u16> {
        let refused = reads.check("abc", 1_000_500).err()?;
        Some(if *refused.code() == S3ErrorCode::NotModified { 304 } else { 412 })
    }

    #[test]
    fn conditions_are_looked_at_in_their_order() {
        let etag = |text: &str| Some(ETagCondition::ETag(ETag::Strong(text.into())));
        let at = |seconds: i64| Some(timestamp(seconds * 1000));
        let none = Reads::default;
        assert_eq!(status(&none()), None);
        assert_eq!(status(&Reads { matches: etag("abc"), ..none() }), None);
        assert_eq!(status(&Reads { matches: etag("x"), ..none() }), Some(412));
        assert_eq!(status(&Reads { differs: etag("abc"), ..none() }), Some(304));
        assert_eq!(status(&Reads { differs: Some(ETagCondition::Any), ..none() }), Some(304));
        assert_eq!(status(&Reads { modified_since: at(1000), ..none() }), Some(304));
        assert_eq!(status(&Reads { modified_since: at(999), ..none() }), None);
        assert_eq!(status(&Reads { unmodified_since: at(999), ..none() }), Some(412));
        assert_eq!(status(&Reads { unmodified_since: at(1000), ..none() }), None);
        let both = Reads { matches: etag("abc"), unmodified_since: at(1), ..none() };
        assert_eq!(status(&both), None);
        let both = Reads { differs: etag("x"), modified_since: at(2000), ..none() };
        assert_eq!(status(&both), None);
    }
}
