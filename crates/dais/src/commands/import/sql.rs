//! The rows of one question to a PostgreSQL or MySQL server, as a CSV file.
//!
//! PostgreSQL writes CSV itself (`COPY … TO STDOUT`), so that every type is as its own
//! tools show it; of MySQL we take the texts that it sends.

use std::io;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use reqwest::{Body, Url};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Column, Connection, Executor, Row};
use tokio::sync::mpsc;

use super::credentials::Credentials;
use crate::commands::upload::Sending;
use crate::language::say;

/// Of CSV that is sent on together.
const CHUNK: usize = 256 << 10;

type Chunks = mpsc::Sender<Result<Bytes, io::Error>>;

pub async fn fetch(
    mut address: Url,
    query: &str,
    name: &str,
    credentials: &Credentials,
    sending: &Sending,
) -> Result<()> {
    for (known, set) in [
        (&credentials.username, Url::set_username as fn(&mut Url, &str) -> Result<(), ()>),
        (&credentials.password, |address, word| address.set_password(Some(word))),
    ] {
        if let Some(word) = known {
            set(&mut address, word).map_err(|()| anyhow::anyhow!("the address has no host"))?;
        }
    }
    let query = query.trim().trim_end_matches(';').to_owned();
    let (chunks, mut rows) = mpsc::channel(4);
    let reading = tokio::spawn(async move {
        let read = match address.scheme() {
            "mysql" | "mariadb" => mysql(address.as_str(), query, &chunks).await,
            _ => postgres(address.as_str(), &query, &chunks).await,
        };
        if read.is_err() {
            // What was sent so far is no whole file: the upload must fail too.
            let _ = chunks.send(Err(io::Error::other("the database failed"))).await;
        }
        read
    });
    let body = Body::wrap_stream(futures::stream::poll_fn(move |context| rows.poll_recv(context)));
    let sent = sending.put(name, body).await;
    if sent.is_err() && !reading.is_finished() {
        reading.abort();
        return sent;
    }
    // What the database said is the reason, where both failed.
    match reading.await {
        Ok(read) => read.and(sent),
        Err(_) => sent,
    }
}

async fn postgres(address: &str, query: &str, chunks: &Chunks) -> Result<()> {
    let mut connection = PgConnection::connect(address).await.context("connecting")?;
    // The address is to read.
    connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await?;
    connection.execute("SET client_encoding TO 'UTF8'").await?;
    let copy = format!("COPY ({query}) TO STDOUT (FORMAT csv, HEADER)");
    let mut rows = connection.copy_out_raw(&copy).await.context("asking")?;
    let mut gathered = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.next().await {
        gathered.extend_from_slice(&row.context("reading a row")?);
        if gathered.len() >= CHUNK {
            pass(chunks, &mut gathered).await?;
        }
    }
    pass(chunks, &mut gathered).await
}

async fn mysql(address: &str, query: String, chunks: &Chunks) -> Result<()> {
    let mut connection = MySqlConnection::connect(address).await.context("connecting")?;
    connection.execute("SET SESSION TRANSACTION READ ONLY").await?;
    let mut rows = sqlx::raw_sql(AssertSqlSafe(query)).fetch(&mut connection);
    let mut csv = csv::Writer::from_writer(Vec::with_capacity(CHUNK));
    let mut is_first = true;
    while let Some(row) = rows.try_next().await.context("asking")? {
        if is_first {
            csv.write_record(row.columns().iter().map(Column::name))?;
            is_first = false;
        }
        write(&mut csv, &row)?;
        if csv.get_ref().len() >= CHUNK {
            let mut gathered = csv.into_inner().map_err(|error| error.into_error())?;
            pass(chunks, &mut gathered).await?;
            csv = csv::Writer::from_writer(gathered);
        }
    }
    if is_first {
        bail!("{}", say("the question has no rows", "查询没有返回任何行"));
    }
    pass(chunks, &mut csv.into_inner().map_err(|error| error.into_error())?).await
}

fn write(csv: &mut csv::Writer<Vec<u8>>, row: &MySqlRow) -> Result<()> {
    for at in 0..row.len() {
        // Rows of a plain question are texts, whatever the type of the column.
        let value: Option<&[u8]> = row.try_get_unchecked(at)?;
        let value = value.unwrap_or_default();
        match std::str::from_utf8(value) {
            Ok(text) => csv.write_field(text)?,
            Err(_) => {
                let digits = value.iter().map(|byte| format!("{byte:02x}"));
                csv.write_field(format!("0x{}", digits.collect::<String>()))?;
            }
        }
    }
    csv.write_record(None::<&[u8]>)?;
    Ok(())
}

async fn pass(chunks: &Chunks, gathered: &mut Vec<u8>) -> Result<()> {
    let chunk = Bytes::from(std::mem::replace(gathered, Vec::with_capacity(CHUNK)));
    if !chunk.is_empty() {
        let sent = chunks.send(Ok(chunk)).await;
        sent.context(say("the upload ended", "上传已中断"))?;
    }
    Ok(())
}
