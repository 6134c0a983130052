//! A process for tests to start, kill and start again: a node against an API
//! server elsewhere, and its shims.

use std::path::PathBuf;
use std::process::ExitCode;

use dais_node::{Node, NodeConfig, RuntimeChoice};

const USAGE: &str =
    "usage: dais-node-host shim … | dais-node-host node URL DATA_DIR sandbox|process";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("shim") => dais_node::shim_main(args),
        Some("node") => match args.collect::<Vec<_>>().as_slice() {
            [url, data_dir, runtime] => node(url, data_dir, runtime),
            _ => refuse(USAGE),
        },
        _ => refuse(USAGE),
    }
}

fn refuse(words: &str) -> ExitCode {
    eprintln!("{words}");
    ExitCode::FAILURE
}

fn node(url: &str, data_dir: &str, runtime: &str) -> ExitCode {
    let (Ok(url), Ok(exe)) = (url.parse(), std::env::current_exe()) else { return refuse(USAGE) };
    let mut config = NodeConfig::new("here", PathBuf::from(data_dir), exe);
    config.runtime =
        if runtime == "process" { RuntimeChoice::Process } else { RuntimeChoice::Sandbox };
    let Ok(tokio) =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
    else {
        return refuse("no runtime");
    };
    tokio.block_on(async {
        let client = match kube::Client::try_from(kube::Config::new(url)) {
            Ok(client) => client,
            Err(error) => return refuse(&error.to_string()),
        };
        match Node::start(client, config).await {
            Ok(_node) => {
                println!("ready");
                std::future::pending::<ExitCode>().await
            }
            Err(error) => refuse(&error.to_string()),
        }
    })
}
