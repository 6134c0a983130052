//! `dais image`: container images of the platform.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result};
use futures::TryStreamExt;
use reqwest::{Body, Method};
use serde_json::Value;
use tokio_util::io::ReaderStream;

use super::upload::encode;
use crate::cli::{ImageAction, ImageLoad, Target};
use crate::client::{self, Connection};
use crate::language::say;
use crate::output::{Table, print};

const IMAGES: &str = "/api/images";
const MEBIBYTE: u64 = 1 << 20;

pub async fn run(target: &Target, action: ImageAction) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    match action {
        ImageAction::Load(args) => {
            let loaded = load(&connection, &args).await?;
            print(target.output, &loaded["images"], || table(&loaded["images"]))?;
        }
        ImageAction::List => {
            let found: Value = connection.get(IMAGES).await?;
            print(target.output, &found["images"], || table(&found["images"]))?;
        }
        ImageAction::Delete { name } => {
            let address = format!("{IMAGES}/{}", encode(&name));
            client::send(connection.request(Method::DELETE, &address)).await?;
            println!("{} {name}", say("deleted", "已删除"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn load(connection: &Connection, args: &ImageLoad) -> Result<Value> {
    let shown = args.file.display();
    let file = tokio::fs::File::open(&args.file).await;
    let file = file.with_context(|| format!("reading {shown}"))?;
    let size = file.metadata().await.with_context(|| format!("reading {shown}"))?.len();
    let mut progress = Progress { size, sent: 0, told: 0 };
    let content = ReaderStream::with_capacity(file, 1 << 18).inspect_ok(move |part| {
        progress.add(part.len() as u64);
    });
    let request = connection.request(Method::POST, IMAGES).body(Body::wrap_stream(content));
    let name: Vec<(&str, &String)> = args.name.iter().map(|name| ("name", name)).collect();
    client::answer(request.query(&name)).await.with_context(|| format!("loading {shown}"))
}

/// How much is on its way, for somebody who looks.
struct Progress {
    size: u64,
    sent: u64,
    told: u64,
}

impl Progress {
    fn add(&mut self, count: u64) {
        self.sent += count;
        let percent = self.sent * 100 / self.size.max(1);
        if percent == self.told || !std::io::stderr().is_terminal() {
            return;
        }
        self.told = percent;
        let (sent, size) = (self.sent / MEBIBYTE, self.size / MEBIBYTE);
        eprint!("\r{percent:3} % ({sent}/{size} MiB)");
        if self.sent >= self.size {
            eprintln!("  {}", say("unpacking …", "正在解包……"));
        }
    }
}

fn table(images: &Value) -> Table {
    let empty =
        say("no images; load one: dais image load FILE", "没有镜像；加载：dais image load 文件");
    let mut table = Table::new(&["NAME", "ID", "SIZE", "USED", "USED BY"], empty);
    for image in images.as_array().into_iter().flatten() {
        let texts = |key: &str| {
            let list = image[key].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        };
        let at = image["usedAt"].as_i64().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        let at = at.map_or(String::new(), |at| at.strftime("%Y-%m-%d %H:%M").to_string());
        let id = image["id"].as_str().unwrap_or_default();
        let size = image["sizeBytes"].as_u64().unwrap_or_default();
        table.row(vec![
            texts("names"),
            id.chars().take("sha256:".len() + 12).collect(),
            format!("{:.1} MiB", size as f64 / MEBIBYTE as f64),
            at,
            texts("usedBy"),
        ]);
    }
    table
}
