import { quoted, useInstant } from '../../api/prom'
import { nodeOf } from '../../objects/machines'

/**
 * The matcher of one machine's series. node-exporter names machines by
 * `instance`; which one is which node, `node_uname_info` tells. Undefined while
 * that is asked; empty when there is one machine only and it says nothing.
 */
export function useMachine(name: string, all: string[] | undefined): string | undefined {
  const info = useInstant('node_uname_info')
  if (!all || (!info.data && !info.error)) return undefined
  const names = new Set(all)
  const mine = info.data?.find(({ labels }) => nodeOf(labels, names) === name)?.labels
  if (mine?.instance) return `instance=${quoted(mine.instance)}`
  return all.length === 1 ? '' : `instance=~${quoted(`${name}(:[0-9]+)?`)}`
}
