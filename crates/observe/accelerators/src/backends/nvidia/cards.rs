//! Which cards and slices there are.

use std::path::{Path, PathBuf};

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device as Handle, Nvml};

use super::raw;
use crate::device::{Device, Slice, Vendor};

const MIB: u64 = 1 << 20;
const SHARED: [&str; 4] =
    ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"];
const CAPABILITIES: &str = "/proc/driver/nvidia-caps/mig-minors";

/// Cards in NVML's order, each followed by its slices.
pub(super) fn find(nvml: &Nvml) -> Vec<(Device, Handle<'_>)> {
    let driver = nvml.sys_driver_version().unwrap_or_default();
    let minors = std::fs::read_to_string(CAPABILITIES).unwrap_or_default();
    let mut found = Vec::new();
    for index in 0..nvml.device_count().unwrap_or_default() {
        match card(nvml, index, &driver) {
            Ok((card, handle)) => {
                let slices = slices(&card, &handle, &minors);
                found.push((card, handle));
                found.extend(slices);
            }
            // Lost or denied: the others are still of use.
            Err(error) => tracing::warn!(gpu = index, %error, "accelerator not usable"),
        }
    }
    found
}

fn card<'a>(nvml: &'a Nvml, index: u32, driver: &str) -> Result<(Device, Handle<'a>), NvmlError> {
    let handle = nvml.device_by_index(index)?;
    let minor = handle.minor_number()?;
    let own = PathBuf::from(format!("/dev/nvidia{minor}"));
    let device = Device {
        vendor: Vendor::Nvidia,
        index,
        uuid: handle.uuid()?,
        pci_bus_id: handle.pci_info().map(|pci| pci.bus_id).unwrap_or_default(),
        name: format!("nvidia{minor}"),
        model: handle.name()?,
        memory_mib: handle.memory_info().map_or(0, |memory| memory.total / MIB),
        driver: driver.to_owned(),
        slice: None,
        whole: !handle.mig_mode().is_ok_and(|mode| mode.current != 0),
        nodes: existing(SHARED.map(PathBuf::from).into_iter().chain([own])),
        recorded: false,
    };
    Ok((device, handle))
}

fn slices<'a>(card: &Device, handle: &Handle<'a>, minors: &str) -> Vec<(Device, Handle<'a>)> {
    if card.whole {
        return Vec::new();
    }
    let places = 0..handle.mig_device_count().unwrap_or_default();
    places
        .filter_map(|place| slice(card, handle.mig_device_by_index(place).ok()?, minors))
        .collect()
}

fn slice<'a>(card: &Device, handle: Handle<'a>, minors: &str) -> Option<(Device, Handle<'a>)> {
    let (gpu_instance, compute_instance) = raw::instances(&handle)?;
    let model = handle.name().ok()?;
    let wanted = format!("gpu{}/gi{gpu_instance}/", card.name.trim_start_matches("nvidia"));
    let access = [format!("{wanted}access"), format!("{wanted}ci{compute_instance}/access")];
    let nodes = access.iter().filter_map(|path| capability(minors, path));
    let device = Device {
        memory_mib: handle.memory_info().map_or(0, |memory| memory.total / MIB),
        slice: Some(Slice {
            uuid: handle.uuid().ok()?,
            gpu_instance,
            compute_instance,
            profile: profile(&model),
        }),
        whole: true,
        nodes: card.nodes.iter().cloned().chain(existing(nodes)).collect(),
        ..card.clone()
    };
    Some((device, handle))
}

/// `NVIDIA A100-SXM4-40GB MIG 1g.5gb`: the name ends in the profile.
fn profile(model: &str) -> String {
    model.rsplit_once("MIG ").map_or(model, |(_, profile)| profile).trim().to_owned()
}

/// The file that lets a program use a slice: a line says `gpu0/gi7/access 66`.
fn capability(minors: &str, path: &str) -> Option<PathBuf> {
    let minor = minors.lines().find_map(|line| line.strip_prefix(path)?.strip_prefix(' '))?;
    Some(Path::new("/dev/nvidia-caps").join(format!("nvidia-cap{}", minor.trim())))
}

fn existing(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    paths.into_iter().filter(|path| path.exists()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files_of_slices() {
        assert_eq!(profile("NVIDIA A100-SXM4-40GB MIG 1g.5gb"), "1g.5gb");
        assert_eq!(profile("NVIDIA H100 80GB HBM3 MIG 1c.2g.20gb"), "1c.2g.20gb");
        let minors = "config 1\nmonitor 2\ngpu0/gi7/access 66\ngpu0/gi7/ci0/access 67\n";
        let file = |path| capability(minors, path);
        assert_eq!(file("gpu0/gi7/access"), Some("/dev/nvidia-caps/nvidia-cap66".into()));
        assert_eq!(file("gpu0/gi7/ci0/access"), Some("/dev/nvidia-caps/nvidia-cap67".into()));
        assert_eq!(file("gpu1/gi7/access"), None);
    }
}
