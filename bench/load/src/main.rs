//! What the benches of observation need: the stores by themselves, each as a server of
//! its own, and the load that they and their peers get alike.
//!
//! The Python files of `bench/` start these, measure them from outside, and know the
//! peers. Start reading at `Command`.

mod cluster;
mod exporter;
mod history;
mod lines;
mod serve;
mod spans;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Load and stores for the benches")]
enum Command {
    /// The metric store with its scraper and its HTTP API.
    Metrics {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        listen: SocketAddr,
        /// Addresses to scrape, one a line.
        #[arg(long)]
        targets: Option<PathBuf>,
        /// Seconds between two scrapes.
        #[arg(long, default_value_t = 15)]
        interval: u64,
    },
    /// The log store with the collector of container log files.
    Logs {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        files: PathBuf,
        #[arg(long)]
        listen: SocketAddr,
    },
    /// The trace store.
    Traces {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Machines to scrape, at `/metrics/<number>`.
    Exporter {
        #[arg(long)]
        listen: SocketAddr,
        /// Series of each.
        #[arg(long)]
        series: usize,
    },
    /// Sends hours of a cluster's metrics up to now by remote write.
    History {
        #[arg(long)]
        url: String,
        #[arg(long)]
        series: usize,
        #[arg(long)]
        hours: u64,
        #[arg(long, default_value_t = 15)]
        step: u64,
    },
    /// Writes container log files.
    Lines {
        #[arg(long)]
        files: PathBuf,
        #[arg(long)]
        lines: usize,
    },
    /// Sends traces by OTLP over HTTP.
    Spans {
        #[arg(long)]
        url: String,
        #[arg(long)]
        traces: usize,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Metrics { data, listen, targets, interval } => {
            serve::metrics(data, listen, targets.as_deref(), interval).await
        }
        Command::Logs { data, files, listen } => serve::logs(data, files, listen).await,
        Command::Traces { data, listen } => serve::traces(data, listen).await,
        Command::Exporter { listen, series } => exporter::serve(listen, series).await,
        Command::History { url, series, hours, step } => {
            history::send(&url, series, hours, step).await
        }
        Command::Lines { files, lines } => lines::write(&files, lines),
        Command::Spans { url, traces } => spans::send(&url, traces).await,
    }
}
