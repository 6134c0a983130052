//! Everything that can be told of a device: dcgm-exporter's default counters, and those
//! that it has ready but commented out, in its names, units and order.
//!
//! <https://github.com/NVIDIA/dcgm-exporter/blob/main/etc/default-counters.csv>

/// Prometheus' two kinds that occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    Counter,
}

/// Of what NVML tells it where a card is cut into MIG slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// The card only.
    Card,
    /// Each slice.
    Slice,
}

/// One thing that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// The metric's name.
    pub name: &'static str,
    pub kind: Kind,
    pub help: &'static str,
    pub per: Per,
}

macro_rules! counters {
    ($($constant:ident = $name:literal $kind:ident $per:ident $help:literal;)*) => {
        $(pub(crate) const $constant: &str = $name;)*
        /// In the order of the page.
        pub const COUNTERS: &[Counter] = &[
            $(Counter { name: $name, kind: Kind::$kind, help: $help, per: Per::$per },)*
        ];
    };
}

counters! {
    SM_CLOCK = "DCGM_FI_DEV_SM_CLOCK" Gauge Card "SM clock frequency (in MHz).";
    MEM_CLOCK = "DCGM_FI_DEV_MEM_CLOCK" Gauge Card "Memory clock frequency (in MHz).";
    MEMORY_TEMP = "DCGM_FI_DEV_MEMORY_TEMP" Gauge Card "Memory temperature (in C).";
    GPU_TEMP = "DCGM_FI_DEV_GPU_TEMP" Gauge Card "GPU temperature (in C).";
    POWER_USAGE = "DCGM_FI_DEV_POWER_USAGE" Gauge Card "Power draw (in W).";
    ENERGY = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION" Counter Card "Total energy consumption since boot (in mJ).";
    PCIE_TX = "DCGM_FI_DEV_PCIE_TX_THROUGHPUT" Gauge Card "PCIe transmit throughput (in KB/s).";
    PCIE_RX = "DCGM_FI_DEV_PCIE_RX_THROUGHPUT" Gauge Card "PCIe receive throughput (in KB/s).";
    PCIE_REPLAY = "DCGM_FI_DEV_PCIE_REPLAY_COUNTER" Counter Card "Total number of PCIe retries.";
    GPU_UTIL = "DCGM_FI_DEV_GPU_UTIL" Gauge Card "GPU utilization (in %).";
    MEM_COPY_UTIL = "DCGM_FI_DEV_MEM_COPY_UTIL" Gauge Card "Memory utilization (in %).";
    ENC_UTIL = "DCGM_FI_DEV_ENC_UTIL" Gauge Card "Encoder utilization (in %).";
    DEC_UTIL = "DCGM_FI_DEV_DEC_UTIL" Gauge Card "Decoder utilization (in %).";
    XID_ERRORS = "DCGM_FI_DEV_XID_ERRORS" Gauge Card "Value of the last XID error encountered.";
    POWER_VIOLATION = "DCGM_FI_DEV_POWER_VIOLATION" Counter Card "Throttling duration due to power constraints (in us).";
    THERMAL_VIOLATION = "DCGM_FI_DEV_THERMAL_VIOLATION" Counter Card "Throttling duration due to thermal constraints (in us).";
    SYNC_BOOST_VIOLATION = "DCGM_FI_DEV_SYNC_BOOST_VIOLATION" Counter Card "Throttling duration due to sync-boost constraints (in us).";
    BOARD_LIMIT_VIOLATION = "DCGM_FI_DEV_BOARD_LIMIT_VIOLATION" Counter Card "Throttling duration due to board limit constraints (in us).";
    LOW_UTIL_VIOLATION = "DCGM_FI_DEV_LOW_UTIL_VIOLATION" Counter Card "Throttling duration due to low utilization (in us).";
    RELIABILITY_VIOLATION = "DCGM_FI_DEV_RELIABILITY_VIOLATION" Counter Card "Throttling duration due to reliability constraints (in us).";
    FB_FREE = "DCGM_FI_DEV_FB_FREE" Gauge Slice "Framebuffer memory free (in MiB).";
    FB_USED = "DCGM_FI_DEV_FB_USED" Gauge Slice "Framebuffer memory used (in MiB).";
    FB_RESERVED = "DCGM_FI_DEV_FB_RESERVED" Gauge Slice "Framebuffer memory reserved (in MiB).";
    ECC_SBE_VOL = "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL" Counter Card "Total number of single-bit volatile ECC errors.";
    ECC_DBE_VOL = "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL" Counter Card "Total number of double-bit volatile ECC errors.";
    ECC_SBE_AGG = "DCGM_FI_DEV_ECC_SBE_AGG_TOTAL" Counter Card "Total number of single-bit persistent ECC errors.";
    ECC_DBE_AGG = "DCGM_FI_DEV_ECC_DBE_AGG_TOTAL" Counter Card "Total number of double-bit persistent ECC errors.";
    RETIRED_SBE = "DCGM_FI_DEV_RETIRED_SBE" Counter Card "Total number of retired pages due to single-bit errors.";
    RETIRED_DBE = "DCGM_FI_DEV_RETIRED_DBE" Counter Card "Total number of retired pages due to double-bit errors.";
    RETIRED_PENDING = "DCGM_FI_DEV_RETIRED_PENDING" Counter Card "Total number of pages pending retirement.";
    NVLINK_CRC_FLIT = "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL" Counter Card "Total number of NVLink flow-control CRC errors.";
    NVLINK_CRC_DATA = "DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL" Counter Card "Total number of NVLink data CRC errors.";
    NVLINK_REPLAY = "DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL" Counter Card "Total number of NVLink retries.";
    NVLINK_RECOVERY = "DCGM_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL" Counter Card "Total number of NVLink recovery errors.";
    NVLINK_BANDWIDTH = "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL" Counter Card "Total number of NVLink bandwidth counters for all lanes.";
    VGPU_LICENSE = "DCGM_FI_DEV_VGPU_LICENSE_STATUS" Gauge Card "vGPU License status";
    REMAPPED_UNCORRECTABLE = "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS" Counter Card "Number of remapped rows for uncorrectable errors";
    REMAPPED_CORRECTABLE = "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS" Counter Card "Number of remapped rows for correctable errors";
    REMAP_FAILURE = "DCGM_FI_DEV_ROW_REMAP_FAILURE" Gauge Card "Whether remapping of rows has failed";
    PROF_GR_ENGINE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE" Gauge Slice "Ratio of time the graphics engine is active.";
    PROF_SM_ACTIVE = "DCGM_FI_PROF_SM_ACTIVE" Gauge Slice "Ratio of cycles an SM has at least 1 warp assigned.";
    PROF_SM_OCCUPANCY = "DCGM_FI_PROF_SM_OCCUPANCY" Gauge Slice "Ratio of number of warps resident on an SM.";
    PROF_TENSOR = "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE" Gauge Slice "Ratio of cycles the tensor (HMMA) pipe is active.";
    PROF_DRAM = "DCGM_FI_PROF_DRAM_ACTIVE" Gauge Slice "Ratio of cycles the device memory interface is active sending or receiving data.";
    PROF_FP64 = "DCGM_FI_PROF_PIPE_FP64_ACTIVE" Gauge Slice "Ratio of cycles the fp64 pipes are active.";
    PROF_FP32 = "DCGM_FI_PROF_PIPE_FP32_ACTIVE" Gauge Slice "Ratio of cycles the fp32 pipes are active.";
    PROF_FP16 = "DCGM_FI_PROF_PIPE_FP16_ACTIVE" Gauge Slice "Ratio of cycles the fp16 pipes are active.";
    PROF_PCIE_TX = "DCGM_FI_PROF_PCIE_TX_BYTES" Gauge Card "The rate of data transmitted over the PCIe bus (in bytes per second).";
    PROF_PCIE_RX = "DCGM_FI_PROF_PCIE_RX_BYTES" Gauge Card "The rate of data received over the PCIe bus (in bytes per second).";
    PROF_NVLINK_TX = "DCGM_FI_PROF_NVLINK_TX_BYTES" Gauge Card "The rate of data transmitted over NVLink (in bytes per second).";
    PROF_NVLINK_RX = "DCGM_FI_PROF_NVLINK_RX_BYTES" Gauge Card "The rate of data received over NVLink (in bytes per second).";
}

/// The counter of that name.
pub(crate) fn named(name: &str) -> Option<&'static Counter> {
    COUNTERS.iter().find(|counter| counter.name == name)
}
