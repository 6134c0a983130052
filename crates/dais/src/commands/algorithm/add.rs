//! The algorithms that come with dais, and the way into a project.

use anyhow::{Context, Result, bail};
use dais_api::{Algorithm, CodeBundle, Environment};
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use crate::cli::Target;
use crate::client::Connection;
use crate::commands::run::upload;
use crate::language::{is_chinese, say};
use crate::library::{self, WORKS};
use crate::output::{Table, print};

pub fn list(target: &Target) -> Result<()> {
    let told: Vec<_> =
        WORKS.iter().map(|work| Ok((work.name, told(work)?))).collect::<Result<_>>()?;
    let whole: Vec<_> = told
        .iter()
        .map(|(name, (title, words))| json!({"name": name, "title": title, "description": words}))
        .collect();
    print(target.output, &whole, || {
        let mut table = Table::new(&["NAME", "TITLE", "WHAT IT DOES"], "");
        for (name, (title, words)) in &told {
            table.row(vec![(*name).to_owned(), title.clone(), words.clone()]);
        }
        table
    })
}

/// Title and description, in the language of the terminal.
fn told(work: &library::Work) -> Result<(String, String)> {
    let (_, algorithm) = work.objects()?;
    let notes = algorithm.metadata.annotations.unwrap_or_default();
    let say = |zh: &str, en: Option<String>| match is_chinese() {
        true => notes.get(zh).cloned().or(en).unwrap_or_default(),
        false => en.unwrap_or_default(),
    };
    Ok((
        say("dais.io/title-zh", algorithm.spec.title),
        say("dais.io/description-zh", algorithm.spec.description),
    ))
}

/// The algorithm comes last: what is there before it is complete, and the same again goes on
/// where it was interrupted.
pub async fn run(
    target: &Target,
    connection: &Connection,
    algorithm: &str,
    name: Option<&str>,
) -> Result<()> {
    let Some(work) = library::find(algorithm) else {
        let names: Vec<&str> = WORKS.iter().map(|work| work.name).collect();
        bail!("no algorithm {algorithm:?} comes with dais; there are {}", names.join(", "));
    };
    let name = name.unwrap_or(work.name);
    let (mut environment, mut wanted) = work.objects()?;
    let client = connection.kube(&target.project)?;
    let algorithms = Api::<Algorithm>::namespaced(client.clone(), &target.project);
    if algorithms.get_opt(name).await.context("looking for the algorithm")?.is_some() {
        bail!(
            "there is an Algorithm {name:?} in project {:?} already; give this one another name \
             with --name",
            target.project
        );
    }
    environment.metadata.name = Some(name.to_owned());
    ensure(&Api::namespaced(client, &target.project), &environment, name).await?;
    let bundle = upload(connection, target, work.archive()?).await?;
    wanted.metadata.name = Some(name.to_owned());
    wanted.spec.environment = Some(name.to_owned());
    wanted.spec.code = Some(CodeBundle { bundle });
    if let Some(outputs) = &mut wanted.spec.outputs {
        outputs.model = Some(name.to_owned());
    }
    algorithms.create(&PostParams::default(), &wanted).await.context("making the algorithm")?;
    println!("{name} {}", say("is in the project", "已添加到项目"));
    Ok(())
}

/// Somebody's own environment of that name stays as it is.
async fn ensure(all: &Api<Environment>, wanted: &Environment, name: &str) -> Result<()> {
    let known = all.get_opt(name).await.context("looking for the environment")?;
    match known {
        Some(known) if known.spec == wanted.spec => Ok(()),
        Some(_) => bail!(
            "there is an Environment {name:?} with other packages; give the algorithm another \
             name with --name"
        ),
        None => {
            let made = all.create(&PostParams::default(), wanted).await;
            made.map(drop).context("making the environment")
        }
    }
}
