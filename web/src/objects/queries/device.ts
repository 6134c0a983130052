import { busy as devicesBusy, select } from './select'

/** One accelerator, or all: dcgm-exporter's names, as they are. `where` narrows, for example to `UUID="…"`. */
export const device = (where = '') => ({
  /** Percent. */
  busy: devicesBusy(where),
  /** Percent of the time in which memory was read or written. */
  memoryBusy: `DCGM_FI_DEV_MEM_COPY_UTIL${select(where)}`,
  /** MiB. */
  memoryUsed: `DCGM_FI_DEV_FB_USED${select(where)}`,
  memoryFree: `DCGM_FI_DEV_FB_FREE${select(where)}`,
  /** Degrees Celsius. */
  temperature: `DCGM_FI_DEV_GPU_TEMP${select(where)}`,
  memoryTemperature: `DCGM_FI_DEV_MEMORY_TEMP${select(where)}`,
  /** Watts. */
  power: `DCGM_FI_DEV_POWER_USAGE${select(where)}`,
  /** MHz. */
  clock: `DCGM_FI_DEV_SM_CLOCK${select(where)}`,
  memoryClock: `DCGM_FI_DEV_MEM_CLOCK${select(where)}`,
  /** The code of the last error, 0 for none. */
  xid: `DCGM_FI_DEV_XID_ERRORS${select(where)}`,
  /** Errors of memory since the driver was loaded: corrected, and not. */
  corrected: `DCGM_FI_DEV_ECC_SBE_VOL_TOTAL${select(where)}`,
  uncorrected: `DCGM_FI_DEV_ECC_DBE_VOL_TOTAL${select(where)}`,
  replays: `DCGM_FI_DEV_PCIE_REPLAY_COUNTER${select(where)}`,
})

/** One line for each device over time, whoever was on it meanwhile. */
export const whoever = (query: string): string => `max without (namespace, pod, container) (${query})`

/** How many of them are played from a recording; `join` narrows by the labels of pods. */
export const recorded = (where = '', join = ''): string => `count(DCGM_FI_DEV_FB_USED${select('recorded="true"', where)}${join && ` ${join}`})`
