import { useEffect, useRef, useState } from 'react'
import { giveUpload, type Committed } from '../../api/data'
import { ApiError } from '../../api/http'
import { sendAll, type Chosen, type Failed } from './sending'

interface Sender {
  busy: boolean
  sent: { files: number; bytes: number } | null
  failed: Failed[]
  error: Error | null
  done: Committed | null
  send: (chosen: Chosen[], unpack: boolean) => Promise<void>
  /** Other files: what was begun is given up. */
  forget: () => void
}

/** One upload of a dialog: it stays while files are missing, and goes with the dialog. */
export function useSender(project: string, dataset: string): Sender {
  const [busy, setBusy] = useState(false)
  const [sent, setSent] = useState<Sender['sent']>(null)
  const [failed, setFailed] = useState<Failed[]>([])
  const [error, setError] = useState<Error | null>(null)
  const [done, setDone] = useState<Committed | null>(null)
  const life = useRef(new AbortController())
  const upload = useRef<string>(undefined)
  const drop = () => {
    if (upload.current !== undefined) void giveUpload(project, upload.current).catch(() => undefined)
    upload.current = undefined
  }
  const leave = useRef(drop)
  useEffect(() => {
    leave.current = drop
  })
  useEffect(() => () => {
    life.current.abort()
    leave.current()
  }, [])
  const forget = () => {
    drop()
    setSent(null)
    setFailed([])
    setError(null)
  }
  const send = async (chosen: Chosen[], unpack: boolean) => {
    life.current.abort()
    const running = new AbortController()
    life.current = running
    setBusy(true)
    setFailed([])
    setError(null)
    try {
      const outcome = await sendAll({
        project, dataset, chosen, unpack, upload: upload.current, signal: running.signal,
        began: (id) => { upload.current = id }, told: (files, bytes) => setSent({ files, bytes }),
      })
      if ('failed' in outcome) {
        setFailed(outcome.failed)
      } else {
        upload.current = undefined
        setDone(outcome.committed)
      }
    } catch (cause) {
      if (running.signal.aborted) return
      // An upload that is not there any more cannot go on.
      if (cause instanceof ApiError && cause.status === 404) upload.current = undefined
      setError(cause as Error)
    } finally {
      if (!running.signal.aborted) setBusy(false)
    }
  }
  return { busy, sent, failed, error, done, send, forget }
}
