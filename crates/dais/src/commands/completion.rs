//! `dais completion`: a script for the shell.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

pub fn run(shell: Shell) -> Result<ExitCode> {
    clap_complete::generate(shell, &mut crate::cli::Cli::command(), "dais", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
