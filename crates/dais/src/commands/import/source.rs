//! What an address on the command line means.

use anyhow::{Context, Result, bail};
use reqwest::Url;

use crate::cli::Import;
use crate::language::say;

#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// One file.
    Web(Url),
    /// All objects whose keys begin so.
    Objects { bucket: String, prefix: String, endpoint: Option<Url> },
    /// The rows of one question, as CSV.
    Query { address: Url, query: String },
}

/// # Errors
/// For an address of another kind, and for options that do not belong to it.
pub fn parse(args: &Import) -> Result<Vec<Source>> {
    let endpoint = args.endpoint.as_deref().map(|text| text.parse().context("--endpoint"));
    let endpoint: Option<Url> = endpoint.transpose()?;
    let sources: Vec<Source> = args
        .sources
        .iter()
        .map(|text| one(text, args, endpoint.as_ref()))
        .collect::<Result<_>>()?;
    let databases = sources.iter().filter(|one| matches!(one, Source::Query { .. })).count();
    if databases > 1 || args.query.is_some() && databases == 0 {
        let words = say(
            "--query asks one database: give one postgres:// or mysql:// address",
            "--query 只查询一个数据库：请给出一个 postgres:// 或 mysql:// 地址",
        );
        bail!("{words}");
    }
    if endpoint.is_some() && !sources.iter().any(|one| matches!(one, Source::Objects { .. })) {
        bail!("{}", say("--endpoint belongs to s3://…", "--endpoint 只用于 s3://…"));
    }
    Ok(sources)
}

fn one(text: &str, args: &Import, endpoint: Option<&Url>) -> Result<Source> {
    // What is wrong with it may be its password: it is not shown.
    let address: Url = text.parse().with_context(|| {
        say(
            "a source is no address: write https://…, s3://bucket/prefix, postgres://… or mysql://…",
            "来源不是地址：请写 https://…、s3://桶/前缀、postgres://… 或 mysql://…",
        )
    })?;
    match address.scheme() {
        "http" | "https" => Ok(Source::Web(address)),
        "s3" => {
            let (bucket, prefix) =
                text["s3://".len()..].split_once('/').unwrap_or((&text["s3://".len()..], ""));
            if bucket.is_empty() {
                bail!("{}", say("s3:// names no bucket", "s3:// 没有桶名"));
            }
            let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
            Ok(Source::Objects { bucket, prefix, endpoint: endpoint.cloned() })
        }
        "postgres" | "postgresql" | "mysql" | "mariadb" => {
            let query = args.query.clone().with_context(|| {
                say("a database needs --query 'SELECT …'", "数据库需要 --query 'SELECT …'")
            })?;
            Ok(Source::Query { address, query })
        }
        other => bail!(
            "{} {other}:// {}",
            say("data cannot come from", "无法从"),
            say(
                "; from https://, s3://, postgres:// and mysql:// they can",
                "导入；可用 https://、s3://、postgres:// 与 mysql://"
            )
        ),
    }
}

impl Source {
    /// # Errors
    /// When the address holds a password, which everybody could read in the job.
    pub fn refuse_password(&self) -> Result<()> {
        match self {
            Source::Web(address) | Source::Query { address, .. }
                if address.password().is_some() =>
            {
                bail!(
                    "{}",
                    say(
                        "the address holds a password, which everybody could read in the job: put \
                         it into a Secret (kubectl create secret generic shop \
                         --from-literal=password=…) and give --secret shop",
                        "地址中含有密码，任何人都能在任务里读到：请放进 Secret\
                         （kubectl create secret generic shop --from-literal=password=…）\
                         并使用 --secret shop"
                    )
                )
            }
            _ => Ok(()),
        }
    }

    /// For messages: without what is secret.
    pub fn shown(&self) -> String {
        match self {
            Source::Web(address) | Source::Query { address, .. } => {
                let mut shown = address.clone();
                // Neither fails for an address with a host.
                let _ = shown.set_password(None);
                shown.set_query(None);
                shown.to_string()
            }
            Source::Objects { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(
        sources: &[&str],
        query: Option<&str>,
        endpoint: Option<&str>,
    ) -> Result<Vec<Source>> {
        let owned = |text: &str| text.to_owned();
        parse(&Import {
            dataset: owned("digits"),
            sources: sources.iter().map(|text| owned(text)).collect(),
            query: query.map(owned),
            file: owned("rows.csv"),
            endpoint: endpoint.map(owned),
            secret: None,
            here: false,
            detach: false,
        })
    }

    #[test]
    fn addresses_say_what_they_are() {
        let found = parsed(&["s3://raw/a/b c"], None, Some("http://127.0.0.1:9000")).unwrap();
        let endpoint = "http://127.0.0.1:9000".parse().ok();
        let (bucket, prefix) = ("raw".to_owned(), "a/b c".to_owned());
        assert_eq!(found, [Source::Objects { bucket, prefix, endpoint }]);
        assert!(parsed(&["https://a/x.csv", "https://a/y.csv"], None, None).is_ok());
        assert!(parsed(&["postgres://a/b"], Some("SELECT 1"), None).is_ok());
        for (sources, query, endpoint, words) in [
            (&["/etc/passwd"][..], None, None, "no address"),
            (&["file:///etc/passwd"], None, None, "cannot come from file://"),
            (&["postgres://a/b"], None, None, "needs --query"),
            (&["postgres://a/b", "mysql://a/b"], Some("x"), None, "one database"),
            (&["https://a/b"], Some("x"), None, "one database"),
            (&["https://a/b"], None, Some("http://c"), "--endpoint belongs"),
            (&["s3:///b"], None, None, ""),
        ] {
            let said = format!("{:#}", parsed(sources, query, endpoint).unwrap_err());
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_password_is_neither_taken_into_a_job_nor_shown() {
        let [source] = &parsed(&["postgres://me:hidden@a/b"], Some("x"), None).unwrap()[..] else {
            panic!("one source");
        };
        assert!(source.refuse_password().unwrap_err().to_string().contains("--secret"));
        assert_eq!(source.shown(), "postgres://me@a/b");
    }
}
