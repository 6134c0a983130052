import { quoted, useInstant } from '../../api/prom'
import { nodeOf } from '../../objects/machines'

/**
 * The matcher of one machine's series. node-exporter names machines by
 * `instance`; which one is which node, `node_uname_info` tells. Undefined while
 * that is asked; empty when there is one machine only and it says nothing.
 */
export function useMachine(name: string, all: string[] | undefined): string | undefined {
  return useMatcher([name], all)
}

/** The same for several machines; for none of them what matches nothing. */
export function useMatcher(wanted: readonly string[] | undefined, all: string[] | undefined): string | undefined {
  const info = useInstant('node_uname_info')
  if (!wanted || !all || (!info.data && !info.error)) return undefined
  const names = new Set(all)
  const known = new Map(info.data?.map(({ labels }) => [nodeOf(labels, names), labels.instance]))
  const [first] = wanted
  if (first === undefined) return 'instance=""'
  const instance = known.get(first)
  if (wanted.length === 1 && instance) return `instance=${quoted(instance)}`
  if (all.length === 1) return ''
  return `instance=~${quoted(wanted.map((name) => escaped(known.get(name) ?? '') || `${escaped(name)}(:[0-9]+)?`).join('|'))}`
}

const escaped = (text: string) => text.replace(/[.+*?()[\]{}|^$\\]/g, '\\$&')
