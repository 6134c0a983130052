//! Prometheus' text, as dcgm-exporter writes it.

use std::fmt::Write;

use crate::counters::{COUNTERS, Kind};
use crate::device::{Device, Readings};

/// Who is on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub namespace: String,
    pub pod: String,
    pub container: String,
}

/// One family after another; devices in their order.
pub(crate) fn render(
    machine: &str,
    read: &[(Device, Readings)],
    holder: &dyn Fn(&str) -> Option<Holder>,
) -> String {
    let labels: Vec<String> = read
        .iter()
        .map(|(device, _)| labels(machine, device, holder(device.id()).as_ref()))
        .collect();
    let mut page = String::new();
    for counter in COUNTERS {
        let kind = match counter.kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        let mut known = read
            .iter()
            .zip(&labels)
            .filter_map(|((_, values), labels)| Some((labels, values.get(counter.name)?)))
            .peekable();
        if known.peek().is_none() {
            continue;
        }
        // Writing to a string cannot fail.
        let (name, help) = (counter.name, counter.help);
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in known {
            let _ = writeln!(page, "{name}{{{labels}}} {value}");
        }
    }
    page
}

/// Labels in dcgm-exporter's order; those that say nothing are left out.
fn labels(machine: &str, device: &Device, holder: Option<&Holder>) -> String {
    let index = device.index.to_string();
    let instance = device.slice.as_ref().map(|slice| slice.gpu_instance.to_string());
    let profile = device.slice.as_ref().map_or("", |slice| &slice.profile);
    let pairs = [
        ("gpu", index.as_str()),
        ("UUID", &device.uuid),
        ("pci_bus_id", &device.pci_bus_id),
        ("device", &device.name),
        ("modelName", &device.model),
        ("GPU_I_PROFILE", profile),
        ("GPU_I_ID", instance.as_deref().unwrap_or_default()),
        ("Hostname", machine),
        ("DCGM_FI_DRIVER_VERSION", &device.driver),
        ("container", holder.map_or("", |holder| &holder.container)),
        ("namespace", holder.map_or("", |holder| &holder.namespace)),
        ("pod", holder.map_or("", |holder| &holder.pod)),
        ("recorded", if device.recorded { "true" } else { "" }),
    ];
    let told = pairs.iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect::<Vec<_>>().join(",")
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters as c;
    use crate::device::Vendor;
    use crate::device::tests::device;

    #[test]
    fn a_card_and_a_slice_with_its_holder() {
        let card = device(Vendor::Nvidia, "NVIDIA H100 80GB HBM3", None);
        let slice =
            Device { recorded: true, ..device(Vendor::Nvidia, "NVIDIA \"A100\"", Some("1g.5gb")) };
        let read = [
            (card, Readings::from([(c::GPU_UTIL, 97.0), (c::ENERGY, 1.5e12)])),
            (slice, Readings::from([(c::FB_USED, 512.0)])),
        ];
        let holder = |id: &str| {
            (id == "MIG-7c").then(|| Holder {
                namespace: "score".into(),
                pod: "train-0".into(),
                container: "main".into(),
            })
        };
        let page = render("train-01", &read, &holder);
        assert_eq!(page, include_str!("../tests/page.txt"), "{page}");
    }
}
