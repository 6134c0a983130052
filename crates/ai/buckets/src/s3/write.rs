//! Storing objects: from a body, and from another object.

use bytes::Bytes;
use s3s::S3Request;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective,
    PutObjectInput, PutObjectOutput,
};

use super::conditions::{Reads, of_write, timestamp};
use super::objects::{checksum_type, fill_checksum};
use super::source::Source;
use super::{Served, scope, writer};
use crate::checksum::Announced;
use crate::error::{Error, Result};
use crate::objects::{Headers, Put};
use crate::{Algorithm, Condition, Object};

/// No body is an empty one.
pub(super) type Body = futures::future::Either<
    s3s::dto::StreamingBlob,
    futures::stream::Empty<std::result::Result<Bytes, s3s::StdError>>,
>;

pub(super) fn body(body: Option<s3s::dto::StreamingBlob>) -> Body {
    match body {
        Some(body) => futures::future::Either::Left(body),
        None => futures::future::Either::Right(futures::stream::empty()),
    }
}

/// `aws-chunked` is how the body came, not what it is.
pub(super) fn encoding(sent: Option<String>) -> Option<String> {
    let sent = sent?;
    let kept: Vec<&str> =
        sent.split(',').map(str::trim).filter(|word| *word != "aws-chunked").collect();
    Some(kept.join(", ")).filter(|kept| !kept.is_empty())
}

/// The key and bucket of `x-amz-copy-source`.
pub(super) fn named(source: &CopySource) -> Result<(&str, &str)> {
    match source {
        CopySource::Bucket { bucket, key, version_id: None } => Ok((bucket, key)),
        CopySource::Bucket { version_id: Some(version), .. } if &**version == "null" => {
            Err(Error::invalid("x-amz-copy-source", "leave the versionId out"))
        }
        _ => Err(Error::invalid("x-amz-copy-source", "expected <bucket>/<key>, without a version")),
    }
}

impl Served {
    pub(super) async fn put(&self, request: S3Request<PutObjectInput>) -> Result<PutObjectOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let announced = Announced::read(&request.headers, request.input.content_length)?;
        let trailers = request.trailing_headers;
        let input = request.input;
        let put = Put {
            project: scope.project,
            bucket: input.bucket,
            key: input.key,
            headers: Headers {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: encoding(input.content_encoding),
                content_language: input.content_language,
                user: input.metadata.unwrap_or_default().into_iter().collect(),
            },
            condition: of_write(input.if_match, input.if_none_match)?,
        };
        let trailers = move || trailers.and_then(|trailers| trailers.take());
        let object = self.buckets.put_object(put, announced, body(input.body), trailers).await?;
        let mut output = PutObjectOutput {
            e_tag: Some(ETag::Strong(object.etag)),
            ..PutObjectOutput::default()
        };
        if let Some(kept) = &object.checksum {
            output.checksum_type = Some(checksum_type(kept.composite));
            fill_checksum!(output, Some(kept));
        }
        Ok(output)
    }

    pub(super) async fn copy(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> Result<CopyObjectOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let input = request.input;
        let (bucket, key) = named(&input.copy_source)?;
        let source = self.source(&scope, bucket, key).await?;
        let reads = Reads {
            matches: input.copy_source_if_match,
            differs: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        };
        // Of a copy, 412 is the answer to either.
        reads.check(&source.etag, source.modified_at).map_err(|_| Error::Condition)?;
        let replace = input
            .metadata_directive
            .as_ref()
            .is_some_and(|word| word.as_str() == MetadataDirective::REPLACE);
        if !replace && (bucket, key) == (input.bucket.as_str(), input.key.as_str()) {
            let problem = "an object is copied onto itself only to replace its metadata";
            return Err(Error::invalid("x-amz-copy-source", problem));
        }
        let headers = match replace {
            false => source.headers.clone(),
            true => Headers {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: encoding(input.content_encoding),
                content_language: input.content_language,
                user: input.metadata.unwrap_or_default().into_iter().collect(),
            },
        };
        let put = Put {
            project: scope.project.clone(),
            bucket: input.bucket,
            key: input.key,
            headers,
            condition: Condition::None,
        };
        let object = self.copied(source, put).await?;
        let mut result = CopyObjectResult {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(timestamp(object.modified_at)),
            ..CopyObjectResult::default()
        };
        fill_checksum!(result, object.checksum.as_ref());
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
    }

    /// By name where the content is the store's own, else byte by byte.
    async fn copied(&self, source: Source, put: Put) -> Result<Object> {
        if let Some(object) = &source.object {
            return self.buckets.copy_object(object, put).await;
        }
        let announced = Announced { length: Some(source.size), ..Announced::default() };
        let whole = 0..source.size;
        let stream = source.reading(&whole)?.stream();
        self.buckets.put_object(put, announced, stream, || None).await
    }

    /// # Errors
    /// When the source is not there, or may not be seen.
    pub(super) async fn copy_source<T>(
        &self,
        request: &S3Request<T>,
        source: &CopySource,
    ) -> Result<Source> {
        let (bucket, key) = named(source)?;
        self.source(&scope(request)?, bucket, key).await
    }
}
