//! What one card or slice does now. What NVML refuses is left out.

use nvml_wrapper::Device as Handle;
use nvml_wrapper::enum_wrappers::device::{
    Clock, EccCounter, MemoryError, PcieUtilCounter, PerformancePolicy, TemperatureSensor,
};
use nvml_wrapper::enum_wrappers::nv_link::ErrorCounter;
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id as field;

use super::raw;
use crate::counters as c;
use crate::device::Readings;

const MIB: f64 = 1_048_576.0;
const LINKS: u32 = 18;

const FIELDS: [(&str, u32); 7] = [
    (c::MEMORY_TEMP, field::NVML_FI_DEV_MEMORY_TEMP),
    (c::RETIRED_SBE, field::NVML_FI_DEV_RETIRED_SBE),
    (c::RETIRED_DBE, field::NVML_FI_DEV_RETIRED_DBE),
    (c::RETIRED_PENDING, field::NVML_FI_DEV_RETIRED_PENDING),
    (c::REMAPPED_CORRECTABLE, field::NVML_FI_DEV_REMAPPED_COR),
    (c::REMAPPED_UNCORRECTABLE, field::NVML_FI_DEV_REMAPPED_UNC),
    (c::REMAP_FAILURE, field::NVML_FI_DEV_REMAPPED_FAILURE),
];

const VIOLATIONS: [(&str, PerformancePolicy); 6] = [
    (c::POWER_VIOLATION, PerformancePolicy::Power),
    (c::THERMAL_VIOLATION, PerformancePolicy::Thermal),
    (c::SYNC_BOOST_VIOLATION, PerformancePolicy::SyncBoost),
    (c::BOARD_LIMIT_VIOLATION, PerformancePolicy::BoardLimit),
    (c::LOW_UTIL_VIOLATION, PerformancePolicy::LowUtilization),
    (c::RELIABILITY_VIOLATION, PerformancePolicy::Reliability),
];

const ECC: [(&str, MemoryError, EccCounter); 4] = [
    (c::ECC_SBE_VOL, MemoryError::Corrected, EccCounter::Volatile),
    (c::ECC_DBE_VOL, MemoryError::Uncorrected, EccCounter::Volatile),
    (c::ECC_SBE_AGG, MemoryError::Corrected, EccCounter::Aggregate),
    (c::ECC_DBE_AGG, MemoryError::Uncorrected, EccCounter::Aggregate),
];

const LINK_ERRORS: [(&str, ErrorCounter); 4] = [
    (c::NVLINK_CRC_FLIT, ErrorCounter::DlCrcFlit),
    (c::NVLINK_CRC_DATA, ErrorCounter::DlCrcData),
    (c::NVLINK_REPLAY, ErrorCounter::DlReplay),
    (c::NVLINK_RECOVERY, ErrorCounter::DlRecovery),
];

/// `whole`: its memory is its own; otherwise the slices tell of it.
pub(super) fn of_card(card: &Handle<'_>, whole: bool) -> Readings {
    let mut values = Values(Readings::new());
    values.put(c::SM_CLOCK, card.clock_info(Clock::SM));
    values.put(c::MEM_CLOCK, card.clock_info(Clock::Memory));
    values.put(c::GPU_TEMP, card.temperature(TemperatureSensor::Gpu));
    values.put_scaled(c::POWER_USAGE, card.power_usage().map(f64::from), 1e-3);
    values.put_scaled(c::ENERGY, card.total_energy_consumption().map(|mj| mj as f64), 1.0);
    values.put(c::PCIE_TX, card.pcie_throughput(PcieUtilCounter::Send));
    values.put(c::PCIE_RX, card.pcie_throughput(PcieUtilCounter::Receive));
    values.put(c::PCIE_REPLAY, card.pcie_replay_counter());
    if let Ok(busy) = card.utilization_rates() {
        values.put(c::GPU_UTIL, Ok(busy.gpu));
        values.put(c::MEM_COPY_UTIL, Ok(busy.memory));
    }
    values.put(c::ENC_UTIL, card.encoder_utilization().map(|one| one.utilization));
    values.put(c::DEC_UTIL, card.decoder_utilization().map(|one| one.utilization));
    for (name, policy) in VIOLATIONS {
        let lasted = card.violation_status(policy).map(|one| one.violation_time as f64);
        values.put_scaled(name, lasted, 1e-3);
    }
    for (name, error, counter) in ECC {
        values.put_scaled(name, card.total_ecc_errors(error, counter).map(|n| n as f64), 1.0);
    }
    if whole {
        values.memory(card);
    }
    values.fields(card);
    values.links(card);
    values.0.extend(raw::license(card).map(|status| (c::VGPU_LICENSE, status)));
    values.0
}

/// NVML tells memory of a slice; what it computes, the profiler says.
pub(super) fn of_slice(slice: &Handle<'_>) -> Readings {
    let mut values = Values(Readings::new());
    values.memory(slice);
    values.0
}

struct Values(Readings);

impl Values {
    fn put(&mut self, name: &'static str, value: Result<u32, NvmlError>) {
        self.put_scaled(name, value.map(f64::from), 1.0);
    }

    fn put_scaled(&mut self, name: &'static str, value: Result<f64, NvmlError>, scale: f64) {
        self.0.extend(value.ok().map(|value| (name, value * scale)));
    }

    fn memory(&mut self, of: &Handle<'_>) {
        let Ok(memory) = of.memory_info() else { return };
        for (name, bytes) in [
            (c::FB_FREE, memory.free),
            (c::FB_USED, memory.used),
            (c::FB_RESERVED, memory.reserved),
        ] {
            self.0.insert(name, (bytes as f64 / MIB).round());
        }
    }

    fn fields(&mut self, card: &Handle<'_>) {
        let asked = FIELDS.map(|(_, id)| FieldId(id));
        let Ok(answers) = card.field_values_for(&asked) else { return };
        for ((name, _), answer) in FIELDS.into_iter().zip(answers) {
            let value = answer.and_then(|sample| sample.value).map(number);
            self.put_scaled(name, value, 1.0);
        }
    }

    /// Errors of all links that are up together, and what went over them.
    fn links(&mut self, card: &Handle<'_>) {
        let links: Vec<_> = (0..LINKS)
            .map(|link| card.link_wrapper_for(link))
            .filter(|link| link.is_active().unwrap_or_default())
            .collect();
        if links.is_empty() {
            return;
        }
        for (name, counter) in LINK_ERRORS {
            let counts: Vec<f64> = links
                .iter()
                .filter_map(|link| link.error_counter(counter).ok())
                .map(|count| count as f64)
                .collect();
            if !counts.is_empty() {
                self.0.insert(name, counts.iter().sum());
            }
        }
        self.0.extend(raw::link_traffic(card).map(|sum| (c::NVLINK_BANDWIDTH, sum)));
    }
}

fn number(value: SampleValue) -> f64 {
    match value {
        SampleValue::F64(value) => value,
        SampleValue::U32(value) => f64::from(value),
        SampleValue::U64(value) => value as f64,
        SampleValue::I64(value) => value as f64,
    }
}
