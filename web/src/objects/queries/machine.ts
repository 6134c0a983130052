import { ACCELERATORS, CONTAINERS, RUNNING, select } from './select'

const REAL_DISKS = 'device!~"dm-.*|loop.*|ram.*|zram.*|sr.*"'
const REAL_NETWORKS = 'device!~"lo|veth.*|ifb.*|docker.*|br-.*|cali.*|cni.*|flannel.*"'
const REAL_FILES = 'fstype!~"tmpfs|devtmpfs|overlay|squashfs|ramfs|iso9660"'

/** What machines do, in node-exporter's names. `where` narrows to one (`instance="…"`); empty is all of them together. */
export const machine = (where = '') => ({
  cpu: `sum by (mode) (rate(node_cpu_seconds_total${select('mode!~"idle|iowait|steal"', where)}[2m]))`,
  cores: `count(node_cpu_seconds_total${select('mode="idle"', where)})`,
  memoryUsed: `sum(node_memory_MemTotal_bytes${select(where)}) - sum(node_memory_MemAvailable_bytes${select(where)})`,
  memoryCached: `sum(node_memory_Cached_bytes${select(where)}) + sum(node_memory_Buffers_bytes${select(where)})`,
  memoryTotal: `sum(node_memory_MemTotal_bytes${select(where)})`,
  load1: `sum(node_load1${select(where)})`,
  load15: `sum(node_load15${select(where)})`,
  diskRead: `sum(rate(node_disk_read_bytes_total${select(REAL_DISKS, where)}[2m]))`,
  diskWritten: `sum(rate(node_disk_written_bytes_total${select(REAL_DISKS, where)}[2m]))`,
  diskBusy: `max(rate(node_disk_io_time_seconds_total${select(REAL_DISKS, where)}[2m]))`,
  received: `sum(rate(node_network_receive_bytes_total${select(REAL_NETWORKS, where)}[2m]))`,
  sent: `sum(rate(node_network_transmit_bytes_total${select(REAL_NETWORKS, where)}[2m]))`,
  networkErrors: `sum(rate(node_network_receive_errs_total${select(REAL_NETWORKS, where)}[2m])) + sum(rate(node_network_transmit_errs_total${select(REAL_NETWORKS, where)}[2m]))`,
  size: `max by (instance, node, mountpoint, device) (node_filesystem_size_bytes${select(REAL_FILES, where)})`,
  available: `max by (instance, node, mountpoint, device) (node_filesystem_avail_bytes${select(REAL_FILES, where)})`,
  /** Bytes a second, negative while it fills up. */
  trend: `max by (instance, node, mountpoint, device) (deriv(node_filesystem_avail_bytes${select(REAL_FILES, where)}[1h]))`,
  booted: `max(node_boot_time_seconds${select(where)})`,
})

/** What pods use beside what they asked for, by `by`; `where` matches kube-state-metrics's labels, such as `node="…"`; `more` keeps a part of them. */
export const shares = (by: string, where = '', more = '') => {
  const asked = (resource: string) => `sum by (${by}) (kube_pod_container_resource_requests${select(resource, where)} ${RUNNING}${more})`
  const here = where ? `* on (namespace, pod) group_left () kube_pod_info${select(where)}` : ''
  const used = (series: string) => `sum by (${by}) (${series}${here && ` ${here}`}${more})`
  return {
    cpuAsked: asked('resource="cpu"'),
    memoryAsked: asked('resource="memory"'),
    acceleratorsAsked: asked(ACCELERATORS),
    cpuUsed: used(`rate(container_cpu_usage_seconds_total${select(CONTAINERS)}[2m])`),
    memoryUsed: used(`container_memory_working_set_bytes${select(CONTAINERS)}`),
  }
}
