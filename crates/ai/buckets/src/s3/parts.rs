//! Uploads in parts.

use s3s::S3Request;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CopyPartResult,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part, Range,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3Result};

use super::buckets::owner;
use super::conditions::{Reads, of_write, timestamp};
use super::list::{Encoding, page_size};
use super::objects::{checksum_type, fill_checksum};
use super::write::{body, encoding};
use super::{Served, scope, writer};
use crate::checksum::Announced;
use crate::completion::{Complete, Named};
use crate::error::{Error, Result};
use crate::objects::{Headers, Put};
use crate::uploads::{Of, Plan};
use crate::{Algorithm, Buckets, Condition};

fn plan(algorithm: Option<&ChecksumAlgorithm>, kind: Option<&ChecksumType>) -> Result<Plan> {
    let algorithm = algorithm.map(|word| Algorithm::parse(word.as_str())).transpose()?;
    // CRC64NVME knows no other.
    let full = kind.is_some_and(|kind| kind.as_str() == ChecksumType::FULL_OBJECT)
        || algorithm == Some(Algorithm::Crc64nvme);
    if full && matches!(algorithm, Some(Algorithm::Sha1 | Algorithm::Sha256)) {
        let problem = "SHA1 and SHA256 of an upload in parts are COMPOSITE";
        return Err(Error::invalid("x-amz-checksum-type", problem));
    }
    Ok(Plan { algorithm, full })
}

fn named(part: CompletedPart) -> Result<Named> {
    let CompletedPart {
        checksum_crc32,
        checksum_crc32c,
        checksum_crc64nvme,
        checksum_sha1,
        checksum_sha256,
        e_tag,
        part_number,
    } = part;
    let number = part_number.ok_or_else(|| Error::invalid("PartNumber", "it is missing"))?;
    Ok(Named {
        number: i64::from(number),
        etag: e_tag.map(|etag| etag.value().to_owned()),
        checksum: checksum_crc32
            .or(checksum_crc32c)
            .or(checksum_crc64nvme)
            .or(checksum_sha1)
            .or(checksum_sha256),
    })
}

