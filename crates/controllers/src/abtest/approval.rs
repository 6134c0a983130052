//! Where the service that a winner is promoted to follows a protected alias: the alias
//! moves by approval alone, and so does what the service serves.

use dais_api::labels;
use dais_api::reference::{ModelReference, ModelVersion};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::error::{Error, Result};

/// How a service comes to serve a winner's model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Its spec names it.
    Direct,
    /// The alias that it follows names it already.
    Approved,
    /// Somebody asks, somebody else approves; in words.
    Ask(String),
}

/// The way for a `service` of a `project` that serves `model` and is to serve `winner`.
pub async fn way(
    (project, service): (&str, &str),
    (model, winner): (Option<&str>, Option<&str>),
    context: &Context,
) -> Result<Way> {
    let followed = model.and_then(|model| model.parse::<ModelReference>().ok());
    let Some((followed, alias)) = followed.and_then(of_alias) else { return Ok(Way::Direct) };
    let namespaces = Api::<Namespace>::all(context.client.clone());
    let namespace = namespaces.get_opt(project).await;
    let namespace = namespace.map_err(Error::kube("reading which aliases are protected"))?;
    let protected = namespace
        .map(|namespace| labels::protected_aliases(namespace.annotations()))
        .unwrap_or_default();
    if !protected.iter().any(|protected| protected.to_lowercase() == alias.to_lowercase()) {
        return Ok(Way::Direct);
    }
    let now = context.tracking.resolve_model(project, &followed).await;
    let now = now.map_err(Error::seam(format!("resolving {followed}")))?;
    let now = now.map(|now| format!("models:/{}/{}", now.name, now.version));
    Ok(protected_way((service, &followed, &alias), now.as_deref(), winner))
}

fn of_alias(reference: ModelReference) -> Option<(ModelReference, String)> {
    let ModelVersion::Alias(alias) = &reference.version else { return None };
    let alias = alias.clone();
    Some((reference, alias))
}

fn protected_way(
    (service, followed, alias): (&str, &ModelReference, &str),
    now: Option<&str>,
    winner: Option<&str>,
) -> Way {
    if winner.is_some() && now == winner {
        return Way::Approved;
    }
    let why = format!("service {service} follows {followed}, which moves by approval alone");
    let is_of_model = |winner: &&str| {
        let winner = winner.parse::<ModelReference>();
        winner.is_ok_and(|winner| winner.name == followed.name)
    };
    Way::Ask(match winner.filter(is_of_model) {
        Some(winner) => format!(
            "{why}: ask with `dais promote {winner} {alias} --reason \"…\"` or on the model's page; the winner takes over once somebody else has approved"
        ),
        None => format!(
            "{why}, and the winner is no version of that model: set spec.model of the service to what it is to serve, and the winner takes over"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_follows_a_protected_alias_waits_for_an_approval() {
        let followed: ModelReference = "models:/digits@production".parse().unwrap();
        let of = ("digits", &followed, "production");
        let (old, new) = (Some("models:/digits/1"), Some("models:/digits/3"));
        let Way::Ask(words) = protected_way(of, old, new) else { panic!("it moved") };
        assert!(words.contains("`dais promote models:/digits/3 production --reason"), "{words}");
        assert!(matches!(protected_way(of, None, new), Way::Ask(_)), "the alias is not there yet");
        assert_eq!(protected_way(of, new, new), Way::Approved);
        for winner in [Some("models:/other/3"), None] {
            let Way::Ask(words) = protected_way(of, old, winner) else { panic!("it moved") };
            assert!(words.contains("no version of that model"), "{words}");
        }
        assert!(matches!(protected_way(of, None, None), Way::Ask(_)));
    }
}
