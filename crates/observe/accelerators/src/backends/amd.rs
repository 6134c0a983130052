//! AMD's cards, as the `amdgpu` driver shows them in sysfs. No library is needed.
//!
//! <https://docs.kernel.org/gpu/amdgpu/thermal.html> and `…/driver-misc.html` say what
//! the files hold. Never seen on real hardware.

use std::fs;
use std::path::{Path, PathBuf};

use super::Backend;
use crate::counters as c;
use crate::device::{Device, Readings, Vendor};
use crate::machine::Outcome;

const AMD: &str = "0x1002";
const MIB: f64 = 1_048_576.0;

struct Amd {
    cards: Vec<(Device, PathBuf)>,
}

/// `root` is `/`, or a recorded tree.
pub(crate) fn open(root: &Path) -> Result<Box<dyn Backend>, Outcome> {
    let cards = cards(root);
    if cards.is_empty() {
        return Err(Outcome::Absent("no amdgpu device in /sys/class/drm".to_owned()));
    }
    Ok(Box::new(Amd { cards }))
}

fn cards(root: &Path) -> Vec<(Device, PathBuf)> {
    let Ok(entries) = fs::read_dir(root.join("sys/class/drm")) else { return Vec::new() };
    let numbered = |path: &Path| -> Option<u32> {
        // `card0` is a card, `card0-DP-1` one of its connectors.
        path.file_name()?.to_str()?.strip_prefix("card")?.parse().ok()
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((numbered(&entry.path())?, entry.path().join("device"))))
        .filter(|(_, device)| text(device, "vendor").as_deref() == Some(AMD))
        // Without memory of its own it computes nothing: a display or a virtual function.
        .filter(|(_, device)| device.join("mem_info_vram_total").exists())
        .collect();
    found.sort();
    let driver = text(&root.join("sys/module/amdgpu"), "version").unwrap_or_default();
    let numbered = found.into_iter().zip(0..);
    numbered
        .map(|((card, path), index)| (device(root, card, index, &path, &driver), path))
        .collect()
}

fn device(root: &Path, card: u32, index: u32, path: &Path, driver: &str) -> Device {
    let uevent = text(path, "uevent").unwrap_or_default();
    let slot = uevent.lines().find_map(|line| line.strip_prefix("PCI_SLOT_NAME="));
    let slot = slot.unwrap_or_default().to_uppercase();
    // ROCr's name for the card; older ones have no number of their own.
    let uuid = match text(path, "unique_id") {
        Some(id) => format!("GPU-{}", id.trim_start_matches("0x")),
        None => format!("GPU-{slot}"),
    };
    let model = text(path, "product_name").or_else(|| text(path, "device"));
    let mut nodes = vec![PathBuf::from("/dev/kfd"), format!("/dev/dri/card{card}").into()];
    nodes.extend(render_node(path));
    let total = number(path, "mem_info_vram_total").unwrap_or_default();
    Device {
        vendor: Vendor::Amd,
        index,
        uuid,
        pci_bus_id: slot,
        name: format!("card{card}"),
        model: format!("AMD {}", model.as_deref().unwrap_or("GPU")).replace("AMD AMD", "AMD"),
        memory_mib: (total / MIB) as u64,
        driver: driver.to_owned(),
        slice: None,
        whole: true,
        nodes: nodes.into_iter().filter(|node| rooted(root, node).exists()).collect(),
        recorded: false,
    }
}

fn rooted(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// `/dev/dri/renderD128` of the card.
fn render_node(path: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(path.join("drm")).ok()?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let render = names.into_iter().find(|name| name.starts_with("renderD"))?;
    Some(Path::new("/dev/dri").join(render))
}

impl Backend for Amd {
    fn devices(&self) -> Vec<Device> {
        self.cards.iter().map(|(device, _)| device.clone()).collect()
    }

    fn read(&self) -> Vec<Readings> {
        self.cards.iter().map(|(_, path)| read(path)).collect()
    }
}

fn read(path: &Path) -> Readings {
    let mut values = Readings::new();
    let mut put = |name, value: Option<f64>| {
        values.extend(value.map(|value| (name, value)));
    };
    put(c::GPU_UTIL, number(path, "gpu_busy_percent"));
    put(c::MEM_COPY_UTIL, number(path, "mem_busy_percent"));
    let (total, used) = (number(path, "mem_info_vram_total"), number(path, "mem_info_vram_used"));
    put(c::FB_USED, used.map(|used| used / MIB));
    put(c::FB_FREE, total.zip(used).map(|(total, used)| (total - used) / MIB));
    put(c::PCIE_REPLAY, number(path, "pcie_replay_count"));
    put(c::ECC_SBE_VOL, errors(path, "ce"));
    put(c::ECC_DBE_VOL, errors(path, "ue"));
    if let Some(sensors) = sensors(path) {
        put(c::GPU_TEMP, labelled(&sensors, "temp", "edge").map(thousandth));
        // Cards for computing have no sensor at the edge.
        put(c::GPU_TEMP, labelled(&sensors, "temp", "junction").map(thousandth));
        put(c::MEMORY_TEMP, labelled(&sensors, "temp", "mem").map(thousandth));
        let power = number(&sensors, "power1_average").or_else(|| number(&sensors, "power1_input"));
        put(c::POWER_USAGE, power.map(|microwatts| microwatts / 1e6));
        put(c::SM_CLOCK, labelled(&sensors, "freq", "sclk").map(|hertz| hertz / 1e6));
        put(c::MEM_CLOCK, labelled(&sensors, "freq", "mclk").map(|hertz| hertz / 1e6));
    }
    values
}

fn thousandth(value: f64) -> f64 {
    value / 1e3
}

/// Errors of all blocks that count them: `ras/umc_err_count` says `ue: 0` and `ce: 2`.
fn errors(path: &Path, kind: &str) -> Option<f64> {
    let files = fs::read_dir(path.join("ras")).ok()?;
    let texts = files
        .flatten()
        .filter(|file| file.file_name().to_string_lossy().ends_with("_err_count"))
        .filter_map(|file| fs::read_to_string(file.path()).ok());
    let counts: Vec<f64> = texts
        .filter_map(|text| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(kind))?;
            line.trim_start_matches(':').trim().parse().ok()
        })
        .collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}

