//! Gathers the files of volumes that are made of API objects: ConfigMaps,
//! Secrets, the downward API, service account tokens, and all of them together.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, DownwardAPIVolumeFile, KeyToPath, PodSpec, Secret, ServiceAccount,
    ServiceAccountTokenProjection, Volume, VolumeProjection,
};
use kube::Api;
use kube::api::PostParams;

use super::content::{File, Files};
use crate::host::Host;
use crate::pods::env::Facts;
use crate::pods::names::PodNames;
use crate::pods::{downward, start::words};

/// What a volume holds, and until when that is good.
pub(super) struct Projection {
    pub(super) files: Files,
    pub(super) refresh_at: Timestamp,
}

/// How soon a change of an object is seen by a pod (kubelet's sync period).
const REFRESH: Duration = Duration::from_secs(60);
const DEFAULT_MODE: i32 = 0o644;
const TOKEN_SECONDS: i64 = 3600;

pub(super) async fn collect(
    host: &Host,
    names: &PodNames,
    spec: &PodSpec,
    volume: &Volume,
    facts: &Facts<'_>,
) -> Result<Projection, String> {
    let mut gather =
        Gather { host, names, spec, facts, files: Files::new(), refresh_at: soon(REFRESH) };
    if let Some(source) = &volume.config_map {
        let mode = source.default_mode;
        gather.config_map(&source.name, source.items.as_deref(), mode, source.optional).await?;
    } else if let Some(source) = &volume.secret {
        let name = source.secret_name.as_deref().unwrap_or_default();
        gather.secret(name, source.items.as_deref(), source.default_mode, source.optional).await?;
    } else if let Some(source) = &volume.downward_api {
        gather.downward(source.items.as_deref().unwrap_or_default(), source.default_mode)?;
    } else if let Some(source) = &volume.projected {
        for part in source.sources.iter().flatten() {
            gather.part(part, source.default_mode).await?;
        }
    } else {
        return Err("this node knows no volume of this kind (hint: it has emptyDir, configMap, secret, downwardAPI, \
                    projected, hostPath, persistentVolumeClaim and csi)"
            .to_owned());
    }
    Ok(Projection { files: gather.files, refresh_at: gather.refresh_at })
}

fn soon(wait: Duration) -> Timestamp {
    let now = Timestamp::now();
    now.checked_add(wait).unwrap_or(now)
}

struct Gather<'a> {
    host: &'a Host,
    names: &'a PodNames,
    spec: &'a PodSpec,
    facts: &'a Facts<'a>,
    files: Files,
    refresh_at: Timestamp,
}

