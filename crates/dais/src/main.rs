//! The dais program: parses the command line and hands over to one command.

mod cli;
mod client;
mod commands;
mod language;
mod output;
mod platform;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // The shim clones and execs: it must run before any thread exists.
    if std::env::args_os().nth(1).is_some_and(|word| word == "shim") {
        return dais_node::shim_main(std::env::args().skip(2));
    }
    let cli = cli::Cli::parse();
    match commands::dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            output::failure(&error);
            ExitCode::FAILURE
        }
    }
}
