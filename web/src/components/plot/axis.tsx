import { createContext, useContext, useMemo, type ReactNode } from 'react'
import { useRange } from '../range'
import type { Tone } from '../tone'

/** Something that happened at a moment: drawn through every chart of the axis. */
export interface Mark {
  /** Milliseconds since the epoch. */
  time: number
  label: string
  tone: Tone
  /** Its label is written along it; others are but lines. */
  named?: boolean
}

export interface Axis {
  /** Charts of one name share their crosshair. */
  name: string
  /** Length in seconds. */
  seconds: number
  /** Seconds since the epoch; undefined is now. */
  end: number | undefined
  marks: readonly Mark[]
  /** A person drew a range, in milliseconds. */
  draw: (from: number, to: number) => void
}

const Context = createContext<Axis | null>(null)
const NONE: readonly Mark[] = []

/** One time axis for all charts inside: one crosshair, one brush, one range. */
export function TimeAxis({ name, marks = NONE, children }: { name: string; marks?: readonly Mark[]; children: ReactNode }) {
  const { seconds, end, draw } = useRange()
  const value = useMemo<Axis>(() => ({ name, seconds, end, marks, draw }), [name, seconds, end, marks, draw])
  return <Context.Provider value={value}>{children}</Context.Provider>
}

/** The axis that a chart stands on, if it stands on a shared one. */
export function useAxis(): Axis | null {
  return useContext(Context)
}
