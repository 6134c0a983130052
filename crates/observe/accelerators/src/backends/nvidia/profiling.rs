//! How much of a card's parts was at work since the last reading: NVML's GPM, which
//! Hopper and later have. Earlier cards need DCGM for these.

use std::collections::BTreeMap;

use nvml_wrapper::enums::gpm::GpmMetricId;
use nvml_wrapper::gpm::gpm_metrics_get;
use nvml_wrapper::{Device as Handle, GpmSample, Nvml};

use crate::counters as c;
use crate::device::{Device, Readings};

/// GPM speaks in percent and MiB a second, DCGM in ratios and bytes a second.
const PERCENT: f64 = 0.01;
const MIB: f64 = 1_048_576.0;

const OF_ALL: [(&str, GpmMetricId, f64); 8] = [
    (c::PROF_GR_ENGINE, GpmMetricId::GraphicsUtil, PERCENT),
    (c::PROF_SM_ACTIVE, GpmMetricId::SmUtil, PERCENT),
    (c::PROF_SM_OCCUPANCY, GpmMetricId::SmOccupancy, PERCENT),
    (c::PROF_TENSOR, GpmMetricId::AnyTensorUtil, PERCENT),
    (c::PROF_DRAM, GpmMetricId::DramBwUtil, PERCENT),
    (c::PROF_FP64, GpmMetricId::Fp64Util, PERCENT),
    (c::PROF_FP32, GpmMetricId::Fp32Util, PERCENT),
    (c::PROF_FP16, GpmMetricId::Fp16Util, PERCENT),
];
const OF_CARDS: [(&str, GpmMetricId, f64); 4] = [
    (c::PROF_PCIE_TX, GpmMetricId::PcieTxPerSec, MIB),
    (c::PROF_PCIE_RX, GpmMetricId::PcieRxPerSec, MIB),
    (c::PROF_NVLINK_TX, GpmMetricId::NvlinkTotalTxPerSec, MIB),
    (c::PROF_NVLINK_RX, GpmMetricId::NvlinkTotalRxPerSec, MIB),
];

/// The sample before, by device; figures are made of two.
#[derive(Default)]
pub(super) struct Profiler<'nvml>(BTreeMap<String, GpmSample<'nvml>>);

impl<'nvml> Profiler<'nvml> {
    /// `card` is the device itself, or the card of the slice.
    pub(super) fn read(
        &mut self,
        nvml: &'nvml Nvml,
        device: &Device,
        card: &Handle<'nvml>,
        into: &mut Readings,
    ) {
        if !card.gpm_support().unwrap_or_default() {
            return;
        }
        let sample = match &device.slice {
            None => card.gpm_sample(),
            Some(slice) => card.gpm_mig_sample(slice.gpu_instance),
        };
        let Ok(sample) = sample else { return };
        let of_cards = if device.slice.is_none() { &OF_CARDS[..] } else { &[] };
        let asked: Vec<_> = OF_ALL.iter().chain(of_cards).collect();
        if let Some(before) = self.0.get(device.id()) {
            let ids: Vec<GpmMetricId> = asked.iter().map(|(_, id, _)| *id).collect();
            let answers = gpm_metrics_get(nvml, before, &sample, &ids).unwrap_or_default();
            for ((name, _, scale), answer) in asked.into_iter().zip(answers) {
                let told = answer.ok().map(|metric| metric.value).filter(|value| value.is_finite());
                into.extend(told.map(|value| (*name, value * scale)));
            }
        }
        self.0.insert(device.id().to_owned(), sample);
    }
}
