//! What a started platform says and leaves behind for clients on the machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use dais_identity::{ADMIN_USER, Identity, Secret};
use serde_json::json;

use super::datadir::{DataDir, write_private};
use super::listeners::Listeners;
use super::parts::Parts;
use crate::client::{CLIENT_FILE, ClientFile};

/// Name of the token that the command line on this machine uses.
const TOKEN_NAME: &str = "command line on the platform's machine";
const KUBECONFIG: &str = "admin.kubeconfig";

/// Where the platform is reached.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub url: String,
    pub serve_url: String,
    pub kubernetes_url: String,
    pub s3_url: String,
    pub http_port: u16,
    pub serve_port: u16,
    pub listen: IpAddr,
}

impl Addresses {
    pub fn of(listeners: &Listeners) -> Result<Self> {
        let at = |listener: &tokio::net::TcpListener| {
            listener.local_addr().context("reading a listener's address")
        };
        let (http, serve) = (at(&listeners.http)?, at(&listeners.serve)?);
        let (kubernetes, s3) = (at(&listeners.kubernetes)?, at(&listeners.s3)?);
        Ok(Self {
            url: format!("http://{}", reachable(http)),
            serve_url: format!("http://{}", reachable(serve)),
            kubernetes_url: format!("https://{}", reachable(kubernetes)),
            s3_url: format!("http://{}", reachable(s3)),
            http_port: http.port(),
            serve_port: serve.port(),
            listen: http.ip(),
        })
    }
}

/// An unspecified address is listened on everywhere, loopback among others.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// What a person needs to begin.
pub struct Welcome {
    pub url: String,
    pub serve_url: String,
    pub kubernetes_url: String,
    pub s3_url: String,
    pub kubeconfig: PathBuf,
    /// Only at the first start.
    pub admin_password: Option<Secret>,
    /// Signs one browser in, once.
    pub sign_in: String,
}

pub async fn write(
    data: &DataDir,
    parts: &Parts,
    addresses: &Addresses,
    admin_password: Option<Secret>,
) -> Result<Welcome> {
    let token = command_line_token(data, &parts.identity).await?;
    let client = ClientFile {
        url: addresses.url.clone(),
        serve_url: addresses.serve_url.clone(),
        token: token.expose().to_owned(),
    };
    let text = serde_json::to_string_pretty(&client).context("writing the client file")?;
    write_private(&data.file(CLIENT_FILE), text.as_bytes())?;
    let kubeconfig = data.file(KUBECONFIG);
    write_private(&kubeconfig, kubeconfig_text(parts, addresses, &token)?.as_bytes())?;
    let link =
        parts.identity.create_sign_in_link(ADMIN_USER).await.context("making a sign-in link")?;
    Ok(Welcome {
        url: addresses.url.clone(),
        serve_url: addresses.serve_url.clone(),
        kubernetes_url: addresses.kubernetes_url.clone(),
        s3_url: addresses.s3_url.clone(),
        kubeconfig,
        admin_password,
        sign_in: format!("{}/api/login?token={}", addresses.url, link.expose()),
    })
}

/// The token of the last start where it is still good, else a new one.
async fn command_line_token(data: &DataDir, identity: &Identity) -> Result<Secret> {
    let known = std::fs::read_to_string(data.file(CLIENT_FILE)).ok();
    let known = known.and_then(|text| serde_json::from_str::<ClientFile>(&text).ok());
    if let Some(file) = known
        && identity.authenticate(&file.token).await.context("checking the token")?.is_some()
    {
        return Ok(Secret::new(file.token));
    }
    for old in identity.tokens(ADMIN_USER).await.context("listing tokens")? {
        if old.name == TOKEN_NAME {
            identity.revoke_token(ADMIN_USER, &old.id).await.context("revoking a lost token")?;
        }
    }
    let made = identity.create_token(ADMIN_USER, TOKEN_NAME, None).await;
    Ok(made.context("making the command line's token")?.token)
}

fn kubeconfig_text(parts: &Parts, addresses: &Addresses, token: &Secret) -> Result<String> {
    use base64::Engine;
    let authority = base64::engine::general_purpose::STANDARD.encode(&parts.certificates.authority);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "dais", "cluster": {
            "server": addresses.kubernetes_url,
            "certificate-authority-data": authority,
        }}],
        "users": [{"name": ADMIN_USER, "user": {"token": token.expose()}}],
        "contexts": [{"name": "dais", "context": {
            "cluster": "dais",
            "user": ADMIN_USER,
            "namespace": super::bootstrap::FIRST_PROJECT,
        }}],
        "current-context": "dais",
    });
    serde_saphyr::to_string(&config).context("writing the kubeconfig")
}
