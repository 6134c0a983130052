//! Protected aliases: what cannot be done to them directly, and in which words
//! it is refused.
//!
//! Which aliases are protected is the [`Scope`]'s to say; how one moves all the
//! same is in `approvals` and `decisions`.

use sqlx::{Any, Executor, Row};

use crate::Error;
use crate::error::Result;
use crate::scope::Scope;
use crate::statement::Statement;

/// Refuses to set, move or delete a protected alias without approval.
pub(crate) fn direct(scope: &Scope, (name, alias): (&str, &str), to: Option<i64>) -> Result<()> {
    if !scope.protection()?.covers(alias) {
        return Ok(());
    }
    let asked = match to {
        Some(version) => format!("dais promote models:/{name}/{version} {alias}"),
        None => format!("dais promote models:/{name} {alias} --remove"),
    };
    Err(Error::Denied(format!(
        "the alias '{alias}' is protected in project '{}': it moves by approval alone. \
         Ask with `{asked} --reason \"…\"` or on the model's page; {WHO}",
        scope.project
    )))
}

const WHO: &str =
    "somebody else who may approve, such as an administrator of the project, then decides";

/// Refuses what would take a protected alias away from a model, or from one of
/// its versions: deleting either, renaming the model.
pub(crate) async fn undisturbed(
    on: impl Executor<'_, Database = Any>,
    scope: &Scope,
    (name, version): (&str, Option<i64>),
    doing: &str,
) -> Result<()> {
    let protection = scope.protection()?;
    if protection.protected_aliases.is_empty() {
        return Ok(());
    }
    let mut held = Statement::new("");
    for select in ["SELECT alias FROM ml_model_aliases", " UNION SELECT stage FROM ml_versions"] {
        held.push(select);
        held.push(" WHERE project = ").bind(&scope.project).push(" AND name = ").bind(name);
        if let Some(version) = version {
            held.push(" AND version = ").bind(version);
        }
    }
    for row in held.all(on).await? {
        let alias: String = row.try_get(0)?;
        if alias != NO_STAGE && protection.covers(&alias) {
            return Err(Error::Denied(format!(
                "{doing} would take away '{alias}', which is protected in project '{}'. \
                 Move the alias first: ask with `dais promote` or on the model's page; {WHO}",
                scope.project
            )));
        }
    }
    Ok(())
}

/// MLflow's name for having no stage.
const NO_STAGE: &str = "None";

/// Refuses a change of stage from or to the namesake of a protected alias.
pub(crate) fn stage(scope: &Scope, stages: [&str; 2]) -> Result<()> {
    let protection = scope.protection()?;
    let protected = |stage: &&str| *stage != NO_STAGE && protection.covers(stage);
    let Some(stage) = stages.into_iter().find(protected) else { return Ok(()) };
    Err(Error::Denied(format!(
        "the stage {stage} counts as the alias of that name, which is protected in project '{}': \
         no version enters or leaves it. Use the alias instead: ask with \
         `dais promote models:/<name>/<version> {} --reason \"…\"` or on the model's page; {WHO}",
        scope.project,
        stage.to_lowercase()
    )))
}
