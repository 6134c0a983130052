import { useEffect, useState } from 'react'
import { useVisible } from '../components/useVisible'
import { CHUNK } from './LogLinesParts'
import { lineOf, searchLogs, tailAddress, type Hit, type LogFilter, type LogLine } from '../api/logs'

/** A reader scrolls no further back than this; older lines are in the explorer. */
const KEPT = 5000
/** Whole chunks go at a time, so that those which stay are not drawn anew. */
const DROPPED = 20 * CHUNK
const FLUSH_MS = 120
/** The first lines come right after the connection opens. */
const SETTLE_MS = 500

export type TailState = 'off' | 'connecting' | 'live' | 'lost'

export interface Tail {
  lines: LogLine[]
  state: TailState
  error: Error | null
  /** The first answer is there, even if it is empty. */
  loaded: boolean
}

interface Wanted {
  filter: LogFilter
  /** Milliseconds since the epoch from which lines are read. */
  from: number
  size: number
  /** Streams; otherwise it is read once. */
  follow: boolean
}

const NOTHING: Tail = { lines: [], state: 'off', error: null, loaded: false }

/** Log lines, oldest first: what is there already, then what arrives. */
export function useTail({ filter, from, size, follow }: Wanted): Tail {
  const address = tailAddress(filter, from, size)
  const [tail, setTail] = useState<Tail>(NOTHING)
  const selection = JSON.stringify(filter)
  const visible = useVisible()
  // Without a pod there is nothing to read; an empty filter would mean every pod.
  const nobody = filter.pods?.length === 0
  useEffect(() => {
    if (nobody) return setTail({ ...NOTHING, loaded: true })
    if (follow && !visible) return
    const change = (part: Partial<Tail>) => setTail((before) => ({ ...before, ...part }))
    const once = () => read(JSON.parse(selection) as LogFilter, from, size, change)
    setTail({ ...NOTHING, state: follow ? 'connecting' : 'off' })
    return follow ? stream(address, change, setTail, once) : once()
  }, [address, selection, nobody, from, size, follow, visible])
  return tail
}

function kept(lines: LogLine[]): LogLine[] {
  return lines.length > KEPT + DROPPED ? lines.slice(Math.floor((lines.length - KEPT) / CHUNK) * CHUNK) : lines
}

type Change = (part: Partial<Tail>) => void
type Set = (change: (before: Tail) => Tail) => void

function read(filter: LogFilter, from: number, size: number, change: Change): () => void {
  const life = new AbortController()
  const run = async () => {
    try {
      const page = await searchLogs(filter, from, Date.now() + 60_000, size, life.signal)
      change({ lines: page.lines.toReversed(), error: null, loaded: true })
    } catch (cause) {
      if (!life.signal.aborted) change({ error: cause as Error, loaded: true })
    }
  }
  void run()
  return () => life.abort()
}

/** An EventSource does not say why it was refused: `explain` asks once more. */
function stream(address: string, change: Change, set: Set, explain: () => () => void): () => void {
  const source = new EventSource(address)
  const seen = new Set<string>()
  const timers = new Set<number>()
  let waiting: LogLine[] = []
  let stop = () => undefined as void
  const later = (work: () => void, ms: number) => {
    const timer = window.setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }
  const flush = () => {
    const batch = waiting
    waiting = []
    set((before) => ({ ...before, loaded: true, lines: kept([...before.lines, ...batch]) }))
  }
  source.addEventListener('open', () => {
    change({ state: 'live', error: null })
    later(() => change({ loaded: true }), SETTLE_MS)
  })
  source.addEventListener('error', () => {
    change({ state: 'lost' })
    if (source.readyState === EventSource.CLOSED) stop = explain()
  })
  source.addEventListener('message', (event: MessageEvent<string>) => {
    const hit = JSON.parse(event.data) as Hit
    const arrival = Number(event.lastEventId)
    const line = lineOf({ ...hit, sort: [hit._source['@timestamp'], arrival] })
    if (line._id !== undefined && seen.has(line._id)) return
    if (line._id !== undefined) seen.add(line._id)
    if (waiting.length === 0) later(flush, FLUSH_MS)
    waiting.push(line)
  })
  return () => {
    source.close()
    stop()
    for (const timer of timers) clearTimeout(timer)
  }
}
