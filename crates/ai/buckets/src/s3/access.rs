//! Signatures and rights, as somebody else gives them out.

use std::sync::Arc;

use async_trait::async_trait;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::{Error, Keys};

pub(super) struct Signatures(pub Arc<dyn Keys>);

#[async_trait]
impl S3Auth for Signatures {
    async fn get_secret_key(&self, id: &str) -> S3Result<SecretKey> {
        self.0.secret(id).await?.map(SecretKey::from).ok_or_else(unknown)
    }
}

pub(super) struct Gate(pub Arc<dyn Keys>);

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = request.credentials() else {
            let reason = "the request is not signed; sign it with an access key of a project";
            return Err(Error::Denied(reason.to_owned()).into());
        };
        let scope = self.0.scope(&credentials.access_key).await?.ok_or_else(unknown)?;
        request.extensions_mut().insert(scope);
        Ok(())
    }
}

fn unknown() -> S3Error {
    S3Error::with_message(
        S3ErrorCode::InvalidAccessKeyId,
        "the access key is unknown, revoked or expired; make one with `dais s3 key create`",
    )
}