impl Gather<'_> {
    async fn part(&mut self, part: &VolumeProjection, mode: Option<i32>) -> Result<(), String> {
        if let Some(source) = &part.config_map {
            self.config_map(&source.name, source.items.as_deref(), mode, source.optional).await?;
        }
        if let Some(source) = &part.secret {
            self.secret(&source.name, source.items.as_deref(), mode, source.optional).await?;
        }
        if let Some(source) = &part.downward_api {
            self.downward(source.items.as_deref().unwrap_or_default(), mode)?;
        }
        if let Some(source) = &part.service_account_token {
            self.token(source, mode).await?;
        }
        Ok(())
    }

    async fn config_map(
        &mut self,
        name: &str,
        items: Option<&[KeyToPath]>,
        mode: Option<i32>,
        optional: Option<bool>,
    ) -> Result<(), String> {
        let api: Api<ConfigMap> = Api::namespaced(self.host.client.clone(), &self.names.namespace);
        let map = api.get_opt(name).await.map_err(|error| words(&error))?;
        let Some(map) = map else { return missing("configmap", name, optional) };
        let text =
            map.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.into_bytes()));
        let binary =
            map.binary_data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0));
        self.take(text.chain(binary).collect(), items, mode, optional, name)
    }

    async fn secret(
        &mut self,
        name: &str,
        items: Option<&[KeyToPath]>,
        mode: Option<i32>,
        optional: Option<bool>,
    ) -> Result<(), String> {
        let api: Api<Secret> = Api::namespaced(self.host.client.clone(), &self.names.namespace);
        let secret = api.get_opt(name).await.map_err(|error| words(&error))?;
        let Some(secret) = secret else { return missing("secret", name, optional) };
        let data = secret
            .data
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key, value.0))
            .collect();
        self.take(data, items, mode, optional, name)
    }

    /// All keys under their own names, or those named at their paths.
    fn take(
        &mut self,
        mut data: BTreeMap<String, Vec<u8>>,
        items: Option<&[KeyToPath]>,
        mode: Option<i32>,
        optional: Option<bool>,
        name: &str,
    ) -> Result<(), String> {
        let Some(items) = items else {
            data.into_iter().for_each(|(key, bytes)| self.add(&key, bytes, None, mode));
            return Ok(());
        };
        for item in items {
            match data.remove(&item.key) {
                Some(bytes) => self.add(&item.path, bytes, item.mode, mode),
                None if optional == Some(true) => {}
                None => return Err(format!("{name:?} has no key {:?}", item.key)),
            }
        }
        Ok(())
    }

    fn downward(
        &mut self,
        items: &[DownwardAPIVolumeFile],
        mode: Option<i32>,
    ) -> Result<(), String> {
        for item in items {
            let value = match (&item.field_ref, &item.resource_field_ref) {
                (Some(field), _) => downward::field(self.facts, &field.field_path),
                (None, Some(resource)) => {
                    let named = resource.container_name.as_deref().unwrap_or_default();
                    let container =
                        self.spec.containers.iter().find(|container| container.name == named);
                    container.and_then(|container| downward::resource(container, resource))
                }
                (None, None) => None,
            };
            let value = value.ok_or_else(|| format!("nothing is known for {:?}", item.path))?;
            self.add(&item.path, value.into_bytes(), item.mode, mode);
        }
        Ok(())
    }

    async fn token(
        &mut self,
        source: &ServiceAccountTokenProjection,
        mode: Option<i32>,
    ) -> Result<(), String> {
        let account = self
            .spec
            .service_account_name
            .as_deref()
            .filter(|name| !name.is_empty())
            .unwrap_or("default");
        let api: Api<ServiceAccount> =
            Api::namespaced(self.host.client.clone(), &self.names.namespace);
        let seconds = source.expiration_seconds.unwrap_or(TOKEN_SECONDS);
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                audiences: source.audience.clone().map(|audience| vec![audience]),
                expiration_seconds: Some(seconds),
                bound_object_ref: Some(BoundObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Pod".to_owned()),
                    name: Some(self.names.name.clone()),
                    uid: Some(self.names.uid.clone()),
                }),
            }),
            ..TokenRequest::default()
        };
        let issued = api.create_token_request(account, &PostParams::default(), &request).await;
        let issued = issued
            .map_err(|error| format!("token of serviceaccount {account:?}: {}", words(&error)))?;
        let token = issued
            .status
            .and_then(|status| status.token)
            .ok_or("the API server issued no token")?;
        self.add(&source.path, token.into_bytes(), None, mode);
        // Well before it runs out, as kubelet does: at four fifths of its life.
        self.refresh_at = soon(Duration::from_secs((seconds.max(60) * 4 / 5) as u64));
        Ok(())
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>, own: Option<i32>, default: Option<i32>) {
        let mode = own.or(default).unwrap_or(DEFAULT_MODE) as u32 & 0o777;
        self.files.insert(path.to_owned(), File { bytes, mode });
    }
}

fn missing(kind: &str, name: &str, optional: Option<bool>) -> Result<(), String> {
    if optional == Some(true) { Ok(()) } else { Err(format!("{kind} \"{name}\" not found")) }
}
