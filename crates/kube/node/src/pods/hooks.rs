//! What a pod asks to be done to a container from outside: a command inside
//! it, or a request to one of its ports. Probes and hooks share this.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use k8s_openapi::api::core::v1::{ContainerPort, HTTPGetAction, LifecycleHandler, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::net::TcpStream;

use crate::host::Host;
use crate::shim::record::AttemptDir;
use crate::streaming::process::Order;

/// Output of a command that is kept, for a message.
const KEPT: usize = 10 * 1024;

/// Runs a hook; an error says in words why it failed.
pub(crate) async fn run(
    host: &Host,
    hook: &LifecycleHandler,
    dir: &AttemptDir,
    ip: &str,
) -> Result<(), String> {
    if let Some(exec) = &hook.exec {
        return command(host, dir, exec.command.clone().unwrap_or_default()).await;
    }
    if let Some(action) = &hook.http_get {
        return http_get(action, ip, &[]).await;
    }
    if let Some(action) = &hook.tcp_socket {
        return tcp(action, ip, &[]).await;
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
) -> Result<(), String> {
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
    Err(format!("command ended with {code}: {said}"))
}

/// A GET; codes from 200 to 399 are success.
pub(crate) async fn http_get(
    action: &HTTPGetAction,
    ip: &str,
    ports: &[ContainerPort],
) -> Result<(), String> {
    let host = action.host.as_deref().unwrap_or(ip);
    let port = port_number(&action.port, ports)?;
    let path = action.path.as_deref().unwrap_or("/");
    if action.scheme.as_deref() == Some("HTTPS") {
        // The certificate is not checked in any case: what answers, is there.
        return connect(host, port).await;
    }
    let uri = format!("http://{host}:{port}/{}", path.trim_start_matches('/'));
    let mut request = http::Request::get(&uri)
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
    let client =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(HttpConnector::new());
    let answer = client
        .request(request)
        .await
        .map_err(|error| format!("GET {uri}: {}", super::start::words(&error)))?;
    let status = answer.status();
    let _ = answer.into_body().frame().await;
    if status.is_success() || status.is_redirection() {
        return Ok(());
    }
    Err(format!("HTTP probe failed with statuscode: {}", status.as_u16()))
}

/// A connection that is accepted.
pub(crate) async fn tcp(
    action: &TCPSocketAction,
    ip: &str,
    ports: &[ContainerPort],
) -> Result<(), String> {
    let port = port_number(&action.port, ports)?;
    connect(action.host.as_deref().unwrap_or(ip), port).await
}

async fn connect(host: &str, port: u16) -> Result<(), String> {
    let connected = TcpStream::connect((host, port)).await;
    connected.map(drop).map_err(|error| format!("connect to {host}:{port}: {error}"))
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
