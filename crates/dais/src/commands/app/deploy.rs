//! `dais app deploy`: an application from words on the command line.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use dais_api::application::{
    ApplicationPort, ApplicationRoute, ApplicationVolume, Check, Health, OwnClaim, OwnPort,
    Schedule,
};
use dais_api::{Application, ApplicationSpec};
use k8s_openapi::api::core::v1::{ConfigMapKeySelector, EnvVar, EnvVarSource, SecretKeySelector};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::Api;
use kube::api::{Patch, PatchParams};

use crate::cli::{AppDeploy, Target};
use crate::client::Connection;
use crate::commands::{ready, run, serving};

const OWNER: &str = "dais-cli";
/// Names of the ports that words on the command line make.
const HTTP: &str = "http";
const OWN: &str = "own";

pub async fn run(
    target: &Target,
    connection: &Connection,
    apps: &Api<Application>,
    args: AppDeploy,
) -> Result<()> {
    let code = match &args.code {
        Some(folder) => Some(run::upload_code(connection, target, folder).await?),
        None => None,
    };
    let (name, detach, why) = (args.name.clone(), args.detach, args.why.clone());
    let mut wanted = Application::new(&name, ApplicationSpec { code, ..spec(args)? });
    wanted.metadata.annotations =
        why.map(|why| BTreeMap::from([("kubernetes.io/change-cause".to_owned(), why)]));
    let applied = apps
        .patch(&name, &PatchParams::apply(OWNER).force(), &Patch::Apply(&wanted))
        .await
        .context("deploying the application")?;
    if !detach {
        ready::wait(apps, &name, applied.metadata.generation, |app: Application| {
            let status = app.status.unwrap_or_default();
            (status.observed_generation, status.conditions)
        })
        .await?;
    }
    if wanted.spec.route.is_some() {
        let origin = connection.serve_url.clone().unwrap_or_default();
        println!("{origin}/app/{}/{name}/", target.project);
    } else {
        println!("{name}");
    }
    Ok(())
}

fn spec(args: AppDeploy) -> Result<ApplicationSpec> {
    let mut ports = Vec::new();
    ports.extend(args.port.map(|port| ApplicationPort { name: HTTP.to_owned(), port }));
    ports.extend(args.own_port.map(|port| ApplicationPort { name: OWN.to_owned(), port }));
    let check =
        |path: Option<String>| path.map(|path| Check { path: Some(path), ..Check::default() });
    let (ready, live) = (check(args.ready_path), check(args.live_path));
    let health =
        (ready.is_some() || live.is_some()).then_some(Health { ready, live, start_seconds: None });
    let scale = args.scale.as_deref();
    let autoscaling = scale.map(|range| serving::autoscaling(range, args.concurrency, args.idle));
    let mut env = args.env.iter().map(|word| plain(word)).collect::<Result<Vec<EnvVar>>>()?;
    for word in &args.secret_env {
        env.push(from(word, "--secret-env", |name, key| EnvVarSource {
            secret_key_ref: Some(SecretKeySelector { name, key, optional: None }),
            ..EnvVarSource::default()
        })?);
    }
    for word in &args.config_env {
        env.push(from(word, "--config-env", |name, key| EnvVarSource {
            config_map_key_ref: Some(ConfigMapKeySelector { name, key, optional: None }),
            ..EnvVarSource::default()
        })?);
    }
    Ok(ApplicationSpec {
        image: args.image,
        command: Some(args.command).filter(|command| !command.is_empty()),
        environment: args.environment,
        ports,
        env,
        volumes: args.volume.iter().map(|word| volume(word)).collect::<Result<_>>()?,
        health,
        replicas: args.replicas,
        autoscaling: autoscaling.transpose()?,
        rollout: serving::rollout(args.canary, args.step, args.min_requests),
        route: args.port.map(|_| ApplicationRoute { port: None, keep_prefix: args.keep_prefix }),
        own_port: args.own_port.map(|_| OwnPort { port: OWN.to_owned(), number: None }),
        schedule: args.schedule.map(|cron| Schedule {
            cron,
            time_zone: args.time_zone,
            ..Schedule::default()
        }),
        ..ApplicationSpec::default()
    })
}

fn plain(word: &str) -> Result<EnvVar> {
    let Some((name, value)) = word.split_once('=') else {
        bail!("--env {word:?}: write NAME=VALUE");
    };
    Ok(EnvVar { name: name.to_owned(), value: Some(value.to_owned()), ..EnvVar::default() })
}

fn from(
    word: &str,
    option: &str,
    source: impl Fn(String, String) -> EnvVarSource,
) -> Result<EnvVar> {
    let parts = word.split_once('=').and_then(|(name, from)| Some((name, from.split_once('/')?)));
    let Some((name, (object, key))) = parts else {
        bail!("{option} {word:?}: write NAME=OBJECT/KEY, for example DB=db/password");
    };
    let value_from = Some(source(object.to_owned(), key.to_owned()));
    Ok(EnvVar { name: name.to_owned(), value_from, ..EnvVar::default() })
}

fn volume(word: &str) -> Result<ApplicationVolume> {
    let parts: Vec<&str> = word.split(':').collect();
    let [name, path, size] = parts[..] else {
        bail!("--volume {word:?}: write NAME:/PATH:SIZE, for example data:/data:1Gi");
    };
    let claim = OwnClaim { size: Quantity(size.to_owned()), storage_class: None };
    Ok(ApplicationVolume {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        claim: Some(claim),
        ..ApplicationVolume::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_not_understood_say_how_they_are_written() {
        let words = |error: anyhow::Error| error.to_string();
        assert!(words(plain("X").unwrap_err()).contains("NAME=VALUE"));
        assert!(words(volume("data:/data").unwrap_err()).contains("data:/data:1Gi"));
        let secret = from("DB=db", "--secret-env", |_, _| EnvVarSource::default());
        assert!(words(secret.unwrap_err()).contains("DB=db/password"));
        assert_eq!(plain("A=b=c").unwrap().value.as_deref(), Some("b=c"));
    }
}
