import type { ReactNode } from 'react'
import { DELETION } from '../api/generated/deletion'
import { useLanguage } from '../i18n'

/** What goes with an object of this kind, and what stays; `children` are lines about this one. */
export function Consequences({ kind, children }: { kind: keyof typeof DELETION; children?: ReactNode }) {
  const { language } = useLanguage()
  const { goes, stays }: { goes: [string, string][]; stays: [string, string][] } = DELETION[kind]
  const said = ([english, chinese]: [string, string]) => (language === 'en' ? english : chinese)
  return (
    <ul className="consequences">
      {goes.map((words) => <li key={words[0]}>{said(words)}</li>)}
      {children}
      {stays.map((words) => <li key={words[0]} className="muted">{said(words)}</li>)}
    </ul>
  )
}
