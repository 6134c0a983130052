//! `dais s3`: access keys for the object store.

use std::process::ExitCode;

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::{Format, S3, S3Key, S3KeyCreate, Target};
use crate::client::{self, Connection};
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, action: S3) -> Result<ExitCode> {
    let S3::Key { action } = action;
    let connection = Connection::open(target)?;
    let keys = format!("/buckets/p/{}/keys", target.project);
    match action {
        S3Key::Create(S3KeyCreate { name, days }) => {
            let made: Value = connection.post(&keys, &json!({"name": name, "days": days})).await?;
            match target.output {
                Format::Table => created(&made),
                format => print(format, &made, || Table::new(&[], ""))?,
            }
        }
        S3Key::List => {
            let found: Value = connection.get(&keys).await?;
            print(target.output, &found["keys"], || table(&found["keys"]))?;
        }
        S3Key::Revoke { id } => {
            let request = connection.request(Method::DELETE, &format!("{keys}/{id}"));
            client::send(request).await?;
            println!("{} {id}", say("revoked", "已吊销"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// As lines for a shell, so that they can be pasted or sourced.
fn created(made: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    println!("export AWS_ENDPOINT_URL={}", text(&made["endpoint"]));
    println!("export AWS_ACCESS_KEY_ID={}", text(&made["key"]["id"]));
    println!("export AWS_SECRET_ACCESS_KEY={}", text(&made["secret"]));
    println!("export AWS_DEFAULT_REGION=us-east-1");
    eprintln!("{}", say("the secret is shown once: keep it", "密钥仅显示一次，请妥善保存"));
}

fn table(keys: &Value) -> Table {
    let empty = say(
        "no access keys; make one: dais s3 key create",
        "没有访问密钥；创建：dais s3 key create",
    );
    let mut table = Table::new(&["ID", "NAME", "USER", "CREATED", "EXPIRES", "USED"], empty);
    for key in keys.as_array().into_iter().flatten() {
        let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let time = |name: &str| {
            let at = key[name].as_i64().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            at.map_or(String::new(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
        };
        table.row(vec![
            text("id"),
            text("name"),
            text("user"),
            time("createdAt"),
            time("expiresAt"),
            time("usedAt"),
        ]);
    }
    table
}
