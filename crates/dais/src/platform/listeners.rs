//! Sockets: bound before anything else starts, so that a port in use is said at once.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::ConnectInfo;
use axum::middleware::{self, Next};
use axum::{Extension, Router};
use dais_gateway::withheld;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::cli::Up;

/// A peer that does not finish its handshake is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

pub struct Listeners {
    pub http: TcpListener,
    pub serve: TcpListener,
    pub kubernetes: TcpListener,
    pub otlp: TcpListener,
    pub s3: TcpListener,
}

impl Listeners {
    pub async fn bind(args: &Up) -> Result<Self> {
        let listen = args.listen;
        let at = |port: u16, option| bind(listen, port, args.port_offset, option);
        Ok(Self {
            http: at(args.http_port, "--http-port").await?,
            serve: at(args.serve_port, "--serve-port").await?,
            kubernetes: at(args.kubernetes_port, "--kubernetes-port").await?,
            otlp: at(args.otlp_port, "--otlp-port").await?,
            s3: at(args.s3.s3_port, "--s3-port").await?,
        })
    }
}

async fn bind(listen: IpAddr, port: u16, offset: u16, option: &str) -> Result<TcpListener> {
    let port = port.checked_add(offset).with_context(|| {
        format!("{option} {port} with --port-offset {offset} is over 65535; choose smaller ones")
    })?;
    TcpListener::bind(SocketAddr::new(listen, port)).await.with_context(|| {
        format!(
            "cannot listen on {listen}:{port} ({option}); another program may hold the port: \
             give another {option}, or move all with --port-offset 100"
        )
    })
}

/// What holds for every request, whatever serves it.
fn guarded(router: Router) -> Router {
    let layer = |request, next: Next| withheld::answer(request, |request| next.run(request));
    router.layer(middleware::from_fn(layer))
}

/// Serves until `stop`; requests under way are finished.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = guarded(router).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "http server ended");
    }
}

/// Serves with TLS until `stop`.
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    config: Arc<ServerConfig>,
    stop: CancellationToken,
) {
    let (acceptor, router) = (TlsAcceptor::from(config), guarded(router));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, for example: others may end meanwhile.
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        let (acceptor, stop) = (acceptor.clone(), stop.clone());
        tokio::spawn(async move {
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await
            else {
                return;
            };
            let builder = auto::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = stop.cancelled() => {}
            }
        });
    }
}