fn sensors(path: &Path) -> Option<PathBuf> {
    let mut folders = fs::read_dir(path.join("hwmon")).ok()?.flatten().map(|entry| entry.path());
    folders.next()
}

/// The sensor whose label says that it is `wanted`: `temp2_label` names `temp2_input`.
fn labelled(folder: &Path, kind: &str, wanted: &str) -> Option<f64> {
    (1..=8)
        .find(|n| text(folder, &format!("{kind}{n}_label")).as_deref() == Some(wanted))
        .and_then(|n| number(folder, &format!("{kind}{n}_input")))
}

fn text(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn number(folder: &Path, name: &str) -> Option<f64> {
    text(folder, name)?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Written after the kernel's documentation; no card was there to copy from.
    const TREE: &[(&str, &str)] = &[
        ("sys/module/amdgpu/version", "6.10.5\n"),
        ("sys/class/drm/card0/device/vendor", "0x1a03\n"),
        ("sys/class/drm/card1-DP-1/status", "connected\n"),
        ("sys/class/drm/card1/device/vendor", "0x1002\n"),
        ("sys/class/drm/card1/device/uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:c1:00.0\n"),
        ("sys/class/drm/card1/device/unique_id", "8fd10b23a4c1e7d2\n"),
        ("sys/class/drm/card1/device/product_name", "AMD Instinct MI210\n"),
        ("sys/class/drm/card1/device/gpu_busy_percent", "83\n"),
        ("sys/class/drm/card1/device/mem_busy_percent", "41\n"),
        ("sys/class/drm/card1/device/mem_info_vram_total", "68702699520\n"),
        ("sys/class/drm/card1/device/mem_info_vram_used", "21474836480\n"),
        ("sys/class/drm/card1/device/pcie_replay_count", "2\n"),
        ("sys/class/drm/card1/device/ras/umc_err_count", "ue: 1\nce: 7\n"),
        ("sys/class/drm/card1/device/ras/gfx_err_count", "ue: 0\nce: 2\n"),
        ("sys/class/drm/card1/device/ras/features", "feature mask: 0xbfb\n"),
        ("sys/class/drm/card1/device/hwmon/hwmon4/temp2_label", "junction\n"),
        ("sys/class/drm/card1/device/hwmon/hwmon4/temp2_input", "64000\n"),
        ("sys/class/drm/card1/device/hwmon/hwmon4/temp3_label", "mem\n"),
        ("sys/class/drm/card1/device/hwmon/hwmon4/temp3_input", "58000\n"),
        ("sys/class/drm/card1/device/hwmon/hwmon4/power1_average", "211000000\n"),
        ("sys/class/drm/card1/device/hwmon/hwmon4/freq1_label", "sclk\n"),
        ("sys/class/drm/card1/device/hwmon/hwmon4/freq1_input", "1700000000\n"),
        ("sys/class/drm/card1/device/drm/renderD129/dev", "226:129\n"),
        ("dev/kfd", ""),
        ("dev/dri/renderD129", ""),
    ];

    #[test]
    fn a_card_in_sysfs() {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in TREE {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let amd = open(root.path()).ok().unwrap();
        let [device] = amd.devices().try_into().unwrap();
        assert_eq!((device.index, device.name.as_str()), (0, "card1"));
        assert_eq!(device.uuid, "GPU-8fd10b23a4c1e7d2");
        assert_eq!((device.model.as_str(), device.memory_mib), ("AMD Instinct MI210", 65_520));
        assert_eq!(
            (device.pci_bus_id.as_str(), device.driver.as_str()),
            ("0000:C1:00.0", "6.10.5")
        );
        let nodes = ["/dev/kfd", "/dev/dri/renderD129"].map(PathBuf::from);
        assert_eq!(device.nodes, nodes);
        let expected = Readings::from([
            (c::GPU_UTIL, 83.0),
            (c::MEM_COPY_UTIL, 41.0),
            (c::FB_USED, 20_480.0),
            (c::FB_FREE, 45_040.0),
            (c::PCIE_REPLAY, 2.0),
            (c::ECC_SBE_VOL, 9.0),
            (c::ECC_DBE_VOL, 1.0),
            (c::GPU_TEMP, 64.0),
            (c::MEMORY_TEMP, 58.0),
            (c::POWER_USAGE, 211.0),
            (c::SM_CLOCK, 1700.0),
        ]);
        assert_eq!(amd.read(), [expected]);
    }

    #[test]
    fn a_machine_without_is_no_error() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(open(root.path()), Err(Outcome::Absent(_))));
    }
}
