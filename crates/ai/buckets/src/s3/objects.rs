//! Reading and deleting objects.

use s3s::dto::{
    ChecksumMode, ChecksumType, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, DeletedObject, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, Range, StreamingBlob,
};
use s3s::{S3Error, S3Request, S3Response, S3Result};

use super::conditions::{Reads, date, of_write};
use super::source::Source;
use super::{Served, scope, writer};
use crate::error::{Error, Result};
use crate::{Algorithm, names};

/// S3's own limit of one request.
const MOST_DELETED: usize = 1000;
/// What S3 answers for objects that were stored without a type.
const UNTYPED: &str = "binary/octet-stream";

/// The checksum of a whole object, in the fields of an answer.
macro_rules! fill_checksum {
    ($output:expr, $kept:expr) => {
        if let Some(kept) = $kept {
            let value = Some(kept.value.clone());
            match kept.algorithm {
                Algorithm::Crc32 => $output.checksum_crc32 = value,
                Algorithm::Crc32c => $output.checksum_crc32c = value,
                Algorithm::Crc64nvme => $output.checksum_crc64nvme = value,
                Algorithm::Sha1 => $output.checksum_sha1 = value,
                Algorithm::Sha256 => $output.checksum_sha256 = value,
            }
        }
    };
}
pub(super) use fill_checksum;

pub(super) fn checksum_type(composite: bool) -> ChecksumType {
    ChecksumType::from_static(match composite {
        true => ChecksumType::COMPOSITE,
        false => ChecksumType::FULL_OBJECT,
    })
}

/// There is one version of each object, which S3 calls `null`.
fn only_version(version: Option<&str>) -> Result<()> {
    match version {
        None | Some("null" | "") => Ok(()),
        Some(_) => Err(Error::invalid("versionId", "buckets keep no versions of objects")),
    }
}

/// An object that was not uploaded in parts is its own first part.
fn only_part(number: Option<i32>, source: &Source) -> Result<()> {
    match number {
        None => Ok(()),
        Some(1) if !source.etag.contains('-') => Ok(()),
        Some(_) => Err(Error::invalid(
            "partNumber",
            "parts are not kept when an upload is complete; ask for a range",
        )),
    }
}

fn span(asked: Option<&Range>, size: u64) -> Result<std::ops::Range<u64>> {
    match asked {
        Some(range) => range.check(size).map_err(|_| Error::Range { size }),
        None => Ok(0..size),
    }
}

fn length(range: &std::ops::Range<u64>) -> Option<i64> {
    i64::try_from(range.end - range.start).ok()
}

fn content_range(range: &std::ops::Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

/// With what a reader needs to ask again.
fn out_of_range(error: Error) -> S3Error {
    let Error::Range { size } = error else { return error.into() };
    let mut answer = S3Error::from(error);
    if let Ok(value) = format!("bytes */{size}").parse() {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::CONTENT_RANGE, value);
        answer.set_headers(headers);
    }
    answer
}

impl Served {
    pub(super) async fn read(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let scope = scope(&request)?;
        let input = request.input;
        only_version(input.version_id.as_deref())?;
        let source = self.source(&scope, &input.bucket, &input.key).await?;
        only_part(input.part_number, &source)?;
        let reads = Reads {
            matches: input.if_match,
            differs: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        reads.check(&source.etag, source.modified_at)?;
        let range = span(input.range.as_ref(), source.size).map_err(out_of_range)?;
        let is_part = input.range.is_some();
        let headers = source.headers.clone();
        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(&range),
            content_range: is_part.then(|| content_range(&range, source.size)),
            content_type: input
                .response_content_type
                .or(headers.content_type)
                .or_else(|| Some(UNTYPED.to_owned())),
            cache_control: input.response_cache_control.or(headers.cache_control),
            content_disposition: input.response_content_disposition.or(headers.content_disposition),
            content_encoding: input.response_content_encoding.or(headers.content_encoding),
            content_language: input.response_content_language.or(headers.content_language),
            e_tag: Some(ETag::Strong(source.etag.clone())),
            last_modified: Some(date(source.modified_at)),
            metadata: Some(headers.user.into_iter().collect()),
            ..GetObjectOutput::default()
        };
        // The checksum is the whole object's: a part of it has another.
        let wanted = input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        if let Some(kept) = source.checksum.as_ref().filter(|_| wanted && !is_part) {
            output.checksum_type = Some(checksum_type(kept.composite));
            fill_checksum!(output, Some(kept));
        }
        output.body = Some(StreamingBlob::wrap(source.reading(&range)?.stream()));
        Ok(S3Response::new(output))
    }

    pub(super) async fn head(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let scope = scope(&request)?;
        let input = request.input;
        only_version(input.version_id.as_deref())?;
        let source = self.source(&scope, &input.bucket, &input.key).await?;
        only_part(input.part_number, &source)?;
        let reads = Reads {
            matches: input.if_match,
            differs: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        reads.check(&source.etag, source.modified_at)?;
        let range = span(input.range.as_ref(), source.size).map_err(out_of_range)?;
        let is_part = input.range.is_some();
        let headers = source.headers.clone();
        let mut output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(&range),
            content_range: is_part.then(|| content_range(&range, source.size)),
            content_type: headers.content_type.or_else(|| Some(UNTYPED.to_owned())),
            cache_control: headers.cache_control,
            content_disposition: headers.content_disposition,
            content_encoding: headers.content_encoding,
            content_language: headers.content_language,
            e_tag: Some(ETag::Strong(source.etag.clone())),
            last_modified: Some(date(source.modified_at)),
            metadata: Some(headers.user.into_iter().collect()),
            ..HeadObjectOutput::default()
        };
        let wanted = input.checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        if let Some(kept) = source.checksum.as_ref().filter(|_| wanted && !is_part) {
            output.checksum_type = Some(checksum_type(kept.composite));
            fill_checksum!(output, Some(kept));
        }
        Ok(S3Response::new(output))
    }

    pub(super) async fn delete(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> Result<DeleteObjectOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let input = request.input;
        only_version(input.version_id.as_deref())?;
        let condition = of_write(input.if_match, None)?;
        let (bucket, key) = (&input.bucket, &input.key);
        self.buckets.delete_object(&scope.project, bucket, key, &condition).await?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_many(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> Result<DeleteObjectsOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let input = request.input;
        self.buckets.require_bucket(&scope.project, &input.bucket).await?;
        let many = input.delete.objects.len();
        if many > MOST_DELETED {
            let problem = format!("{many} keys are listed; at most {MOST_DELETED} are deleted");
            return Err(Error::invalid("Delete", problem));
        }
        let quiet = input.delete.quiet.unwrap_or_default();
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            let done = async {
                only_version(object.version_id.as_deref())?;
                names::key(&object.key)?;
                let condition = of_write(object.e_tag.map(s3s::dto::ETagCondition::ETag), None)?;
                let key = &object.key;
                self.buckets.delete_object(&scope.project, &input.bucket, key, &condition).await
            };
            match done.await {
                Ok(()) if quiet => {}
                Ok(()) => {
                    deleted.push(DeletedObject { key: Some(object.key), ..Default::default() });
                }
                Err(error) => {
                    let answer = S3Error::from(error);
                    errors.push(s3s::dto::Error {
                        code: Some(answer.code().as_str().to_owned()),
                        key: Some(object.key),
                        message: answer.message().map(str::to_owned),
                        ..Default::default()
                    });
                }
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..DeleteObjectsOutput::default()
        })
    }
}
