import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError } from '../../api/http'
import { next, saveDraft, skip, submitAnswer, undo, type Answer, type Held, type LabelConfig } from '../../api/labeling'
import { blank } from './answer'

/** From a change to its being stored, unless another comes before. */
const AUTOSAVE_MS = 500
/** Before a draft that was not taken is sent again. */
const RETRY_MS = 5000

export type Saved = 'saved' | 'saving' | 'unsaved'

export interface Desk {
  held: Held | null | undefined
  answer: Answer | undefined
  saved: Saved
  error: Error | undefined
  busy: boolean
  change: (answer: Answer) => void
  /** Takes back the last change of this task; where there is none, the last task handed in. */
  back: () => void
  submit: () => void
  skip: (reason: string) => void
  again: () => void
}

/** What a model said is a start; what the person began goes before it. */
const startOf = (held: Held | null, kind: LabelConfig['kind']): Answer | undefined => held?.turn.answer ?? held?.task.predictions?.[0]?.answer ?? blank(kind)

/** One person's work: the task before them, their answer, what of it is stored. */
export function useDesk(project: string, work: string, kind: LabelConfig['kind']): Desk {
  const queries = useQueryClient()
  const [held, setHeld] = useState<Held | null>()
  const [answer, setAnswer] = useState<Answer>()
  const [saved, setSaved] = useState<Saved>('saved')
  const [error, setError] = useState<Error>()
  const [busy, setBusy] = useState(false)
  const past = useRef<(Answer | undefined)[]>([])
  const version = useRef(0)
  const unsaved = useRef<Answer>(undefined)
  // Writes go one after the other: each names the version that the one before made.
  const writing = useRef<Promise<unknown>>(Promise.resolve())

  const show = useCallback((found: Held | null) => {
    past.current = []
    unsaved.current = undefined
    version.current = found?.turn.version ?? 0
    setHeld(found)
    setAnswer(startOf(found, kind))
    setSaved('saved')
    setError(undefined)
  }, [kind])

  const take = useCallback(async () => {
    try {
      show((await next(project, work)).held)
    } catch (cause) {
      setError(cause as Error)
    }
  }, [project, work, show])

  useEffect(() => { void take() }, [take])

  const save = useCallback((task: number) => {
    writing.current = writing.current.then(async () => {
      const latest = unsaved.current
      if (!latest) return
      unsaved.current = undefined
      setSaved('saving')
      try {
        version.current = (await saveDraft(project, work, task, version.current, latest)).version
        setSaved(unsaved.current ? 'unsaved' : 'saved')
        setError(undefined)
      } catch (cause) {
        unsaved.current ??= latest
        setSaved('unsaved')
        setError(cause as Error)
      }
    })
    return writing.current
  }, [project, work])

  const task = held?.task.task
  useEffect(() => {
    if (saved !== 'unsaved' || task === undefined) return
    const timer = setTimeout(() => void save(task), error ? RETRY_MS : AUTOSAVE_MS)
    return () => clearTimeout(timer)
  }, [answer, saved, error, task, save])

  const put = (changed: Answer | undefined) => {
    setAnswer(changed)
    unsaved.current = changed
    setSaved(changed ? 'unsaved' : 'saved')
  }

  /** One action at a time; what came in between is shown as it is. */
  const act = async (does: () => Promise<void>) => {
    if (busy) return
    setBusy(true)
    setError(undefined)
    try {
      await does()
      void queries.invalidateQueries({ queryKey: ['labeling', project, work] })
    } catch (cause) {
      setError(cause as Error)
      // Somebody decided otherwise meanwhile, or it was open for too long.
      if (cause instanceof ApiError && cause.status === 409) await take()
    } finally {
      setBusy(false)
    }
  }

  return {
    held, answer, saved, error, busy,
    change: (changed) => {
      past.current.push(answer)
      put(changed)
    },
    back: () => {
      if (past.current.length > 0) put(past.current.pop())
      else void act(async () => show((await undo(project, work)).held))
    },
    submit: () => void act(async () => {
      if (!held || !answer) return
      // It goes along with the answer.
      unsaved.current = undefined
      await writing.current
      await submitAnswer(project, work, held.task.task, version.current, answer)
      await take()
    }),
    skip: (reason) => void act(async () => {
      if (!held) return
      await writing.current
      await skip(project, work, held.task.task, reason)
      await take()
    }),
    again: () => void take(),
  }
}
