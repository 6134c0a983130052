//! A container's environment: literals, references, and `$(NAME)`.
//!
//! What must be fetched comes through [`Sources`]; the rest is pure.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Container, EnvVarSource, Pod};

use super::downward;

/// ConfigMaps and Secrets that a container's environment names, as they were
/// fetched; a missing one is `None`.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) config_maps: BTreeMap<String, Option<BTreeMap<String, String>>>,
    pub(crate) secrets: BTreeMap<String, Option<BTreeMap<String, ByteString>>>,
}

/// Facts that are known only here.
pub(crate) struct Facts<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) pod_ip: &'a str,
    pub(crate) host_ip: &'a str,
    pub(crate) node: &'a str,
}

/// The names of ConfigMaps and Secrets that must be fetched.
pub(crate) fn wanted(container: &Container) -> (Vec<String>, Vec<String>) {
    let (mut maps, mut secrets) = (Vec::new(), Vec::new());
    for from in container.env_from.iter().flatten() {
        maps.extend(from.config_map_ref.iter().map(|source| source.name.clone()));
        secrets.extend(from.secret_ref.iter().map(|source| source.name.clone()));
    }
    for source in container.env.iter().flatten().filter_map(|var| var.value_from.as_ref()) {
        maps.extend(source.config_map_key_ref.iter().map(|key| key.name.clone()));
        secrets.extend(source.secret_key_ref.iter().map(|key| key.name.clone()));
    }
    (maps, secrets)
}

/// The environment in order, or what is missing, in words.
pub(crate) fn resolve(
    container: &Container,
    sources: &Sources,
    facts: &Facts<'_>,
) -> Result<Vec<(String, String)>, String> {
    let mut env = Env::default();
    for (name, value) in addresses(container, facts) {
        env.set(&name, value);
    }
    add_env_from(&mut env, container, sources)?;
    for var in container.env.iter().flatten() {
        let value = match (&var.value, &var.value_from) {
            (Some(value), _) => Some(expand(value, |name| env.get(name))),
            (None, Some(source)) => from_source(source, container, sources, facts)?,
            (None, None) => Some(String::new()),
        };
        if let Some(value) = value {
            env.set(&var.name, value);
        }
    }
    Ok(env.0)
}

#[derive(Default)]
struct Env(Vec<(String, String)>);

impl Env {
    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

/// Where the container should listen: its pod's own address, and the ports
/// that it declares.
fn addresses(container: &Container, facts: &Facts<'_>) -> Vec<(String, String)> {
    let ip = facts.pod_ip.to_owned();
    let mut vars = vec![("POD_IP".to_owned(), ip.clone()), ("HOST".to_owned(), ip)];
    let ports = container.ports.as_deref().unwrap_or_default();
    if let Some(first) = ports.first() {
        vars.push(("PORT".to_owned(), first.container_port.to_string()));
    }
    for port in ports {
        if let Some(name) = &port.name {
            let name = name.to_uppercase().replace('-', "_");
            vars.push((format!("PORT_{name}"), port.container_port.to_string()));
        }
    }
    vars
}

fn add_env_from(env: &mut Env, container: &Container, sources: &Sources) -> Result<(), String> {
    for from in container.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or_default();
        if let Some(source) = &from.config_map_ref {
            match sources.config_maps.get(&source.name).and_then(Option::as_ref) {
                Some(data) => data.iter().for_each(|(key, value)| {
                    env.set(&format!("{prefix}{key}"), value.clone());
                }),
                None if source.optional == Some(true) => {}
                None => return Err(format!("configmap \"{}\" not found", source.name)),
            }
        }
        if let Some(source) = &from.secret_ref {
            match sources.secrets.get(&source.name).and_then(Option::as_ref) {
                Some(data) => data.iter().for_each(|(key, value)| {
                    env.set(&format!("{prefix}{key}"), text(value));
                }),
                None if source.optional == Some(true) => {}
                None => return Err(format!("secret \"{}\" not found", source.name)),
            }
        }
    }
    Ok(())
}

