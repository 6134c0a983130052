import type { FormInstance } from 'antd'
import { useState } from 'react'
import { ApiError, type Cause } from '../api/http'

/** Where a field stands in a form: its name, or the way to it through lists. */
export type Place = string | (string | number)[]

export interface Refusal {
  error: Error
  /** The fields of the form that it is about, without the way below them. */
  fields: string[]
}

interface Submit {
  busy: boolean
  refusal: Refusal | null
  /** True when it worked; otherwise the error is kept, and at its fields. */
  submit: (work: () => Promise<unknown>) => Promise<boolean>
}

/** Sends a form; what the API refuses is said at the field that it is about, as far as `placeOf` knows it. */
export function useSubmit<Draft>(form: FormInstance<Draft>, placeOf: (cause: Cause) => Place | undefined): Submit {
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
        return name === undefined ? [] : [{ name, errors: [one.message] }]
      })
      // The form's own type knows no names that are put together.
      form.setFields(placed as Parameters<typeof form.setFields>[0])
      setRefusal({ error: cause as Error, fields: placed.map(({ name }) => String(Array.isArray(name) ? name[0] : name)) })
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, refusal, submit }
}
