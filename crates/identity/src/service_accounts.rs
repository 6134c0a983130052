//! Service-account tokens: JWTs with the claims that Kubernetes gives them,
//! signed with a key of this data directory (ES256).
//!
//! A valid signature says who a token was issued to. An account that was deleted and made
//! again under its name is another one: whoever follows the accounts says which stands
//! ([`Identity::service_account_stands`](crate::Identity::service_account_stands)).

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::secret::random_id;
use crate::{AUTHENTICATED, Caller, Clock, Error, Result, Secret, Via};

/// The audience of tokens for the Kubernetes API, and their issuer.
pub const API_AUDIENCE: &str = "https://kubernetes.default.svc";
const FILE: &str = "service-account.key";
const SHORTEST: Duration = Duration::from_secs(600);
/// A year; Kubernetes itself bounds what may be asked for.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// What a token is asked for.
#[derive(Clone, Debug)]
pub struct ServiceAccountRequest {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    /// Empty: [`API_AUDIENCE`].
    pub audiences: Vec<String>,
    /// Brought between ten minutes and a year, as Kubernetes does.
    pub lifetime: Duration,
    pub pod: Option<BoundPod>,
}

/// The pod that a token is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundPod {
    pub name: String,
    pub uid: String,
}

/// A signed token and its end, in milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub token: Secret,
    pub expires_at: i64,
}

/// Whom a valid token was issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub audiences: Vec<String>,
    pub pod: Option<BoundPod>,
    /// The token's own id.
    pub id: String,
}

impl ServiceAccount {
    pub fn caller(&self) -> Caller {
        let mut extra = BTreeMap::from([(
            "authentication.kubernetes.io/credential-id".to_owned(),
            vec![format!("JTI={}", self.id)],
        )]);
        if let Some(pod) = &self.pod {
            extra
                .insert("authentication.kubernetes.io/pod-name".to_owned(), vec![pod.name.clone()]);
            extra.insert("authentication.kubernetes.io/pod-uid".to_owned(), vec![pod.uid.clone()]);
        }
        Caller {
            user: format!("system:serviceaccount:{}:{}", self.namespace, self.name),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{}", self.namespace),
                AUTHENTICATED.to_owned(),
            ],
            extra,
            via: Via::ServiceAccount,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Vec<String>,
    exp: i64,
    iat: i64,
    nbf: i64,
    jti: String,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Binding,
}

#[derive(Serialize, Deserialize)]
struct Binding {
    namespace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pod: Option<BoundPod>,
    serviceaccount: Reference,
}

#[derive(Serialize, Deserialize)]
struct Reference {
    name: String,
    uid: String,
}

pub(crate) struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    clock: Clock,
    /// The account that stands under a namespace and a name, as it was last heard of.
    standing: RwLock<HashMap<(String, String), String>>,
}

impl Signer {
    /// Loads the key of a data directory, making it on the first start.
    pub(crate) fn open(data_dir: &Path, clock: Clock) -> Result<Self> {
        let path = data_dir.join(FILE);
        let pem = load_or_make(&path)?;
        let refuse = |reason: String| Error::SigningKey { path: path.clone(), reason };
        let pair =
            rcgen::KeyPair::from_pem(pem.expose()).map_err(|error| refuse(error.to_string()))?;
        let encoding = EncodingKey::from_ec_pem(pem.expose().as_bytes())
            .map_err(|error| refuse(error.to_string()))?;
        let decoding = DecodingKey::from_ec_pem(pair.public_key_pem().as_bytes())
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Self { encoding, decoding, clock, standing: RwLock::default() })
    }

    /// Says which account stands under a name: tokens of a former one are no longer good.
    pub(crate) fn stands(&self, namespace: &str, name: &str, uid: &str) {
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        standing.insert((namespace.to_owned(), name.to_owned()), uid.to_owned());
    }

    pub(crate) fn issue(&self, request: ServiceAccountRequest) -> Result<IssuedToken> {
        self.stands(&request.namespace, &request.name, &request.uid);
        let lifetime = request.lifetime.clamp(SHORTEST, LONGEST);
        let now = self.clock.now() / 1000;
        let exp = self.clock.after(lifetime) / 1000;
        let audiences = match request.audiences.is_empty() {
            true => vec![API_AUDIENCE.to_owned()],
            false => request.audiences,
        };
        let claims = Claims {
            iss: API_AUDIENCE.to_owned(),
            sub: format!("system:serviceaccount:{}:{}", request.namespace, request.name),
            aud: audiences,
            exp,
            iat: now,
            nbf: now,
            jti: random_id()?,
            kubernetes: Binding {
                namespace: request.namespace,
                pod: request.pod,
                serviceaccount: Reference { name: request.name, uid: request.uid },
            },
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.encoding)
            .map_err(|error| Error::Sign(error.to_string()))?;
        Ok(IssuedToken { token: Secret::new(token), expires_at: exp * 1000 })
    }

    /// Whom a token was issued to, if the signature is ours and its time has
    /// come and not passed. Any audience.
    pub(crate) fn verify(&self, token: &str) -> Option<ServiceAccount> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[API_AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The audience is the asker's to judge; the time is judged by our clock.
        validation.validate_aud = false;
        validation.validate_exp = false;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        let now = self.clock.now() / 1000;
        if claims.exp <= now || claims.nbf > now {
            return None;
        }
        let binding = claims.kubernetes;
        let Reference { name, uid } = &binding.serviceaccount;
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        let known = standing.get(&(binding.namespace.clone(), name.clone()));
        if known.is_some_and(|known| known != uid) {
            return None;
        }
        drop(standing);
        Some(ServiceAccount {
            namespace: binding.namespace,
            name: binding.serviceaccount.name,
            uid: binding.serviceaccount.uid,
            audiences: claims.aud,
            pod: binding.pod,
            id: claims.jti,
        })
    }
}

fn load_or_make(path: &PathBuf) -> Result<Secret> {
    let failed = |attempt| {
        move |source| Error::File { attempt, path: path.clone(), source: Arc::new(source) }
    };
    match std::fs::read_to_string(path) {
        Ok(pem) => {
            // A copy or a restore may have widened it.
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
                .map_err(failed("protect"))?;
            return Ok(Secret::new(pem));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("read")(error)),
    }
    let pair = rcgen::KeyPair::generate()
        .map_err(|error| Error::SigningKey { path: path.clone(), reason: error.to_string() })?;
    let pem = Secret::new(pair.serialize_pem());
    // Whole or not at all: a torn key would lock the next start out.
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(pem.expose().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().map_err(failed("write"))?;
    Ok(pem)
}
