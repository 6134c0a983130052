//! Access keys: from the accounts, with the rights that RBAC gives their holders.

use std::time::Duration;

use async_trait::async_trait;
use dais_buckets::{Error, Keys, Result, Scope};
use dais_controllers::seams::{self, AccessKey, SeamError};
use dais_identity::{AccessKeyRequest, Identity};

use crate::platform::access::{Access, Right};

pub struct AccessKeys {
    pub identity: Identity,
    pub access: Access,
}

fn unavailable(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("access keys could not be looked at: {error:#}"))
}

#[async_trait]
impl Keys for AccessKeys {
    async fn secret(&self, id: &str) -> Result<Option<String>> {
        let secret = self.identity.access_key_secret(id).await.map_err(unavailable)?;
        Ok(secret.map(|secret| secret.expose().to_owned()))
    }

    async fn scope(&self, id: &str) -> Result<Option<Scope>> {
        let found = self.identity.access_key_caller(id).await.map_err(unavailable)?;
        let Some((caller, project)) = found else { return Ok(None) };
        let may = async |right: &Right| {
            self.access.allows(&caller, right, &project).await.map_err(unavailable)
        };
        let (read, write) = (may(&Right::READ_BUCKETS).await?, may(&Right::WRITE_BUCKETS).await?);
        let datasets = may(&Right::READ_DATA).await?;
        Ok(Some(Scope { user: caller.user, project, read, write, datasets }))
    }
}

#[async_trait]
impl seams::AccessKeys for AccessKeys {
    async fn issue(
        &self,
        project: &str,
        account: &str,
        lifetime: Duration,
    ) -> Result<AccessKey, SeamError> {
        let request = AccessKeyRequest {
            user: format!("system:serviceaccount:{project}:{account}"),
            project: project.to_owned(),
            // Those before go on until they end: work that started with them has them.
            name: format!("work since {}", jiff::Timestamp::now()),
            lifetime: Some(lifetime),
        };
        let made = self.identity.create_access_key(request).await;
        let made = made.map_err(|error| SeamError(error.to_string()))?;
        Ok(AccessKey { id: made.key.id, secret: made.secret.expose().to_owned() })
    }
}
