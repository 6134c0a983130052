//! Which files a container runs on: the node's own, or an image's.

use dais_images::{Error, Image};
use k8s_openapi::api::core::v1::Container as Spec;

use super::names::PodNames;
use super::start::words;
use crate::host::Host;

/// The image name that means: run on the host's own files.
const HOST_IMAGE: &str = "host";

/// Why a container has nothing to run on: reason and words for `waiting`.
pub(crate) struct Missing {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// The image that a container names, held for its pod from now on; none: the node's files.
/// `tried`: the reason for which the container waits.
pub(crate) fn of(
    host: &Host,
    names: &PodNames,
    container: &Spec,
    tried: Option<&str>,
) -> Result<Option<Image>, Missing> {
    let name = container.image.as_deref().unwrap_or_default();
    if name == HOST_IMAGE || host.config.host_images.iter().any(|known| known == name) {
        return Ok(None);
    }
    let missing = |reason, message| Err(Missing { reason, message });
    let Some(images) = &host.config.images else {
        let message = format!(
            "container image {name:?} is not present and this node has no images \
             (hint: use the image \"{HOST_IMAGE}\", which runs on the node's own files)"
        );
        return missing("ErrImageNeverPull", message);
    };
    if let Some(why) = host.fallback.as_deref().filter(|_| !host.runtime.runs_images()) {
        let message = format!(
            "container image {name:?} cannot run here: containers are plain processes on the \
             node's own files, for {why} (hint: use the image \"{HOST_IMAGE}\", or a machine whose \
             kernel allows the sandbox; `dais doctor` says what is missing)"
        );
        return missing("RunContainerError", message);
    }
    let label = format!("{}/{}", names.namespace, names.name);
    match images.hold(&names.uid, &label, name) {
        Ok(image) => Ok(Some(image)),
        Err(Error::Unknown(_)) => {
            let message = format!(
                "container image {name:?} is not on this node, which pulls none \
                 (hint: an administrator loads it with `dais image load FILE`; \
                 `dais image list` says what there is)"
            );
            missing(reason(container.image_pull_policy.as_deref(), tried), message)
        }
        Err(error @ Error::Refused { .. }) => missing("InvalidImageName", words(&error)),
        Err(error) => missing("ErrImagePull", words(&error)),
    }
}

/// Kubelet's reasons for an image that is not there.
fn reason(policy: Option<&str>, tried: Option<&str>) -> &'static str {
    match (policy, tried) {
        (Some("Never"), _) => "ErrImageNeverPull",
        (_, Some("ErrImagePull" | "ImagePullBackOff")) => "ImagePullBackOff",
        _ => "ErrImagePull",
    }
}

/// Adds to a container's own variables those of its image that it does not set.
pub(crate) fn add_env(env: &mut Vec<(String, String)>, image: &Image) {
    for (name, value) in &image.program.env {
        if !env.iter().any(|(known, _)| known == name) {
            env.push((name.clone(), value.clone()));
        }
    }
}

/// Whom the image itself wants to run as; words where it says it by a name that it does not
/// know.
pub(crate) fn user(image: &Image) -> Result<Option<i64>, String> {
    match image.program.uid {
        Some(uid) => Ok(Some(i64::from(uid))),
        None => Err(format!(
            "the image runs as user {:?}, who is not in its /etc/passwd \
             (hint: set securityContext.runAsUser)",
            image.program.user
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_image_has_kubelets_reasons() {
        for (policy, tried, wanted) in [
            (Some("Never"), Some("ErrImagePull"), "ErrImageNeverPull"),
            (Some("Always"), None, "ErrImagePull"),
            (None, Some("ContainerCreating"), "ErrImagePull"),
            (None, Some("ErrImagePull"), "ImagePullBackOff"),
            (None, Some("ImagePullBackOff"), "ImagePullBackOff"),
        ] {
            assert_eq!(reason(policy, tried), wanted);
        }
    }
}