fn from_source(
    source: &EnvVarSource,
    container: &Container,
    sources: &Sources,
    facts: &Facts<'_>,
) -> Result<Option<String>, String> {
    if let Some(field) = &source.field_ref {
        let value = downward::field(facts, &field.field_path);
        return value
            .map(Some)
            .ok_or_else(|| format!("fieldRef {:?} is not supported", field.field_path));
    }
    if let Some(resource) = &source.resource_field_ref {
        let value = downward::resource(container, resource);
        return value
            .map(Some)
            .ok_or_else(|| format!("resourceFieldRef {:?} is not supported", resource.resource));
    }
    if let Some(key) = &source.config_map_key_ref {
        let map = sources.config_maps.get(&key.name).and_then(Option::as_ref);
        let value = map.and_then(|data| data.get(&key.key)).cloned();
        return found(value, map.is_some(), "configmap", &key.name, &key.key, key.optional);
    }
    if let Some(key) = &source.secret_key_ref {
        let secret = sources.secrets.get(&key.name).and_then(Option::as_ref);
        let value = secret.and_then(|data| data.get(&key.key)).map(text);
        return found(value, secret.is_some(), "secret", &key.name, &key.key, key.optional);
    }
    Err("a valueFrom without a source that this node knows".to_owned())
}

fn found(
    value: Option<String>,
    exists: bool,
    kind: &str,
    name: &str,
    key: &str,
    optional: Option<bool>,
) -> Result<Option<String>, String> {
    match value {
        Some(value) => Ok(Some(value)),
        None if optional == Some(true) => Ok(None),
        None if exists => Err(format!("couldn't find key {key} in {kind} {name}")),
        None => Err(format!("{kind} \"{name}\" not found")),
    }
}

fn text(bytes: &ByteString) -> String {
    String::from_utf8_lossy(&bytes.0).into_owned()
}

/// Replaces `$(NAME)` by its value; an unknown name stays as it is, and `$$`
/// is a dollar sign (the Kubernetes API's rules for commands and variables).
pub(crate) fn expand(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) =
            after.strip_prefix('(').and_then(|inner| inner.split_once(')'))
        {
            match value_of(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[at..at + name.len() + 3]),
            }
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn container(value: serde_json::Value) -> Container {
        serde_json::from_value(value).unwrap()
    }

    fn facts(pod: &Pod) -> Facts<'_> {
        Facts { pod, pod_ip: "127.80.0.2", host_ip: "127.0.0.1", node: "here" }
    }

    #[test]
    fn references_expand_as_kubernetes_says() {
        let value = |name: &str| (name == "A").then(|| "1".to_owned());
        for (text, wanted) in [
            ("$(A)/$(B)", "1/$(B)"),
            ("$$(A)", "$(A)"),
            ("$A $", "$A $"),
            ("$(A", "$(A"),
            ("é$(A)é", "é1é"),
        ] {
            assert_eq!(expand(text, value), wanted);
        }
    }

    #[test]
    fn a_container_is_told_where_to_listen() {
        let container = container(json!({"name": "c", "ports": [
            {"name": "http-main", "containerPort": 8080}, {"containerPort": 9}],
            "env": [{"name": "URL", "value": "http://$(POD_IP):$(PORT)"}]}));
        let env = resolve(&container, &Sources::default(), &facts(&Pod::default())).unwrap();
        let get = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(get("PORT"), Some("8080"));
        assert_eq!(get("PORT_HTTP_MAIN"), Some("8080"));
        assert_eq!(get("URL"), Some("http://127.80.0.2:8080"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let of = |env: serde_json::Value| {
            container(json!({"name": "c", "env": [{"name": "X", "valueFrom": env}]}))
        };
        let pod = Pod::default();
        let mut sources = Sources::default();
        let missing = of(json!({"secretKeyRef": {"name": "s", "key": "k"}}));
        let error = resolve(&missing, &sources, &facts(&pod)).unwrap_err();
        assert_eq!(error, "secret \"s\" not found");
        sources.secrets.insert("s".into(), Some(BTreeMap::new()));
        let error = resolve(&missing, &sources, &facts(&pod)).unwrap_err();
        assert_eq!(error, "couldn't find key k in secret s");
        let optional = of(json!({"secretKeyRef": {"name": "s", "key": "k", "optional": true}}));
        let env = resolve(&optional, &sources, &facts(&pod)).unwrap();
        assert!(!env.iter().any(|(name, _)| name == "X"));
    }

    #[test]
    fn a_variable_overrides_env_from() {
        let container = container(json!({"name": "c",
            "envFrom": [{"prefix": "P_", "configMapRef": {"name": "m"}}],
            "env": [{"name": "P_a", "value": "own"}]}));
        let data =
            BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let sources = Sources {
            config_maps: BTreeMap::from([("m".into(), Some(data))]),
            ..Sources::default()
        };
        let env = resolve(&container, &sources, &facts(&Pod::default())).unwrap();
        assert!(
            env.contains(&("P_a".into(), "own".into()))
                && env.contains(&("P_b".into(), "2".into()))
        );
    }
}
