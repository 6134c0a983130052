//! The machine's accelerators, as the node gives them out, as they are measured, and as
//! a person is told of them. Owns the words; knows no maker's interface.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use dais_accelerators::{Accelerators, Device, Finding, Holder, Outcome, Vendor};
use dais_node::{DeviceHolders, DeviceReport};

use crate::language::say;

/// Tells a program that there is no hardware behind its device.
const RECORDED: &str = "DAIS_RECORDED_DEVICE";

/// Hardware, or the recording that was asked for.
pub fn open(recording: Option<&Path>) -> Result<Arc<Accelerators>> {
    let found = match recording {
        None => Accelerators::detect(),
        Some(path) => Accelerators::recorded(path).context("--recorded-accelerators")?,
    };
    for device in found.devices() {
        let (id, model, recorded) = (device.id(), &device.model, device.recorded);
        tracing::info!(id, model, recorded, "accelerator");
    }
    Ok(Arc::new(found))
}

/// What the node may give to pods.
pub fn of_node(found: &Accelerators) -> Vec<dais_node::Device> {
    found.devices().iter().filter(|device| device.whole).map(given).collect()
}

fn given(device: &Device) -> dais_node::Device {
    let variables = device.variables().into_iter();
    let mut variables: Vec<(String, String)> =
        variables.map(|(name, value)| (name.to_owned(), value)).collect();
    let mut notice = None;
    if device.recorded {
        variables.push((RECORDED.to_owned(), "1".to_owned()));
        let model = &device.model;
        notice = Some(format!(
            "{model} {} is played from a recording: there is no hardware behind it",
            device.id()
        ));
    }
    dais_node::Device {
        id: device.id().to_owned(),
        resource: device.resource(),
        variables,
        nodes: device.nodes.clone(),
        notice,
    }
}

/// Beginnings of all names below, and of the resources: nobody else sets them.
pub const PREFIXES: [&str; 4] = ["nvidia.com/gpu", "nvidia.com/mig", "amd.com/gpu", "huawei.com/"];

/// Labels by which pods choose a machine: the names of NVIDIA's GPU feature discovery,
/// and their like for other makers.
pub fn labels(found: &Accelerators) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (vendor, prefix) in [
        (Vendor::Nvidia, "nvidia.com/gpu"),
        (Vendor::Amd, "amd.com/gpu"),
        (Vendor::Ascend, "huawei.com/npu"),
    ] {
        let cards: Vec<&Device> = found
            .devices()
            .iter()
            .filter(|device| device.vendor == vendor && device.slice.is_none())
            .collect();
        let Some(first) = cards.first() else { continue };
        let mut put = |name: &str, value: String| {
            labels.insert(format!("{prefix}.{name}"), value);
        };
        put("present", "true".to_owned());
        put("product", label_value(&first.model));
        put("count", cards.len().to_string());
        put("memory", first.memory_mib.to_string());
        if vendor == Vendor::Nvidia {
            let sliced = cards.iter().any(|card| !card.whole);
            labels.insert("nvidia.com/mig.capable".to_owned(), sliced.to_string());
            if sliced {
                labels.insert("nvidia.com/mig.strategy".to_owned(), "mixed".to_owned());
            }
        }
    }
    labels
}

/// As feature discovery writes it: `NVIDIA-H100-80GB-HBM3`.
fn label_value(text: &str) -> String {
    const LONGEST: usize = 63;
    let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    let kept: String = kept.take(LONGEST).collect();
    kept.trim_matches(['-', '.']).to_owned()
}

/// For a condition of the node, in English as all conditions are.
pub fn report(found: &Accelerators) -> DeviceReport {
    let devices = found.devices();
    if devices.iter().any(|device| device.recorded) {
        let message = format!("{} devices are played from a recording", devices.len());
        return DeviceReport { failed: false, message };
    }
    let words = found.findings().iter().map(|finding| {
        format!("{} through {}: {}", name(finding.vendor), finding.through, english(finding))
    });
    let failed = |finding: &Finding| matches!(finding.outcome, Outcome::Failed(_));
    DeviceReport {
        failed: found.findings().iter().any(failed),
        message: words.collect::<Vec<_>>().join("; "),
    }
}

fn english(finding: &Finding) -> String {
    match &finding.outcome {
        Outcome::Found { cards, driver } => format!("{cards} found, driver {driver}"),
        Outcome::Absent(why) => format!("none ({why})"),
        Outcome::Failed(why) => why.clone(),
    }
}

/// For `dais doctor`: whether all is well, and what was found of one maker.
pub fn found(finding: &Finding) -> (bool, String) {
    match &finding.outcome {
        Outcome::Found { cards, driver } => {
            (true, format!("{cards} × {} ({driver})", finding.through))
        }
        // A machine without accelerators lacks nothing.
        Outcome::Absent(why) => (true, format!("{}: {why}", say("none", "无"))),
        Outcome::Failed(why) => (false, why.clone()),
    }
}

pub fn name(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Nvidia => "NVIDIA",
        Vendor::Amd => "AMD",
        Vendor::Ascend => "Ascend",
    }
}

/// What the devices do now, with who is on them.
pub async fn page(
    found: Arc<Accelerators>,
    holders: DeviceHolders,
    machine: String,
) -> Result<String, String> {
    let render = move || {
        found.page(&machine, &|id| {
            let holder = holders.of(id)?;
            Some(Holder {
                namespace: holder.namespace,
                pod: holder.pod,
                container: holder.container,
            })
        })
    };
    // Drivers are asked, which takes as long as it takes.
    tokio::task::spawn_blocking(render).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_labels() {
        assert_eq!(label_value("NVIDIA H100 80GB HBM3"), "NVIDIA-H100-80GB-HBM3");
        assert_eq!(label_value("AMD Instinct (TM) MI210)"), "AMD-Instinct--TM--MI210");
    }

    #[test]
    fn a_machine_without_any_is_well() {
        let absent = Finding {
            vendor: Vendor::Amd,
            through: "sysfs",
            outcome: Outcome::Absent("no device".into()),
        };
        assert!(found(&absent).0);
        let failed = Finding { outcome: Outcome::Failed("version mismatch".into()), ..absent };
        assert_eq!(found(&failed), (false, "version mismatch".to_owned()));
    }
}
