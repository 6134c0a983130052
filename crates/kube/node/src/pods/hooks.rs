//! What a pod asks to be done to a container from outside: a command inside
//! it, or a request to one of its ports. Probes and hooks share this.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{ContainerPort, HTTPGetAction, LifecycleHandler, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::net::TcpStream;

use crate::host::Host;
use crate::shim::record::AttemptDir;
use crate::streaming::process::Order;

/// Output of a command that is kept, for a message.
const KEPT: usize = 10 * 1024;

/// The container that is asked.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) dir: AttemptDir,
    pub(crate) namespace: String,
    pub(crate) ip: String,
    pub(crate) ports: Vec<ContainerPort>,
}

/// Why a probe or a hook failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) words: String,
    /// Another project's process is where the container should be.
    pub(crate) is_held: bool,
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self { words, is_held: false }
    }
}

/// Runs a hook.
pub(crate) async fn run(
    host: &Host,
    hook: &LifecycleHandler,
    target: &Target,
) -> Result<(), Failure> {
    if let Some(exec) = &hook.exec {
        return command(host, &target.dir, exec.command.clone().unwrap_or_default()).await;
    }
    if let Some(action) = &hook.http_get {
        return http_get(host, action, target).await;
    }
    if let Some(action) = &hook.tcp_socket {
        return tcp(host, action, target).await;
    }
    if let Some(sleep) = &hook.sleep {
        tokio::time::sleep(Duration::from_secs(sleep.seconds.max(0) as u64)).await;
    }
    Ok(())
}

/// A command in a running container; fails with its code and output. When the
/// future is dropped (a timeout), the command is killed.
pub(crate) async fn command(
    host: &Host,
    dir: &AttemptDir,
    argv: Vec<String>,
) -> Result<(), Failure> {
    let order = Order::write(dir, argv, false)?;
    let mut command = host.shims.command();
    command.arg("exec").arg(order.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().await.map_err(|error| format!("start the command: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut said = output.stdout;
    said.extend(output.stderr);
    said.truncate(KEPT);
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let code = output.status.code().map_or("a signal".to_owned(), |code| format!("code {code}"));
    Err(format!("command ended with {code}: {said}").into())
}

/// A GET; codes from 200 to 399 are success.
pub(crate) async fn http_get(
    host: &Host,
    action: &HTTPGetAction,
    target: &Target,
) -> Result<(), Failure> {
    let name = action.host.as_deref().unwrap_or(&target.ip);
    let port = port_number(&action.port, &target.ports)?;
    let path = action.path.as_deref().unwrap_or("/");
    let connection = connect(host, (name, port), target).await?;
    if action.scheme.as_deref() == Some("HTTPS") {
        // The certificate is not checked in any case: what answers, is there.
        return Ok(());
    }
    let path = format!("/{}", path.trim_start_matches('/'));
    let uri = format!("http://{name}:{port}{path}");
    let mut request = http::Request::get(path)
        .header("host", format!("{name}:{port}"))
        .header("user-agent", "kube-probe/1.36")
        .header("connection", "close");
    let headers: BTreeMap<_, _> = action
        .http_headers
        .iter()
        .flatten()
        .map(|header| (header.name.clone(), header.value.clone()))
        .collect();
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Empty::<bytes::Bytes>::new())
        .map_err(|error| format!("GET {uri}: {error}"))?;
    let failed = |error: hyper::Error| format!("GET {uri}: {}", super::start::words(&error));
    let (mut sender, moving) = handshake(TokioIo::new(connection)).await.map_err(failed)?;
    // It ends with the sender, and how shows in the answer.
    tokio::spawn(moving);
    let answer = sender.send_request(request).await.map_err(failed)?;
    let status = answer.status();
    let _ = answer.into_body().frame().await;
    if status.is_success() || status.is_redirection() {
        return Ok(());
    }
    Err(format!("HTTP probe failed with statuscode: {}", status.as_u16()).into())
}

/// A connection that is accepted.
pub(crate) async fn tcp(
    host: &Host,
    action: &TCPSocketAction,
    target: &Target,
) -> Result<(), Failure> {
    let port = port_number(&action.port, &target.ports)?;
    connect(host, (action.host.as_deref().unwrap_or(&target.ip), port), target).await.map(drop)
}

async fn connect(
    host: &Host,
    (name, port): (&str, u16),
    target: &Target,
) -> Result<TcpStream, Failure> {
    let connected = async {
        let connection = TcpStream::connect((name, port)).await?;
        host.check_peer(&connection, &target.namespace)?;
        Ok(connection)
    };
    connected.await.map_err(|error: io::Error| Failure {
        words: format!("connect to {name}:{port}: {error}"),
        is_held: error.kind() == io::ErrorKind::PermissionDenied,
    })
}

fn port_number(port: &IntOrString, ports: &[ContainerPort]) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(name) => ports
            .iter()
            .find(|port| port.name.as_deref() == Some(name))
            .map(|port| port.container_port)
            .or_else(|| name.parse().ok()),
    };
    number
        .and_then(|number| u16::try_from(number).ok())
        .ok_or_else(|| format!("the container has no port {port:?}"))
}
