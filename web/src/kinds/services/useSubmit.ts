import type { FormInstance } from 'antd'
import { useState } from 'react'
import { ApiError } from '../../api/http'
import { placeOf, type Draft } from './draft'

export interface Refusal {
  error: Error
  /** The fields of the form that it is about. */
  fields: (keyof Draft)[]
}

interface Submit {
  busy: boolean
  refusal: Refusal | null
  /** True when it worked; otherwise the error is kept, and at its fields. */
  submit: (work: () => Promise<unknown>) => Promise<boolean>
}

/** Sends a form; what the API refuses is said at the field that it is about. */
export function useSubmit(form: FormInstance<Draft>): Submit {
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const submit = async (work: () => Promise<unknown>) => {
    setBusy(true)
    setRefusal(null)
    try {
      await work()
      return true
    } catch (cause) {
      const placed = (cause instanceof ApiError ? cause.causes : []).flatMap((one) => {
        const name = placeOf(one)
        return name ? [{ name, errors: [one.message] }] : []
      })
      form.setFields(placed)
      setRefusal({ error: cause as Error, fields: placed.map(({ name }) => name) })
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, refusal, submit }
}
