//! The command line's help in Chinese. English is what `cli` says.

use std::collections::HashMap;

use clap::{Arg, ArgAction, Command};

const TEXTS: &str = include_str!("help.zh-CN.txt");
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";
const TEMPLATE_OF_PROGRAM: &str =
    "{about-with-newline}\n用法：{usage}\n\n命令：\n{subcommands}\n\n选项：\n{options}{after-help}";

/// The same command line, explained in Chinese.
pub fn in_chinese(program: Command) -> Command {
    let texts = texts();
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("显示帮助");
    let version =
        Arg::new("version").short('V').long("version").action(ArgAction::Version).help("显示版本");
    let program = program
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .arg(version)
        .arg(help.global(true))
        .mut_subcommands(|command| below(command, "", &texts));
    let name = program.get_name().to_owned();
    explained(program, &name, &texts).help_template(TEMPLATE_OF_PROGRAM)
}

/// A command and those below it; `above` are the words before its name.
fn below(command: Command, above: &str, texts: &HashMap<&str, &'static str>) -> Command {
    let name = format!("{above}{}", command.get_name());
    let template = if command.has_subcommands() { TEMPLATE_OF_PROGRAM } else { TEMPLATE };
    let further = format!("{name} ");
    let command = command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .mut_subcommands(|command| below(command, &further, texts));
    explained(command, &name, texts).help_template(template)
}

fn explained(command: Command, name: &str, texts: &HashMap<&str, &'static str>) -> Command {
    let examples = command.get_after_help().map(|text| {
        let text = text.to_string();
        text.replacen("Examples:", "示例：", 1).replacen("Example:", "示例：", 1)
    });
    let command = command.mut_args(|arg| {
        let heading = if arg.is_positional() { "参数" } else { "选项" };
        let text = texts.get(format!("{name} {}", arg.get_id()).as_str());
        let arg = arg.help_heading(heading);
        match text {
            Some(text) => arg.help(*text),
            None => arg,
        }
    });
    let command = match texts.get(name) {
        Some(about) => command.about(*about),
        None => command,
    };
    match examples {
        Some(examples) => command.after_help(examples),
        None => command,
    }
}

fn texts() -> HashMap<&'static str, &'static str> {
    let lines = TEXTS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = ")).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn wanted(command: &Command, above: &str) -> Vec<String> {
        let name = format!("{above}{}", command.get_name());
        let own = command.get_arguments().map(|arg| format!("{name} {}", arg.get_id()));
        let mut all: Vec<String> = own.collect();
        // What stands below the program is called without its name.
        let above = if above.is_empty() && name == "dais" { "" } else { &format!("{name} ") };
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        all.extend(shown.flat_map(|command| wanted(command, above)));
        all.push(name);
        all
    }

    #[test]
    fn every_command_and_argument_is_explained_and_nothing_else_is() {
        let mut wanted = wanted(&Cli::command(), "");
        wanted.sort();
        let mut written: Vec<String> = texts().keys().map(|key| (*key).to_owned()).collect();
        written.sort();
        assert_eq!(written, wanted);
    }

    #[test]
    fn help_is_in_chinese_throughout() {
        let mut program = in_chinese(Cli::command());
        program.build();
        let shown = program.render_help().to_string();
        assert!(shown.contains("用法：dais") && shown.contains("启动平台"), "{shown}");
        for command in program.get_subcommands_mut() {
            if command.is_hide_set() {
                continue;
            }
            let shown = command.render_help().to_string();
            assert!(shown.contains("示例："), "{shown}");
            for english in ["Usage", "Options:", "Print help", "Example"] {
                assert!(!shown.contains(english), "{shown}");
            }
        }
    }
}
