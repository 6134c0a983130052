//! Machines that can be scraped: the text of each is made when it is asked for.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::cluster::{Line, machine};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub async fn serve(listen: SocketAddr, series: usize) -> Result<()> {
    let router = Router::new().route("/metrics/{machine}", get(page)).with_state(Arc::new(series));
    axum::serve(tokio::net::TcpListener::bind(listen).await?, router).await?;
    Ok(())
}

async fn page(Path(number): Path<usize>, State(series): State<Arc<usize>>) -> impl IntoResponse {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    ([(CONTENT_TYPE, TEXT)], text(&machine(number, *series), number, now))
}

fn text(lines: &[Line], number: usize, now: i64) -> String {
    let mut text = String::with_capacity(lines.len() * 250);
    for (at, line) in lines.iter().enumerate() {
        text.push_str(line.name);
        for (at, (name, value)) in line.labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            // A string takes what is written to it.
            let _ = write!(text, "{before}{name}=\"{value}\"");
        }
        let value = line.value(number * 1_000_003 + at, now);
        let _ = writeln!(text, "}} {value}");
    }
    text
}
