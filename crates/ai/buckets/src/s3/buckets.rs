//! Operations on buckets.

use s3s::S3Request;
use s3s::dto::{
    Bucket, CreateBucketInput, CreateBucketOutput, ListBucketsInput, ListBucketsOutput, Owner,
};

use super::conditions::timestamp;
use super::{Served, scope, writer};
use crate::error::{Error, Result};
use crate::{DATASETS, Scope};

impl Served {
    pub(super) async fn list_buckets_of(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> Result<ListBucketsOutput> {
        let scope = scope(&request)?;
        let prefix = request.input.prefix.unwrap_or_default();
        let mut buckets = Vec::new();
        if scope.read {
            for bucket in self.buckets.buckets(&scope.project).await? {
                buckets.push((bucket.name, bucket.created_at));
            }
        }
        if scope.datasets {
            buckets.push((DATASETS.to_owned(), 0));
        }
        buckets.retain(|(name, _)| name.starts_with(&prefix));
        buckets.sort();
        let shown = buckets.into_iter().map(|(name, created_at)| Bucket {
            name: Some(name),
            creation_date: Some(timestamp(created_at)),
            ..Bucket::default()
        });
        Ok(ListBucketsOutput {
            buckets: Some(shown.collect()),
            owner: Some(owner(&scope)),
            prefix: (!prefix.is_empty()).then_some(prefix),
            ..ListBucketsOutput::default()
        })
    }

    pub(super) async fn make_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> Result<CreateBucketOutput> {
        let name = request.input.bucket.as_str();
        if name == DATASETS {
            return Err(Error::BucketExists(name.to_owned()));
        }
        let scope = writer(&request, name)?;
        self.buckets.create_bucket(&scope.project, name, &scope.user).await?;
        Ok(CreateBucketOutput { location: Some(format!("/{name}")) })
    }

    /// # Errors
    /// When there is no such bucket, or it may not be seen.
    pub(super) async fn see_bucket(&self, scope: &Scope, name: &str) -> Result<()> {
        match name {
            DATASETS if scope.datasets => Ok(()),
            DATASETS => Err(scope.denied("see the datasets")),
            _ => {
                scope.reads()?;
                self.buckets.require_bucket(&scope.project, name).await
            }
        }
    }
}

/// A project owns what is in it.
pub(super) fn owner(scope: &Scope) -> Owner {
    Owner { display_name: Some(scope.project.clone()), id: Some(scope.project.clone()) }
}
