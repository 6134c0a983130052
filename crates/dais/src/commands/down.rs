//! `dais down`: stops the platform and all that runs on it, with grace.

use std::process::ExitCode;

use anyhow::{Context, Result};
use rustix::process::{Signal, kill_process};

use crate::cli::Target;
use crate::language::say;
use crate::platform::datadir::DataDir;

pub fn run(target: &Target) -> Result<ExitCode> {
    let data = DataDir::new(target.data_dir.as_deref())?;
    let Some(holder) = data.holder()? else {
        println!("{}", say("no platform runs here", "此处没有正在运行的平台"));
        return Ok(ExitCode::SUCCESS);
    };
    println!("{}", say("stopping the platform and its work…", "正在停止平台及其任务…"));
    // Interrupt stops the work too; terminate would leave it running.
    kill_process(holder, Signal::INT).context("asking the platform to stop")?;
    data.wait_released()?;
    println!("{}", say("stopped", "已停止"));
    Ok(ExitCode::SUCCESS)
}
