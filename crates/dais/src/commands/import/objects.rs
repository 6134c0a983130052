//! The objects of a bucket on any S3 server.
//!
//! `rusty-s3` signs addresses and reads lists; the requests are ours.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Url;
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials as Signer, S3Action, UrlStyle};

use super::credentials::{AccessKey, Credentials};
use super::web;
use crate::commands::upload::Sending;
use crate::language::say;

/// How long a signed address is good for: until its answer begins.
const SIGNED: Duration = Duration::from_secs(3600);
const REGION: &str = "us-east-1";

pub async fn fetch(
    (bucket, prefix): (String, String),
    endpoint: Option<Url>,
    credentials: &Credentials,
    sending: &Sending,
) -> Result<()> {
    let region = credentials.region.clone().unwrap_or_else(|| REGION.to_owned());
    let endpoint = match (endpoint, &credentials.endpoint) {
        (Some(endpoint), _) => endpoint,
        (None, Some(text)) => text.parse().context("AWS_ENDPOINT_URL")?,
        (None, None) => format!("https://s3.{region}.amazonaws.com").parse()?,
    };
    let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket, region)?;
    let signer = credentials.access_key.as_ref().map(signer);
    let http = reqwest::Client::new();
    let (mut token, mut found) = (None, 0_u64);
    loop {
        let page = page(&http, &bucket, signer.as_ref(), &prefix, token).await?;
        for object in page.contents {
            // What consoles make for an empty folder.
            if object.key.ends_with('/') {
                continue;
            }
            let name = below(&prefix, &object.key).to_owned();
            let address = bucket.get_object(signer.as_ref(), &object.key).sign(SIGNED);
            let answer = http.get(address).send().await.map_err(reqwest::Error::without_url)?;
            web::send(answer, name, sending).await?;
            found += 1;
        }
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    if found == 0 {
        bail!("{}", say("no object begins so", "没有这样开头的对象"));
    }
    Ok(())
}

async fn page(
    http: &reqwest::Client,
    bucket: &Bucket,
    signer: Option<&Signer>,
    prefix: &str,
    token: Option<String>,
) -> Result<rusty_s3::actions::list_objects_v2::ListObjectsV2Response> {
    let mut list = bucket.list_objects_v2(signer);
    list.with_prefix(prefix);
    if let Some(token) = token {
        list.with_continuation_token(token);
    }
    let answer = http.get(list.sign(SIGNED)).send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    let text = answer.text().await.map_err(reqwest::Error::without_url)?;
    if !status.is_success() {
        let said: String = text.chars().take(500).collect();
        bail!("{} {status} {said}", say("listing it was answered with", "列举时应答为"));
    }
    ListObjectsV2::parse_response(&text).context("reading the list of objects")
}

fn signer(key: &AccessKey) -> Signer {
    match &key.session {
        Some(session) => Signer::new_with_token(&key.id, &key.secret, session),
        None => Signer::new(&key.id, &key.secret),
    }
}

/// Names begin behind the prefix's last folder.
fn below<'a>(prefix: &str, key: &'a str) -> &'a str {
    let folder = prefix.rfind('/').map_or(0, |at| at + 1);
    &key[folder..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_behind_the_folder() {
        assert_eq!(below("", "a/b.csv"), "a/b.csv");
        assert_eq!(below("a/", "a/b.csv"), "b.csv");
        assert_eq!(below("数/b", "数/b.csv"), "b.csv");
    }
}
