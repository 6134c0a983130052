//! A real Prometheus, started by the test, that scrapes pages served by the test.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use tokio::sync::Notify;

pub struct Peer {
    process: Child,
    pub address: SocketAddr,
}

impl Peer {
    /// Starts the program on a free port; `None` when it is not installed. Returns when
    /// it says that it serves.
    pub fn start(directory: &Path, target: SocketAddr) -> Option<Peer> {
        let configuration = directory.join("prometheus.yml");
        std::fs::write(&configuration, configured(target)).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stderr(Stdio::piped())
            .spawn();
        let mut process = match process {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            other => other.unwrap(),
        };
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains("Server is ready") {
            let is_over = log.read_line(&mut told).unwrap() == 0;
            assert!(!is_over, "prometheus ended:\n{told}");
        }
        // The rest is read away, so that it never waits for us.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some(Peer { process, address })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has told by then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configured(target: SocketAddr) -> String {
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: pages
  static_configs:
  - targets: ['{target}']
    labels: {{instance: one}}
"
    )
}

/// Serves each page once, then empty ones.
pub struct Pages {
    pub address: SocketAddr,
    /// Told when something is asked for after the last page: that one is stored then.
    pub is_read: Arc<Notify>,
}

impl Pages {
    pub async fn serve(pages: Vec<String>) -> Pages {
        let is_read = Arc::new(Notify::new());
        let (pages, next, told) = (Arc::new(pages), Arc::new(AtomicUsize::new(0)), is_read.clone());
        let page = move || {
            let text = pages.get(next.fetch_add(1, Ordering::SeqCst)).cloned();
            if text.is_none() {
                told.notify_one();
            }
            async move { text.unwrap_or_default() }
        };
        let address = serve(Router::new().route("/metrics", get(page))).await;
        Pages { address, is_read }
    }
}

/// Serves a router on a free port until the test ends.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
