//! What a device is. What it does is in [`Readings`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// Who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    Nvidia,
    Amd,
    Ascend,
}

/// One accelerator, or one MIG slice of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub vendor: Vendor,
    /// Its number on the machine, as the maker counts.
    pub index: u32,
    /// The card's own name for itself; slices have their card's.
    pub uuid: String,
    /// `00000000:1A:00.0`
    pub pci_bus_id: String,
    /// `nvidia0`, `card0`, `davinci0`.
    pub name: String,
    pub model: String,
    pub memory_mib: u64,
    pub driver: String,
    pub slice: Option<Slice>,
    /// False for a card that is given away in slices only.
    pub whole: bool,
    /// Files that a program needs to use it, those shared with other devices included.
    pub nodes: Vec<PathBuf>,
    /// Played from a recording; there is no hardware.
    pub recorded: bool,
}

/// A part of a card with memory and processors of its own (MIG).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// `MIG-…`
    pub uuid: String,
    pub gpu_instance: u32,
    pub compute_instance: u32,
    /// `1g.10gb`
    pub profile: String,
}

/// Values by the counter's name; what the device does not tell is not there.
pub(crate) type Readings = BTreeMap<&'static str, f64>;

impl Device {
    /// What no other device has, and what programs are told.
    pub fn id(&self) -> &str {
        self.slice.as_ref().map_or(&self.uuid, |slice| &slice.uuid)
    }

    /// The name by which pods ask for it: that of the maker's own device plugin, for
    /// MIG with its "mixed" strategy.
    pub fn resource(&self) -> String {
        match (self.vendor, &self.slice) {
            (Vendor::Nvidia, None) => "nvidia.com/gpu".to_owned(),
            // A resource name takes no plus sign.
            (Vendor::Nvidia, Some(slice)) => {
                format!("nvidia.com/mig-{}", slice.profile.replace('+', "."))
            }
            (Vendor::Amd, _) => "amd.com/gpu".to_owned(),
            (Vendor::Ascend, _) => format!("huawei.com/{}", self.family()),
        }
    }

    /// Ascend's plugin names the family, not the variant: 910B3 is asked for as
    /// Ascend910, 310P3 as Ascend310P.
    fn family(&self) -> &'static str {
        let model = &self.model;
        match () {
            () if model.contains("310P") => "Ascend310P",
            () if model.contains("310") => "Ascend310",
            () => "Ascend910",
        }
    }

    /// The variables by which the maker's runtime learns which devices are the
    /// program's own.
    ///
    /// AMD: `HIP_VISIBLE_DEVICES` counts within what ROCR leaves visible, so that a
    /// number of the machine there would hide the device; ROCR's alone is exact.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        match self.vendor {
            Vendor::Nvidia => ["NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"]
                .map(|name| (name, self.id().to_owned()))
                .into(),
            Vendor::Amd => vec![("ROCR_VISIBLE_DEVICES", self.uuid.clone())],
            Vendor::Ascend => ["ASCEND_VISIBLE_DEVICES", "ASCEND_RT_VISIBLE_DEVICES"]
                .map(|name| (name, self.index.to_string()))
                .into(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn device(vendor: Vendor, model: &str, slice: Option<&str>) -> Device {
        Device {
            vendor,
            index: 1,
            uuid: "GPU-5a".into(),
            pci_bus_id: "00000000:1A:00.0".into(),
            name: "nvidia1".into(),
            model: model.into(),
            memory_mib: 81_559,
            driver: "570.86".into(),
            slice: slice.map(|profile| Slice {
                uuid: "MIG-7c".into(),
                gpu_instance: 7,
                compute_instance: 0,
                profile: profile.into(),
            }),
            whole: slice.is_none(),
            nodes: Vec::new(),
            recorded: false,
        }
    }

    #[test]
    fn resources_are_those_of_the_makers_plugins() {
        let resource = |vendor, model: &str, slice| device(vendor, model, slice).resource();
        assert_eq!(resource(Vendor::Nvidia, "H100", None), "nvidia.com/gpu");
        assert_eq!(resource(Vendor::Nvidia, "A100", Some("1g.5gb")), "nvidia.com/mig-1g.5gb");
        assert_eq!(resource(Vendor::Nvidia, "A100", Some("1g.5gb+me")), "nvidia.com/mig-1g.5gb.me");
        assert_eq!(resource(Vendor::Amd, "MI300X", None), "amd.com/gpu");
        assert_eq!(resource(Vendor::Ascend, "Ascend 910B3", None), "huawei.com/Ascend910");
        assert_eq!(resource(Vendor::Ascend, "Ascend 310P3", None), "huawei.com/Ascend310P");
    }

    #[test]
    fn programs_are_told_what_cannot_mean_another_device() {
        let told = |vendor, slice| device(vendor, "x", slice).variables();
        assert_eq!(told(Vendor::Nvidia, None)[1], ("CUDA_VISIBLE_DEVICES", "GPU-5a".to_owned()));
        let slice = told(Vendor::Nvidia, Some("1g.5gb"));
        assert_eq!(slice[0], ("NVIDIA_VISIBLE_DEVICES", "MIG-7c".to_owned()));
        assert_eq!(told(Vendor::Amd, None), [("ROCR_VISIBLE_DEVICES", "GPU-5a".to_owned())]);
        let ascend = told(Vendor::Ascend, None);
        assert_eq!(ascend[1], ("ASCEND_RT_VISIBLE_DEVICES", "1".to_owned()));
    }
}
