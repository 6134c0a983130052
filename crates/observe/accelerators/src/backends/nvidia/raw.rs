//! The few calls of NVML that the wrapper does not have. Each function is sound by
//! itself: the handle comes from the wrapper and lives as long as its library, and what
//! NVML writes to is a local of the type that its header says.

#![allow(unsafe_code)]

use std::mem::zeroed;

use nvml_wrapper::Device;
use nvml_wrapper::sys_exports::field_id;
use nvml_wrapper_sys::bindings::{
    nvmlFieldValue_t, nvmlGridLicensableFeatures_t, nvmlReturn_enum_NVML_SUCCESS,
    nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG,
};

/// All links at once, in NVML's words.
const EVERY_LINK: u32 = u32::MAX;

/// GPU instance and compute instance of a MIG device.
pub(super) fn instances(slice: &Device<'_>) -> Option<(u32, u32)> {
    let lib = slice.nvml().lib();
    let (mut gpu, mut compute) = (0, 0);
    // SAFETY: see the module; both calls write one integer.
    let answers = unsafe {
        let handle = slice.handle();
        [
            lib.nvmlDeviceGetGpuInstanceId.as_ref().ok()?(handle, &mut gpu),
            lib.nvmlDeviceGetComputeInstanceId.as_ref().ok()?(handle, &mut compute),
        ]
    };
    answers.iter().all(|code| *code == nvmlReturn_enum_NVML_SUCCESS).then_some((gpu, compute))
}

/// Data over all links in both directions, in KiB since the driver was loaded.
pub(super) fn link_traffic(card: &Device<'_>) -> Option<f64> {
    let lib = card.nvml().lib();
    let ask = |id: u32| {
        // SAFETY: plain integers and a union of numbers; all bits zero is a value.
        let mut value: nvmlFieldValue_t = unsafe { zeroed() };
        value.fieldId = id;
        value.scopeId = EVERY_LINK;
        value
    };
    let mut values = [
        ask(field_id::NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX),
        ask(field_id::NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX),
    ];
    // SAFETY: see the module; the count is the array's length.
    let code = unsafe {
        lib.nvmlDeviceGetFieldValues.as_ref().ok()?(card.handle(), 2, values.as_mut_ptr())
    };
    let good = |value: &nvmlFieldValue_t| {
        value.nvmlReturn == nvmlReturn_enum_NVML_SUCCESS
            && value.valueType == nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG
    };
    if code != nvmlReturn_enum_NVML_SUCCESS || !values.iter().all(good) {
        return None;
    }
    // SAFETY: the type that NVML wrote beside it says which member it is.
    Some(values.iter().map(|value| unsafe { value.value.ullVal } as f64).sum())
}

/// Whether a virtual GPU holds a licence: 1 or 0.
pub(super) fn license(card: &Device<'_>) -> Option<f64> {
    let lib = card.nvml().lib();
    // SAFETY: integers and arrays of them; all bits zero is a value.
    let mut features: nvmlGridLicensableFeatures_t = unsafe { zeroed() };
    // SAFETY: see the module.
    let code = unsafe {
        lib.nvmlDeviceGetGridLicensableFeatures_v4.as_ref().ok()?(card.handle(), &mut features)
    };
    if code != nvmlReturn_enum_NVML_SUCCESS {
        return None;
    }
    let held = features
        .gridLicensableFeatures
        .iter()
        .take(features.licensableFeaturesCount as usize)
        .any(|feature| feature.featureState != 0);
    Some(f64::from(u8::from(held)))
}
