import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { instant, useInstant, type Sample } from '../../api/prom'
import { useRange } from '../../components/range'
import { device } from '../../objects/queries/device'
import { devicesOf, FIELDS, type Device, type Field } from './devices'

const REFRESH_MS = 10_000

/** Labels of all pods that have any: whose they are. */
export const PODS = 'kube_pod_labels{pod!=""}'

/** Accelerators with their newest values; `where` narrows, for example to `Hostname="…"`. */
export function useDevices(where = ''): { devices: Device[] | undefined; error: Error | null; refetch: () => unknown } {
  const { end } = useRange()
  const ask = device(where)
  const answers = useQueries({
    queries: FIELDS.map((field) => ({
      queryKey: ['prom', ask[field], ...(end ? [end] : [])],
      queryFn: ({ signal }: { signal: AbortSignal }) => instant(ask[field], signal, end),
      refetchInterval: end ? (false as const) : REFRESH_MS,
    })),
  })
  const data = answers.map((one) => one.data)
  const known = data[0] !== undefined
  const some = data.some((one) => one?.length)
  const pods = useInstant(PODS, some, end)
  const devices = useMemo(() => {
    if (!known) return undefined
    const byField: Partial<Record<Field, Sample[] | undefined>> = {}
    FIELDS.forEach((field, index) => { byField[field] = data[index] })
    return devicesOf(byField, pods.data ?? [])
    // The answers are compared one by one: their list is new each time.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [known, pods.data, ...data])
  return { devices, error: answers[0]?.error ?? null, refetch: () => Promise.all(answers.map((one) => one.refetch())) }
}
