//! The platform's own certificate authority and the API server's certificate.
//!
//! Kept in `keys/`; the server's certificate is made anew at every start, so that
//! it never expires on a running platform and always names the addresses in use.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::datadir::write_private;

const AUTHORITY: &str = "authority.pem";
const AUTHORITY_KEY: &str = "authority.key";
/// Common names.
const AUTHORITY_NAME: &str = "dais authority";
const SERVER_NAME: &str = "dais";

pub struct Certificates {
    /// Certificate of the authority, PEM: goes into kubeconfigs and pods.
    pub authority: String,
    /// TLS settings of the API server.
    pub server: Arc<ServerConfig>,
    /// By common name when each ends, in seconds since 1970.
    ends: [(&'static str, i64); 2],
}

impl Certificates {
    /// When they end, for a scrape: under the name that exporters of certificates use.
    pub fn metrics(&self) -> String {
        let told = self
            .ends
            .iter()
            .map(|(name, end)| format!("x509_cert_not_after{{subject=\"CN={name}\"}} {end}\n"));
        let about = "# HELP x509_cert_not_after When a certificate of the platform ends, in seconds since 1970.\n# TYPE x509_cert_not_after gauge\n";
        about.to_owned() + &told.collect::<String>()
    }
}

/// Reads or makes the authority in `keys`, and a server certificate for `addresses`.
pub fn prepare(keys: &Path, addresses: &[IpAddr]) -> Result<Certificates> {
    let (authority, issuer) = authority(keys)?;
    let key = KeyPair::generate().context("making the server's key")?;
    let names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    let mut params = CertificateParams::new(names.map(str::to_owned).to_vec())
        .context("describing the server's certificate")?;
    params.subject_alt_names.extend(addresses.iter().map(|address| SanType::IpAddress(*address)));
    params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // The authority was made from the same description, whenever that was.
    let ends = [
        (AUTHORITY_NAME, describe_authority().not_after.unix_timestamp()),
        (SERVER_NAME, params.not_after.unix_timestamp()),
    ];
    let certificate =
        params.signed_by(&key, &issuer).context("signing the server's certificate")?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut server =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("choosing TLS versions")?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .context("using the server's certificate")?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Certificates { authority, server: Arc::new(server), ends })
}

fn authority(keys: &Path) -> Result<(String, rcgen::Issuer<'static, KeyPair>)> {
    let (path, key_path) = (keys.join(AUTHORITY), keys.join(AUTHORITY_KEY));
    if !path.exists() || !key_path.exists() {
        let key = KeyPair::generate().context("making the authority's key")?;
        let certificate = describe_authority()
            .self_signed(&key)
            .context("signing the authority's certificate")?;
        write_private(&key_path, key.serialize_pem().as_bytes())?;
        write_private(&path, certificate.pem().as_bytes())?;
    }
    let pem = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let key =
        fs::read_to_string(&key_path).with_context(|| format!("reading {}", key_path.display()))?;
    let key = KeyPair::from_pem(&key)
        .with_context(|| format!("{} is damaged; remove both keys/authority.* files, and give the new kubeconfig to those who use one", key_path.display()))?;
    Ok((pem, rcgen::Issuer::new(describe_authority(), key)))
}

fn describe_authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, AUTHORITY_NAME);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Not tied to a clock that may be wrong: RFC 5280's "no expiry".
    params.not_before = rcgen::date_time_ymd(2024, 1, 1);
    params.not_after = rcgen::date_time_ymd(2124, 1, 1);
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_outlives_a_restart() {
        let keys = tempfile::tempdir().unwrap();
        let local = [IpAddr::from([127, 0, 0, 1])];
        let first = prepare(keys.path(), &local).unwrap().authority;
        assert_eq!(prepare(keys.path(), &local).unwrap().authority, first);
    }

    #[test]
    fn the_ends_of_both_certificates_are_told_in_seconds() {
        let keys = tempfile::tempdir().unwrap();
        let page = prepare(keys.path(), &[IpAddr::from([127, 0, 0, 1])]).unwrap().metrics();
        let line = "x509_cert_not_after{subject=\"CN=dais authority\"} 4859740800";
        assert!(page.lines().any(|told| told == line), "{page}");
        let server = page.lines().find(|line| line.contains("\"CN=dais\"")).unwrap();
        let end: i64 = server.rsplit_once(' ').unwrap().1.parse().unwrap();
        assert!(end > 4_859_740_800, "{page}");
    }
}
