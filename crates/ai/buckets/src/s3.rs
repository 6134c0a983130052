//! The protocol: each operation of S3 that is served, in its own words.
//!
//! `s3s` reads requests, verifies signatures and writes answers; here rights are looked
//! at and the store is asked.

mod access;
mod buckets;
mod conditions;
mod list;
mod objects;
mod parts;
mod source;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
    CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput,
    DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput,
    PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::error::{Error, Result};
use crate::{Buckets, DATASETS, Keys, Scope, Shelf};

/// The server, to be mounted at the root of a port of its own.
pub fn router(buckets: Buckets, keys: Arc<dyn Keys>, shelf: Arc<dyn Shelf>) -> Router {
    let mut builder = S3ServiceBuilder::new(Served { buckets, shelf });
    builder.set_auth(access::Signatures(keys.clone()));
    builder.set_access(access::Gate(keys));
    Router::new().fallback(serve).with_state(builder.build())
}

/// What `s3s` would read, and nobody is served.
///
/// # Errors
/// For a form, whose file would be gathered in memory before anybody asked who sends it;
/// and for headers signed by version 2, which leave too much of a request open. Addresses
/// presigned by version 2 are taken: boto3 makes them unless it is told otherwise. And for
/// a NUL, which is in no key and which PostgreSQL has no text for.
fn check_form(request: &Request) -> std::result::Result<(), S3Error> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        let hint = "forms are not served; put the object, by a presigned address for example";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, hint));
    }
    let copied = header(header::HeaderName::from_static("x-amz-copy-source"));
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    if target.contains("%00") || copied.is_some_and(|source| source.contains("%00")) {
        return Err(S3Error::with_message(S3ErrorCode::InvalidURI, "a NUL is in no key"));
    }
    match header(header::AUTHORIZATION).is_some_and(|value| value.starts_with("AWS ")) {
        true => Err(Error::Denied("sign with Signature Version 4".to_owned()).into()),
        false => Ok(()),
    }
}

async fn serve(State(service): State<S3Service>, request: Request) -> Response {
    if let Err(refused) = check_form(&request) {
        return match refused.to_http_response() {
            Ok(response) => response.map(axum::body::Body::new).into_response(),
            Err(_) => StatusCode::FORBIDDEN.into_response(),
        };
    }
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(axum::body::Body::new).into_response(),
        Err(error) => {
            let error = format!("{error:?}");
            tracing::error!(error, "s3 request not answered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(crate) struct Served {
    buckets: Buckets,
    shelf: Arc<dyn Shelf>,
}

/// What [`access::Gate`] found.
fn scope<T>(request: &S3Request<T>) -> Result<Scope> {
    let scope = request.extensions.get::<Scope>().cloned();
    scope.ok_or_else(|| Error::Denied("the request is not signed".to_owned()))
}

/// A scope that may write to a bucket.
fn writer<T>(request: &S3Request<T>, bucket: &str) -> Result<Scope> {
    let scope = scope(request)?;
    scope.writes()?;
    match bucket {
        DATASETS => Err(Error::Denied(format!(
            "the bucket {DATASETS} shows the versions of datasets, which never change; \
             make a new one with `dais upload <dataset> s3://<bucket>/<prefix>`"
        ))),
        _ => Ok(scope),
    }
}

fn answer<T>(output: Result<T>) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output?))
}

#[async_trait]
impl S3 for Served {
    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        answer(self.list_buckets_of(request).await)
    }

    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        answer(self.make_bucket(request).await)
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.see_bucket(&scope(&request)?, &request.input.bucket).await?;
        answer(Ok(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.see_bucket(&scope(&request)?, &request.input.bucket).await?;
        answer(Ok(GetBucketLocationOutput::default()))
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.see_bucket(&scope(&request)?, &request.input.bucket).await?;
        answer(Ok(GetBucketVersioningOutput::default()))
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let Scope { project, .. } = writer(&request, &request.input.bucket)?;
        self.buckets.delete_bucket(&project, &request.input.bucket).await?;
        answer(Ok(DeleteBucketOutput::default()))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        answer(self.list_first(request).await)
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        answer(self.list_second(request).await)
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        self.read(request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.head(request).await
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        answer(self.put(request).await)
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        answer(self.copy(request).await)
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        answer(self.delete(request).await)
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        answer(self.delete_many(request).await)
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        answer(self.begin(request).await)
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        answer(self.part(request).await)
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        answer(self.part_copy(request).await)
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        answer(self.list_parts_of(request).await)
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        answer(self.list_uploads_of(request).await)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        answer(self.finish(request).await)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        answer(self.abort(request).await)
    }
}
