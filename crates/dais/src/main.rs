//! The dais program: parses the command line and hands over to one command.

mod cli;
mod client;
mod commands;
mod help;
mod language;
mod library;
mod output;
mod platform;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

fn main() -> ExitCode {
    // The shim clones and execs: it must run before any thread exists.
    if std::env::args_os().nth(1).is_some_and(|word| word == "shim") {
        return dais_node::shim_main(std::env::args().skip(2));
    }
    let cli = parse();
    match commands::dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            output::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn parse() -> cli::Cli {
    let mut program = cli::Cli::command();
    if language::is_chinese() {
        program = help::in_chinese(program);
    }
    let matches = program.get_matches();
    cli::Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}
