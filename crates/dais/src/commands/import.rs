//! `dais import`: what lies at an address, in a bucket elsewhere or in a database becomes
//! the next version of a dataset.
//!
//! ```text
//! dais import ─ a TrainingJob of the project ─ dais import --here ─ source ─▶ upload ─▶ commit
//! ```
//!
//! The job fetches with the project's network and quota, never with the platform's: an
//! address leads nowhere that the project's own programs could not reach. Credentials
//! come from a Secret into its environment, and stand in no specification.

mod credentials;
mod objects;
mod source;
mod sql;
mod web;

use std::process::ExitCode;

use anyhow::{Context, Result};
use dais_api::{TrainingJob, TrainingJobSpec};
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::follow;
use super::upload::{Sending, ensure_dataset};
use crate::cli::{Format, Import, Target};
use crate::client::Connection;
use crate::language::say;
use credentials::Credentials;
use source::Source;

/// A network that was away for a moment.
const RETRIES: i32 = 2;

pub async fn run(target: &Target, args: Import) -> Result<ExitCode> {
    let sources = source::parse(&args)?;
    let connection = Connection::open(target)?;
    ensure_dataset(&connection, target, &args.dataset).await?;
    if args.here {
        return here(&connection, target, &args, sources).await;
    }
    for source in &sources {
        source.refuse_password()?;
    }
    let jobs = Api::<TrainingJob>::namespaced(connection.kube(&target.project)?, &target.project);
    let made = jobs.create(&PostParams::default(), &job(&args)).await;
    let name = made.context("submitting the job that imports")?.name_any();
    if args.detach {
        if target.output == Format::Table {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} {name}", say("submitted", "已提交"));
    follow::to_the_end(&connection, target, &name).await
}

fn job(args: &Import) -> TrainingJob {
    let mut command: Vec<String> = ["dais", "import", "--here"].map(str::to_owned).into();
    for (option, value) in [("--query", &args.query), ("--endpoint", &args.endpoint)] {
        command.extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
    }
    command.extend(["--file".to_owned(), args.file.clone(), "--".to_owned()]);
    command.push(args.dataset.clone());
    command.extend(args.sources.iter().cloned());
    let env = args.secret.as_deref().map(credentials::variables).unwrap_or_default();
    let spec = TrainingJobSpec { command, env, retries: RETRIES, ..TrainingJobSpec::default() };
    let mut job = TrainingJob::new("", spec);
    job.metadata.name = None;
    let start: String = args.dataset.chars().take(40).collect();
    job.metadata.generate_name = Some(format!("import-{start}-"));
    job
}

async fn here(
    connection: &Connection,
    target: &Target,
    args: &Import,
    sources: Vec<Source>,
) -> Result<ExitCode> {
    let credentials = Credentials::from_environment();
    let sending = Sending::begin(connection, target).await?;
    for source in sources {
        let shown = source.shown();
        let fetched = match source {
            Source::Web(address) => web::fetch(address, &credentials, &sending).await,
            Source::Objects { bucket, prefix, endpoint } => {
                objects::fetch((bucket, prefix), endpoint, &credentials, &sending).await
            }
            Source::Query { address, query } => {
                sql::fetch(address, &query, &args.file, &credentials, &sending).await
            }
        };
        fetched.with_context(|| format!("importing {shown}"))?;
    }
    sending.commit(target, &args.dataset).await
}
