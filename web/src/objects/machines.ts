import { useMemo } from 'react'
import { NODES } from '../api/kinds'
import type { Node } from '../api/meta'
import { useInstant, useRanged, type Labels, type Sample } from '../api/prom'
import { useList } from '../api/useKube'
import type { Range } from '../components/range'
import { quantity } from '../i18n/format'
import { ACCELERATORS, busy as busyOf, RUNNING, select } from './queries/select'

/** Machines and how full they are, in the field's own metric names. */

export const QUERIES = {
  cpuUsed: 'sum by (node, instance) (rate(node_cpu_seconds_total{mode!~"idle|iowait|steal"}[2m]))',
  cpuTotal: 'count by (node, instance) (node_cpu_seconds_total{mode="idle"})',
  memoryTotal: 'sum by (node, instance) (node_memory_MemTotal_bytes)',
  memoryFree: 'sum by (node, instance) (node_memory_MemAvailable_bytes)',
  acceleratorUse: `avg by (node, Hostname, instance) ${busyOf('')}`,
  acceleratorAsked: `sum by (node) (kube_pod_container_resource_requests${select(ACCELERATORS)} ${RUNNING})`,
  acceleratorRecorded: 'count by (node, Hostname, instance) (DCGM_FI_DEV_FB_USED{recorded="true"})',
} as const

const ACCELERATOR = /^(nvidia\.com|amd\.com|huawei\.com|gpu\.intel\.com)\//

export interface Machine {
  name: string
  node: Node
  ready: boolean
  cpu: { used: number | undefined; total: number | undefined }
  memory: { used: number | undefined; total: number | undefined }
  accelerators: { used: number | undefined; total: number; busy: number | undefined; recorded: boolean }
  trend: number[] | undefined
}

/** Of which node a series speaks: its name, else the host part of its address. */
export function nodeOf(labels: Labels, names: Set<string>): string | undefined {
  for (const given of [labels.node, labels.Hostname, labels.nodename, labels.instance?.replace(/:\d+$/, '')]) {
    if (given && names.has(given)) return given
  }
  // One machine: whatever speaks, speaks of it.
  return names.size === 1 ? [...names][0] : undefined
}

function perNode(samples: Sample[] | undefined, names: Set<string>): Map<string, number> {
  const found = new Map<string, number>()
  for (const { labels, value } of samples ?? []) {
    const node = nodeOf(labels, names)
    if (node) found.set(node, (found.get(node) ?? 0) + value)
  }
  return found
}

const accelerators = (node: Node) =>
  Object.entries(node.status?.capacity ?? {}).reduce((sum, [name, count]) => sum + (ACCELERATOR.test(name) ? Number(count) : 0), 0)

export function useMachines({ seconds, end }: Range) {
  const nodes = useList(NODES, { live: 10_000 })
  const cpuUsed = useInstant(QUERIES.cpuUsed, true, end)
  const cpuTotal = useInstant(QUERIES.cpuTotal, true, end).data
  const memoryTotal = useInstant(QUERIES.memoryTotal, true, end).data
  const memoryFree = useInstant(QUERIES.memoryFree, true, end).data
  const some = nodes.data?.some((node) => accelerators(node) > 0) ?? false
  const busy = useInstant(QUERIES.acceleratorUse, some, end).data
  const asked = useInstant(QUERIES.acceleratorAsked, some, end).data
  const played = useInstant(QUERIES.acceleratorRecorded, some, end).data
  const trend = useRanged(QUERIES.cpuUsed, seconds, end).data
  const machines = useMemo(() => {
    if (!nodes.data) return undefined
    const names = new Set(nodes.data.map((node) => node.metadata.name))
    const [used, total, all, free, use, wanted, recorded] = [cpuUsed.data, cpuTotal, memoryTotal, memoryFree, busy, asked, played].map((samples) => perNode(samples, names))
    return nodes.data.map((node): Machine => {
      const { name } = node.metadata
      const memory = all?.get(name) ?? quantity(node.status?.capacity?.memory)
      const left = free?.get(name)
      return {
        name,
        node,
        ready: node.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false,
        cpu: { used: used?.get(name), total: total?.get(name) ?? quantity(node.status?.capacity?.cpu) },
        memory: { used: memory !== undefined && left !== undefined ? memory - left : undefined, total: memory },
        accelerators: { used: wanted?.get(name) ?? (asked ? 0 : undefined), total: accelerators(node), busy: use?.get(name), recorded: (recorded?.get(name) ?? 0) > 0 },
        trend: trend?.find((series) => nodeOf(series.labels, names) === name)?.points.map(([, value]) => value),
      }
    })
  }, [nodes.data, cpuUsed.data, cpuTotal, memoryTotal, memoryFree, busy, asked, played, trend])
  return { machines, error: nodes.error, refetch: nodes.refetch, metricsError: cpuUsed.error }
}

export const ratio = (used: number | undefined, total: number | undefined): number | undefined =>
  used === undefined || !total ? undefined : used / total
