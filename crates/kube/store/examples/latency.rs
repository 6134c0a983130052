//! Prints what a get, a list, a commit and a group commit cost on this disk:
//! `cargo run --release -p dais-store --example latency -- FOLDER`.

use std::time::Instant;

use bytes::Bytes;
use dais_store::{Expect, ListOptions, Store};

#[tokio::main]
async fn main() -> dais_store::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let path = std::path::Path::new(&folder).join("latency.db");
    let store = Store::open(&path)?;
    let value = Bytes::from(vec![b'x'; 2_000]);
    let key = |number: usize| format!("/latency/{number:04}");

    let mut put = Vec::new();
    for number in 0..500 {
        let start = Instant::now();
        store.put(&key(number), value.clone(), Expect::Any).await?;
        put.push(start.elapsed());
    }
    let mut get = Vec::new();
    for number in 0..500 {
        let start = Instant::now();
        store.get(&key(number)).await?;
        get.push(start.elapsed());
    }
    let mut list = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        store.list("/latency/", ListOptions::default()).await?;
        list.push(start.elapsed());
    }
    for (what, times) in [("put", &mut put), ("get", &mut get), ("list of 500", &mut list)] {
        times.sort();
        let (median, worst) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("{what}: median {median:?}, 99th percentile {worst:?}");
    }

    let start = Instant::now();
    let keys: Vec<_> = (0..2_000).map(key).collect();
    let writes = keys.iter().map(|key| store.put(key, value.clone(), Expect::Any));
    futures::future::try_join_all(writes).await?;
    println!("2000 puts at once: {:?}", start.elapsed());
    Ok(())
}
