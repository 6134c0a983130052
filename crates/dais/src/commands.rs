//! The commands: one file each.

mod abtest;
mod algorithm;
mod app;
mod apply;
mod approvals;
mod audit;
mod backup;
pub mod build_environment;
mod completion;
mod data;
mod decide;
mod delete;
mod deploy;
mod doctor;
mod down;
mod drain;
mod follow;
mod get;
mod image;
mod import;
mod jobs;
mod label;
mod limits;
mod logs;
mod models;
mod notebook;
mod pack;
mod predict;
mod promote;
mod queues;
mod ready;
mod rerun;
mod resources;
mod run;
mod s3;
mod serve_model;
mod serving;
mod sign_in;
mod status;
mod sweep;
mod switch;
mod up;
mod upload;
mod usage;
mod vulnerabilities;

pub use pack::LEFT_OUT;
pub use run::command_of;

use std::future::Future;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cli::{Cli, Command};

/// Runs one command; its exit code is the program's.
pub fn dispatch(cli: Cli) -> Result<ExitCode> {
    let Cli { target, command } = cli;
    match command {
        Command::Up(args) => up::run(&target, args),
        Command::Down => down::run(&target),
        Command::Status => block_on(status::run(&target)),
        Command::Doctor(args) => block_on(doctor::run(&target, &args.engines)),
        Command::SignIn => block_on(sign_in::run(&target)),
        Command::Run(args) => block_on(run::run(&target, args)),
        Command::Sweep(args) => block_on(sweep::run(&target, args)),
        Command::Suspend(args) => block_on(switch::suspend(&target, &args)),
        Command::Resume(args) => block_on(switch::resume(&target, &args)),
        Command::Stop(args) => block_on(switch::stop(&target, &args)),
        Command::Rerun(args) => block_on(rerun::run(&target, args)),
        Command::Algorithm { action } => block_on(algorithm::run(&target, action)),
        Command::Label { action } => block_on(label::run(&target, action)),
        Command::Notebook { action } => block_on(notebook::run(&target, action)),
        Command::Abtest { action } => block_on(abtest::run(&target, action)),
        Command::Data { action } => block_on(data::run(&target, action)),
        Command::Import(args) => block_on(import::run(&target, args)),
        Command::S3 { action } => block_on(s3::run(&target, action)),
        Command::Image { action } => block_on(image::run(&target, action)),
        Command::Queues { name } => block_on(queues::run(&target, name.as_deref())),
        Command::Jobs => block_on(jobs::run(&target)),
        Command::Logs(args) => block_on(logs::run(&target, args)),
        Command::Models => block_on(models::run(&target)),
        Command::Promote(args) => block_on(promote::run(&target, args)),
        Command::Approvals(args) => block_on(approvals::run(&target, &args)),
        Command::Approve(args) => block_on(decide::approve(&target, &args)),
        Command::Reject(args) => block_on(decide::reject(&target, &args)),
        Command::Withdraw(args) => block_on(decide::withdraw(&target, &args)),
        Command::Deploy(args) => block_on(deploy::run(&target, args)),
        Command::App { action } => block_on(app::run(&target, action)),
        Command::Predict(args) => block_on(predict::run(&target, args)),
        Command::Get(args) => block_on(get::run(&target, args)),
        Command::Apply(args) => block_on(apply::run(&target, args)),
        Command::Delete(args) => block_on(delete::run(&target, args)),
        Command::Audit(args) => block_on(audit::run(&target, args)),
        Command::Upload(args) => block_on(upload::run(&target, args)),
        Command::Usage(args) => block_on(usage::run(&target, args)),
        Command::Vulnerabilities(args) => block_on(vulnerabilities::run(&target, args)),
        Command::Backup(args) => block_on(backup::save(&target, args)),
        Command::Restore(args) => backup::restore(&target, &args),
        Command::Completion { shell } => completion::run(shell),
        Command::BuildEnvironment(args) => build_environment::run(&args),
        Command::ServeModel(args) => block_on(serve_model::run(args)),
        Command::Drain => block_on(drain::run()),
    }
}

/// One thread is enough for a client.
fn block_on<F: Future<Output = Result<ExitCode>>>(future: F) -> Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?
        .block_on(future)
}
