import type { Filters } from '../../components/filters'
import { isSamePerson } from '../../objects/owner'
import type { Labels, Sample } from '../../api/prom'

/** One accelerator, or one slice of one, out of dcgm-exporter's series. */
export interface Device {
  key: string
  uuid: string
  index: string
  model: string
  machine: string
  /** MIG: the profile of the slice. */
  slice: string | undefined
  /** A card that is given away in slices only. */
  cut: boolean
  /** Read from a recording, not from hardware. */
  recorded: boolean
  /** Who is on it. */
  namespace: string | undefined
  pod: string | undefined
  container: string | undefined
  app: string | undefined
  user: string | undefined
  values: Partial<Record<Field, number>>
}

/** Whether an accelerator is held by the application and the person that are asked for. */
export const isOn = (device: Device, { app, user }: Pick<Filters, 'app' | 'user'>): boolean =>
  (!app || device.app === app) && (!user || (device.user !== undefined && isSamePerson(device.user, user)))

export const FIELDS = ['busy', 'memoryBusy', 'memoryUsed', 'memoryFree', 'temperature', 'memoryTemperature', 'power', 'clock', 'memoryClock', 'xid', 'corrected', 'uncorrected', 'replays'] as const
export type Field = (typeof FIELDS)[number]

const keyOf = (labels: Labels) => [labels.Hostname ?? labels.node ?? labels.instance, labels.UUID ?? labels.gpu, labels.GPU_I_ID].join('/')
/** With Kubernetes attribution a scraper may put its own labels first and the exporter's second. */
const own = (labels: Labels, name: string): string | undefined => labels[`exported_${name}`] || labels[name] || undefined

export function devicesOf(answers: Partial<Record<Field, Sample[] | undefined>>, pods: Sample[]): Device[] {
  const found = new Map<string, Device>()
  for (const field of FIELDS) {
    for (const { labels, value } of answers[field] ?? []) {
      const key = keyOf(labels)
      const device = found.get(key) ?? made(key, labels, pods)
      device.values[field] = value
      found.set(key, device)
    }
  }
  const all = [...found.values()]
  const sliced = new Set(all.filter((one) => one.slice).map((one) => `${one.machine}/${one.uuid}`))
  for (const one of all) one.cut = !one.slice && sliced.has(`${one.machine}/${one.uuid}`)
  return all.toSorted((a, b) => a.machine.localeCompare(b.machine) || Number(a.index) - Number(b.index) || (a.slice ?? '').localeCompare(b.slice ?? ''))
}

function made(key: string, labels: Labels, pods: Sample[]): Device {
  const [namespace, pod, container] = ['namespace', 'pod', 'container'].map((name) => own(labels, name))
  const meta = pod ? pods.find((one) => one.labels.namespace === namespace && one.labels.pod === pod)?.labels : undefined
  return {
    key, namespace, pod, container,
    uuid: labels.UUID ?? '', index: labels.gpu ?? '', model: labels.modelName ?? '', machine: labels.Hostname ?? labels.node ?? labels.instance ?? '',
    slice: labels.GPU_I_PROFILE || undefined,
    cut: false,
    recorded: labels.recorded === 'true',
    app: meta?.label_dais_io_app, user: meta?.label_dais_io_user,
    values: {},
  }
}

/** Share of its memory that is in use. */
export function memoryShare({ values: { memoryUsed, memoryFree } }: Device): number | undefined {
  return memoryUsed === undefined || memoryFree === undefined || memoryUsed + memoryFree === 0 ? undefined : memoryUsed / (memoryUsed + memoryFree)
}

/** What is wrong with it, if anything: errors that a person should know of. */
export function troubles({ values: { xid, uncorrected, corrected } }: Device): { xid?: number; uncorrected?: number; corrected?: number } {
  return { ...(xid && { xid }), ...(uncorrected && { uncorrected }), ...(corrected && { corrected }) }
}
