//! The handle that everything hangs on, and the first start.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{AnyPool, Row};

use crate::bearer::Bearers;
use crate::error::Attempt;
use crate::journal::Journal;
use crate::mask::{self, Masks};
use crate::password::Passwords;
use crate::service_accounts::Signer;
use crate::throttle::Throttle;
use crate::{
    ADMIN_USER, ADMINS, Clock, Error, IssuedToken, NewUser, Result, Secret, ServiceAccount,
    ServiceAccountRequest, database, key_file,
};

/// Without it the access keys of before are of no use.
const ACCESS_KEY_FILE: &str = "access-keys.key";

/// How often expired things are removed.
const SWEEP: Duration = Duration::from_secs(600);

/// Where the accounts live.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://PATH?mode=rwc` or `postgres://…`.
    pub url: String,
    /// The folder of the signing key; it must exist.
    pub data_dir: PathBuf,
    /// How long audit records stay.
    pub audit_retention: Duration,
    pub clock: Clock,
}

impl Options {
    /// On SQLite in `data_dir`, with a year of audit.
    pub fn in_dir(data_dir: &Path) -> Self {
        let file = data_dir.join("identity.db");
        Self {
            url: format!("sqlite://{}?mode=rwc", file.display()),
            data_dir: data_dir.to_owned(),
            audit_retention: Duration::from_secs(365 * 24 * 3600),
            clock: Clock::system(),
        }
    }
}

/// The accounts, and what the first start has to say.
pub struct Opened {
    pub identity: Identity,
    /// The password of [`ADMIN_USER`], if this start made that user. Nobody
    /// can read it again.
    pub admin_password: Option<Secret>,
}

/// A handle to the accounts; clones share it.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

pub(crate) struct Inner {
    pool: AnyPool,
    clock: Clock,
    passwords: Passwords,
    throttle: Throttle,
    bearers: Bearers,
    signer: Signer,
    journal: Journal,
    masks: Masks,
    access_key_key: [u8; 32],
    audit_retention: Duration,
}

impl Identity {
    pub async fn open(options: Options) -> Result<Opened> {
        let Options { url, data_dir, audit_retention, clock } = options;
        let signer = Signer::open(&data_dir, clock.clone())?;
        let masks = mask::open(&data_dir)?;
        let access_key_key = key_file::open(&data_dir.join(ACCESS_KEY_FILE))?;
        let pool = database::open(&url).await?;
        let identity = Self(Arc::new(Inner {
            passwords: Passwords::new(),
            throttle: Throttle::default(),
            bearers: Bearers::default(),
            journal: Journal::start(pool.clone(), clock.clone()),
            signer,
            masks,
            access_key_key,
            audit_retention,
            clock,
            pool,
        }));
        let admin_password = identity.first_start().await?;
        tokio::spawn(sweep_for(Arc::downgrade(&identity.0)));
        Ok(Opened { identity, admin_password })
    }

    /// Makes the administrator when there is nobody at all.
    async fn first_start(&self) -> Result<Option<Secret>> {
        let row = sqlx::query("SELECT COUNT(*) FROM identity_users")
            .fetch_one(self.pool())
            .await
            .attempt("count users")?;
        if row.try_get::<i64, _>(0).attempt("count users")? > 0 {
            return Ok(None);
        }
        let password = Secret::random_password()?;
        let admin = NewUser {
            name: ADMIN_USER.to_owned(),
            password: Some(password.clone()),
            groups: vec![ADMINS.to_owned()],
        };
        match self.create_user(admin).await {
            Ok(_) => Ok(Some(password)),
            // Another process on the same database was first.
            Err(Error::Exists { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Signs a token for a service account.
    pub fn issue_service_account_token(
        &self,
        request: ServiceAccountRequest,
    ) -> Result<IssuedToken> {
        self.0.signer.issue(request)
    }

    /// Says which account stands under a name: tokens of one that was there before under the
    /// same name are refused from now on.
    pub fn service_account_stands(&self, namespace: &str, name: &str, uid: &str) {
        self.0.signer.stands(namespace, name, uid);
        self.bearers().forget();
    }

    /// Whom a service-account token was issued to, for any audience; `None`
    /// unless it is ours and in its time.
    pub fn verify_service_account(&self, token: &str) -> Option<ServiceAccount> {
        self.0.signer.verify(token)
    }

    /// Removes what has expired. Happens by itself every ten minutes.
    pub async fn sweep(&self) -> Result<()> {
        self.sweep_expired().await?;
        self.expire_audit(self.0.audit_retention).await
    }

    /// Writes what waits and closes the database.
    pub async fn close(&self) -> Result<()> {
        let collected = self.collect_audit().await;
        self.0.pool.close().await;
        collected
    }

    pub(crate) fn weak(&self) -> std::sync::Weak<Inner> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn of(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    pub(crate) fn access_key_key(&self) -> &[u8] {
        &self.0.access_key_key
    }

    pub(crate) fn masks(&self) -> &Masks {
        &self.0.masks
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.0.pool
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    pub(crate) fn bearers(&self) -> &Bearers {
        &self.0.bearers
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }
}

/// Sweeps until the last handle is gone.
async fn sweep_for(identity: std::sync::Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(inner) = identity.upgrade() else {
            return;
        };
        if let Err(error) = Identity(inner).sweep().await {
            tracing::warn!(%error, "expired accounts data not removed");
        }
    }
}
