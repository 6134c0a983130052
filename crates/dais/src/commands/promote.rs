//! `dais promote`: an alias to another version, at once or by request.

use std::process::ExitCode;
use std::slice;

use anyhow::{Result, bail};
use dais_api::reference::{ModelReference, ModelVersion};
use reqwest::Method;
use serde_json::{Value, json};

use super::approvals;
use crate::cli::{Format, Promote, Target};
use crate::client::{Connection, answer};
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, args: Promote) -> Result<ExitCode> {
    let (name, version) = which(&args)?;
    let connection = Connection::open(target)?;
    let requests = format!("{}?max_results=1", approvals::address(&target.project));
    let known: Value = connection.get(&requests).await?;
    let wanted = json!({ "name": name, "alias": args.alias, "version": version });
    if is_protected(&known, &args.alias) {
        ask(target, &connection, (&args, wanted)).await?;
    } else {
        apply(target, &connection, (&args, wanted)).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where nobody needs to approve.
async fn apply(target: &Target, at: &Connection, (args, alias): (&Promote, Value)) -> Result<()> {
    let project = &target.project;
    let path = format!("/mlflow/p/{project}/api/2.0/mlflow/registered-models/alias");
    let method = if args.remove { Method::DELETE } else { Method::POST };
    let _: Value = answer(at.request(method, &path).json(&alias)).await?;
    if target.output != Format::Table {
        return print(target.output, &alias, || moved(&alias));
    }
    let text = |key: &str| alias[key].as_str().unwrap_or_default();
    let (name, alias) = (text("name"), text("alias"));
    match args.remove {
        true => println!("{name}@{alias} {}", say("is removed", "已移除")),
        false => {
            let points = say("points to version", "现指向版本");
            println!("{name}@{alias} {points} {}", text("version"));
        }
    }
    Ok(())
}

fn moved(alias: &Value) -> Table {
    let mut table = Table::new(&["MODEL", "ALIAS", "VERSION"], "");
    let keys = ["name", "alias", "version"];
    table.row(keys.map(|key| alias[key].as_str().unwrap_or_default().to_owned()).to_vec());
    table
}

/// Where somebody has to.
async fn ask(target: &Target, at: &Connection, (args, mut asked): (&Promote, Value)) -> Result<()> {
    let Some(reason) = &args.reason else {
        bail!(
            "{}",
            say(
                "the alias is protected, so that moving it is a request: say why with --reason",
                "该别名受保护，移动它需要申请：请用 --reason 说明原因",
            )
        );
    };
    asked["reason"] = reason.as_str().into();
    if args.remove {
        asked["remove"] = true.into();
    }
    let made: Value = at.post(&approvals::address(&target.project), &asked).await?;
    let made = &made["model_approval"];
    if target.output != Format::Table {
        return print(target.output, made, || approvals::table(slice::from_ref(made)));
    }
    let (id, words) = (&made["id"], say("requested as", "已提出申请"));
    let next = say(
        "; nothing has moved yet: somebody else who may approve decides, with ",
        "；别名尚未移动，须由另一位有审批权的人处理：",
    );
    println!("{words} {id}{next}`dais approve {id} --reason …`");
    Ok(())
}

fn is_protected(known: &Value, alias: &str) -> bool {
    let alias = alias.to_lowercase();
    let protected = known["protected_aliases"].as_array().into_iter().flatten();
    protected.filter_map(Value::as_str).any(|one| one.to_lowercase() == alias)
}

/// The model, and the version unless the alias is to be removed.
fn which(args: &Promote) -> Result<(String, Option<String>)> {
    if args.remove {
        let name = args.model.strip_prefix("models:/").unwrap_or_default();
        if name.is_empty() || name.contains(['/', '@']) {
            bail!(
                "{:?} {}",
                args.model,
                say(
                    "names no model alone: with --remove write models:/name, for example models:/digits",
                    "不是单独的模型名：与 --remove 同用时请写 models:/名称，例如 models:/digits",
                )
            );
        }
        return Ok((name.to_owned(), None));
    }
    let ModelReference { name, version } = args.model.parse()?;
    match version {
        ModelVersion::Number(number) => Ok((name, Some(number))),
        ModelVersion::Alias(_) => bail!(
            "{:?} {}",
            args.model,
            say(
                "is no version: write models:/name/version, for example models:/digits/3",
                "不是版本：请写 models:/名称/版本，例如 models:/digits/3",
            )
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_protected, which};
    use crate::cli::Promote;

    fn promote(model: &str, remove: bool) -> Promote {
        Promote { model: model.into(), alias: "production".into(), reason: None, remove }
    }

    #[test]
    fn a_version_is_needed_unless_the_alias_goes() {
        let found = which(&promote("models:/digits/3", false)).ok();
        assert_eq!(found, Some(("digits".to_owned(), Some("3".to_owned()))));
        let found = which(&promote("models:/digits", true)).ok();
        assert_eq!(found, Some(("digits".to_owned(), None)));
        for (model, remove) in
            [("models:/digits", false), ("models:/digits@a", false), ("models:/digits/3", true)]
        {
            assert!(which(&promote(model, remove)).is_err(), "{model}");
        }
    }

    #[test]
    fn case_protects_nobody_from_asking() {
        let known = json!({ "protected_aliases": ["production"] });
        assert!(is_protected(&known, "Production") && !is_protected(&known, "candidate"));
    }
}
