//! Both forms of listing a bucket.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::S3Request;
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass, Owner,
};

use super::buckets::owner;
use super::conditions::timestamp;
use super::{Served, scope};
use crate::error::{Error, Result};
use crate::listing::{self, Asked, Entry, Page, Rows};
use crate::shelf::Shelved;
use crate::{DATASETS, Scope};

/// S3's own page, which a larger wish does not widen.
pub(super) const PAGE: i32 = 1000;

/// Keys in an answer: as they are, or percent-encoded where the client asks for it.
#[derive(Clone, Copy)]
pub(super) struct Encoding(bool);

impl Encoding {
    /// # Errors
    /// When another encoding is asked for than there is.
    pub fn of(asked: Option<&EncodingType>) -> Result<Self> {
        match asked.map(EncodingType::as_str) {
            None | Some("") => Ok(Self(false)),
            Some("url") => Ok(Self(true)),
            Some(other) => Err(Error::invalid("encoding-type", format!("'{other}' is not url"))),
        }
    }

    pub fn write(self, text: &str) -> String {
        if !self.0 {
            return text.to_owned();
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
        let byte = |byte: u8| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    }
}

pub(super) fn page_size(asked: Option<i32>) -> Result<i32> {
    match asked.unwrap_or(PAGE) {
        size @ 0.. => Ok(size.min(PAGE)),
        other => Err(Error::invalid("max-keys", format!("{other} is below 0"))),
    }
}

impl Served {
    async fn page(&self, scope: &Scope, bucket: &str, asked: &Asked) -> Result<Page> {
        self.see_bucket(scope, bucket).await?;
        let project = scope.project.as_str();
        match bucket {
            DATASETS => {
                let folders = self.shelf.folders(project).await?;
                let source = Shelved { shelf: self.shelf.as_ref(), project, folders };
                listing::page(&source, asked).await
            }
            _ => {
                let source = Rows { buckets: &self.buckets, project, bucket };
                listing::page(&source, asked).await
            }
        }
    }

    pub(super) async fn list_first(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> Result<ListObjectsOutput> {
        let scope = scope(&request)?;
        let input = request.input;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let most = page_size(input.max_keys)?;
        let asked = Asked {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after: input.marker.clone().unwrap_or_default(),
            most: usize::try_from(most).unwrap_or_default(),
        };
        let page = self.page(&scope, &input.bucket, &asked).await?;
        let write = |text: &String| encoding.write(text);
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(write(&asked.prefix)),
            marker: Some(write(&asked.after)),
            max_keys: Some(most),
            is_truncated: Some(page.next.is_some()),
            next_marker: page.next.as_ref().map(write),
            delimiter: input.delimiter.as_ref().map(write),
            encoding_type: input.encoding_type,
            common_prefixes: Some(prefixes(&page, encoding)),
            contents: Some(contents(page.entries, encoding, Some(&owner(&scope)))),
            ..ListObjectsOutput::default()
        })
    }

    pub(super) async fn list_second(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Result<ListObjectsV2Output> {
        let scope = scope(&request)?;
        let input = request.input;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let most = page_size(input.max_keys)?;
        let after = match &input.continuation_token {
            Some(token) => read_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let asked = Asked {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().unwrap_or_default(),
            after,
            most: usize::try_from(most).unwrap_or_default(),
        };
        let page = self.page(&scope, &input.bucket, &asked).await?;
        let owner = input.fetch_owner.unwrap_or_default().then(|| owner(&scope));
        let write = |text: &String| encoding.write(text);
        let count = page.entries.len() + page.prefixes.len();
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(write(&asked.prefix)),
            max_keys: Some(most),
            key_count: i32::try_from(count).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_ref().map(|next| URL_SAFE_NO_PAD.encode(next)),
            delimiter: input.delimiter.as_ref().map(write),
            start_after: input.start_after.as_ref().map(write),
            encoding_type: input.encoding_type,
            common_prefixes: Some(prefixes(&page, encoding)),
            contents: Some(contents(page.entries, encoding, owner.as_ref())),
            ..ListObjectsV2Output::default()
        })
    }
}

fn read_token(token: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    key.filter(|key| !key.contains('\0'))
        .ok_or_else(|| Error::invalid("continuation-token", "it is none that a page has given out"))
}

fn prefixes(page: &Page, encoding: Encoding) -> Vec<CommonPrefix> {
    let prefixes = page.prefixes.iter();
    prefixes.map(|prefix| CommonPrefix { prefix: Some(encoding.write(prefix)) }).collect()
}

fn contents(entries: Vec<Entry>, encoding: Encoding, owner: Option<&Owner>) -> Vec<Object> {
    let object = |entry: Entry| Object {
        key: Some(encoding.write(&entry.key)),
        size: i64::try_from(entry.size).ok(),
        e_tag: Some(ETag::Strong(entry.etag)),
        last_modified: Some(timestamp(entry.modified_at)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        owner: owner.cloned(),
        ..Object::default()
    };
    entries.into_iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_when_asked_for() {
        let url = Encoding::of(Some(&EncodingType::from_static("url"))).expect("known");
        assert_eq!(url.write("数 据/a+b&c.txt"), "%E6%95%B0%20%E6%8D%AE/a%2Bb%26c.txt");
        assert_eq!(Encoding(false).write("a b"), "a b");
        assert!(Encoding::of(Some(&EncodingType::from_static("gzip"))).is_err());
    }

    #[test]
    fn tokens_are_our_own() {
        assert_eq!(read_token(&URL_SAFE_NO_PAD.encode("数/1")).expect("reads"), "数/1");
        for bad in ["%%", "_w", "AA"] {
            assert!(read_token(bad).is_err(), "{bad}");
        }
    }
}
