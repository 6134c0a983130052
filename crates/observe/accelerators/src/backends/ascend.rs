//! Ascend's NPUs through DCMI, the library that comes with their driver. Written after
//! its published interface; never seen on real hardware.

mod library;

use super::Backend;
use crate::counters as c;
use crate::device::{Device, Readings, Vendor};
use crate::machine::Outcome;
use library::{Chip, Library};

const SHARED: [&str; 3] = ["/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc"];
/// `input_type` of the utilisation that is asked for.
const AICORE: i32 = 2;
const HBM_BANDWIDTH: i32 = 10;
/// `input_type` of the frequency that is asked for.
const AICORE_CLOCK: i32 = 7;

struct Ascend {
    library: Library,
    chips: Vec<(Device, Chip)>,
}

pub(crate) fn open() -> Result<Box<dyn Backend>, Outcome> {
    let library = Library::load()?;
    let chips: Vec<(Device, Chip)> = library
        .chips()
        .into_iter()
        .zip(0..)
        .map(|(chip, index)| (device(&library, chip, index), chip))
        .collect();
    if chips.is_empty() {
        return Err(Outcome::Absent("DCMI knows of no device".to_owned()));
    }
    Ok(Box::new(Ascend { library, chips }))
}

fn device(library: &Library, chip: Chip, index: u32) -> Device {
    let own = format!("/dev/davinci{index}");
    let nodes = SHARED.into_iter().chain([own.as_str()]).map(std::path::PathBuf::from);
    Device {
        vendor: Vendor::Ascend,
        index,
        // DCMI has no name that outlives a change of slots; the place is what it has.
        uuid: format!("NPU-{}-{}", chip.card, chip.device),
        pci_bus_id: String::new(),
        name: format!("davinci{index}"),
        model: format!("Ascend {}", library.model(chip).unwrap_or_default()),
        memory_mib: library.memory(chip).map_or(0, |memory| memory.total_mib),
        driver: library.driver().unwrap_or_default(),
        slice: None,
        whole: true,
        nodes: nodes.filter(|node| node.exists()).collect(),
        recorded: false,
    }
}

impl Backend for Ascend {
    fn devices(&self) -> Vec<Device> {
        self.chips.iter().map(|(device, _)| device.clone()).collect()
    }

    fn read(&self) -> Vec<Readings> {
        self.chips.iter().map(|(_, chip)| self.of(*chip)).collect()
    }
}

impl Ascend {
    fn of(&self, chip: Chip) -> Readings {
        let mut values = Readings::new();
        let mut put = |name, value: Option<f64>| {
            values.extend(value.map(|value| (name, value)));
        };
        put(c::GPU_UTIL, self.library.utilisation(chip, AICORE));
        put(c::MEM_COPY_UTIL, self.library.utilisation(chip, HBM_BANDWIDTH));
        put(c::SM_CLOCK, self.library.frequency(chip, AICORE_CLOCK));
        put(c::GPU_TEMP, self.library.temperature(chip));
        // Tenths of a watt.
        put(c::POWER_USAGE, self.library.power(chip).map(|tenths| tenths / 10.0));
        if let Some(memory) = self.library.memory(chip) {
            put(c::FB_USED, Some(memory.used_mib as f64));
            put(c::FB_FREE, Some(memory.total_mib.saturating_sub(memory.used_mib) as f64));
            put(c::MEMORY_TEMP, Some(f64::from(memory.temperature)));
            put(c::MEM_CLOCK, Some(f64::from(memory.clock)));
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_is_no_error() {
        if std::path::Path::new("/dev/davinci_manager").exists() {
            return;
        }
        assert!(matches!(open(), Err(Outcome::Absent(_))));
    }
}