impl Served {
    pub(super) async fn begin(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Result<CreateMultipartUploadOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let input = request.input;
        let plan = plan(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
        let put = Put {
            project: scope.project,
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            headers: Headers {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: encoding(input.content_encoding),
                content_language: input.content_language,
                user: input.metadata.unwrap_or_default().into_iter().collect(),
            },
            condition: Condition::None,
        };
        let id = self.buckets.begin_upload(&put, plan).await?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: plan.algorithm.map(|_| checksum_type(!plan.full)),
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> Result<UploadPartOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let announced = Announced::read(&request.headers, request.input.content_length)?;
        let trailers = request.trailing_headers;
        let input = request.input;
        let (bucket, key, id) = (&input.bucket, &input.key, &input.upload_id);
        let of = Of { project: &scope.project, bucket, key, id };
        let trailers = move || trailers.and_then(|trailers| trailers.take());
        let number = i64::from(input.part_number);
        let content = body(input.body);
        let part = self.buckets.put_part(of, number, announced, content, trailers).await?;
        let mut output =
            UploadPartOutput { e_tag: Some(ETag::Strong(part.md5)), ..UploadPartOutput::default() };
        fill_checksum!(output, part.checksum.as_ref());
        Ok(output)
    }

    pub(super) async fn part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> Result<UploadPartCopyOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let source = self.copy_source(&request, &request.input.copy_source).await?;
        let input = request.input;
        let reads = Reads {
            matches: input.copy_source_if_match,
            differs: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        };
        reads.check(&source.etag, source.modified_at).map_err(|_| Error::Condition)?;
        let range = match &input.copy_source_range {
            Some(text) => Range::parse(text)
                .map_err(|_| {
                    Error::invalid("x-amz-copy-source-range", "expected bytes=<first>-<last>")
                })?
                .check(source.size)
                .map_err(|_| Error::Range { size: source.size })?,
            None => 0..source.size,
        };
        let (bucket, key, id) = (&input.bucket, &input.key, &input.upload_id);
        let of = Of { project: &scope.project, bucket, key, id };
        let announced = Announced { length: Some(range.end - range.start), ..Announced::default() };
        let number = i64::from(input.part_number);
        let stream = source.reading(&range)?.stream();
        let part = self.buckets.put_part(of, number, announced, stream, || None).await?;
        let mut result = CopyPartResult {
            e_tag: Some(ETag::Strong(part.md5)),
            last_modified: Some(timestamp(part.stored_at)),
            ..CopyPartResult::default()
        };
        fill_checksum!(result, part.checksum.as_ref());
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() })
    }

    pub(super) async fn list_parts_of(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> Result<ListPartsOutput> {
        let scope = scope(&request)?;
        scope.reads()?;
        let input = request.input;
        let (bucket, key, id) = (&input.bucket, &input.key, &input.upload_id);
        let of = Of { project: &scope.project, bucket, key, id };
        let upload = self.buckets.upload(of).await?;
        let most = page_size(input.max_parts)?;
        let after = input.part_number_marker.unwrap_or_default();
        let limit = i64::from(most) + 1;
        let mut found = self.buckets.parts(id, i64::from(after), limit).await?;
        let more = found.len() as i64 == limit;
        found.truncate(usize::try_from(most).unwrap_or_default());
        let last = found.last().and_then(|part| i32::try_from(part.number).ok());
        let parts = found.into_iter().map(|part| {
            let mut shown = Part {
                part_number: i32::try_from(part.number).ok(),
                e_tag: Some(ETag::Strong(part.md5)),
                size: i64::try_from(part.size).ok(),
                last_modified: Some(timestamp(part.stored_at)),
                ..Part::default()
            };
            fill_checksum!(shown, part.checksum.as_ref());
            shown
        });
        let plan = upload.plan;
        Ok(ListPartsOutput {
            parts: Some(parts.collect()),
            is_truncated: Some(more),
            next_part_number_marker: last.filter(|_| more),
            part_number_marker: Some(after),
            max_parts: Some(most),
            checksum_algorithm: plan
                .algorithm
                .map(|one| ChecksumAlgorithm::from_static(one.word())),
            checksum_type: plan.algorithm.map(|_| checksum_type(!plan.full)),
            owner: Some(owner(&scope)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn list_uploads_of(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Result<ListMultipartUploadsOutput> {
        let scope = scope(&request)?;
        self.see_bucket(&scope, &request.input.bucket).await?;
        let input = request.input;
        if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
            return Err(Error::invalid("delimiter", "uploads are listed without one"));
        }
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let most = page_size(input.max_uploads)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let marker = input.key_marker.clone().unwrap_or_default();
        // A marker of a key alone stands for all its uploads.
        let id = match &input.upload_id_marker {
            Some(id) if !id.is_empty() => id.clone(),
            _ => "\u{10ffff}".to_owned(),
        };
        let limit = i64::from(most) + 1;
        let bucket = (scope.project.as_str(), input.bucket.as_str());
        let mut found = self.buckets.list_uploads(bucket, &prefix, (&marker, &id), limit).await?;
        let more = found.len() as i64 == limit;
        found.truncate(usize::try_from(most).unwrap_or_default());
        let last = found.last().filter(|_| more).cloned();
        let shown = found.into_iter().map(|upload| MultipartUpload {
            key: Some(encoding.write(&upload.key)),
            upload_id: Some(upload.id),
            initiated: Some(timestamp(upload.started_at)),
            owner: Some(owner(&scope)),
            ..MultipartUpload::default()
        });
        Ok(ListMultipartUploadsOutput {
            uploads: Some(shown.collect()),
            is_truncated: Some(more),
            next_key_marker: last.as_ref().map(|upload| encoding.write(&upload.key)),
            next_upload_id_marker: last.map(|upload| upload.id),
            key_marker: Some(encoding.write(&marker)),
            upload_id_marker: input.upload_id_marker,
            max_uploads: Some(most),
            prefix: Some(encoding.write(&prefix)),
            encoding_type: input.encoding_type,
            bucket: Some(input.bucket),
            ..ListMultipartUploadsOutput::default()
        })
    }

    pub(super) async fn finish(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Result<CompleteMultipartUploadOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let input = request.input;
        let (bucket, key, id) = (&input.bucket, &input.key, &input.upload_id);
        let of = Of { project: &scope.project, bucket, key, id };
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let parts = parts.into_iter().map(named).collect::<Result<Vec<_>>>()?;
        let condition = of_write(input.if_match, input.if_none_match)?;
        // What the client says of parts' checksums was looked at with each part.
        let expected = input.checksum_crc32.or(input.checksum_crc32c).or(input.checksum_crc64nvme);
        let complete = self.buckets.check_completion(of, parts, condition, expected).await?;
        let work = finished(self.buckets.clone(), complete, (input.bucket, input.key));
        // Joining many parts takes longer than clients wait for the first byte.
        Ok(CompleteMultipartUploadOutput {
            future: Some(Box::pin(work)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    pub(super) async fn abort(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Result<AbortMultipartUploadOutput> {
        let scope = writer(&request, &request.input.bucket)?;
        let input = request.input;
        let (bucket, key, id) = (&input.bucket, &input.key, &input.upload_id);
        let upload = self.buckets.upload(Of { project: &scope.project, bucket, key, id }).await?;
        self.buckets.remove_upload(&scope.project, &upload.id).await?;
        Ok(AbortMultipartUploadOutput::default())
    }
}

async fn finished(
    buckets: Buckets,
    complete: Complete,
    (bucket, key): (String, String),
) -> S3Result<CompleteMultipartUploadOutput> {
    // A task of its own: a client that goes away does not end it half-way.
    let task = tokio::spawn(async move { buckets.complete(complete).await });
    let object = task.await.map_err(S3Error::internal_error)??;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{}", object.key)),
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(ETag::Strong(object.etag)),
        ..CompleteMultipartUploadOutput::default()
    };
    if let Some(kept) = &object.checksum {
        output.checksum_type = Some(checksum_type(kept.composite));
        fill_checksum!(output, Some(kept));
    }
    Ok(output)
}
