import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { useChosenElsewhere } from './elsewhere'
import { MESSAGES, type MessageKey } from './messages'

export type { MessageKey }
export type Language = 'en' | 'zh-CN'
export type Values = Record<string, string | number>
export type Translate = (key: MessageKey, values?: Values) => string

const STORED = 'dais.language'
const POSITION: Record<Language, 0 | 1> = { en: 0, 'zh-CN': 1 }

/** The message in `language`: `{n}` becomes `values.n`, `{n|job|jobs}` the word that goes with it. */
export function translate(language: Language, key: MessageKey, values: Values = {}): string {
  const text: string = MESSAGES[key][POSITION[language]]
  return text
    .replace(/\{(\w+)\|([^|}]*)\|([^}]*)\}/g, (_whole, name: string, one: string, many: string) => (String(values[name]) === '1' ? one : many))
    .replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** True when `key` is a message: for keys made from what a server said. */
export function isMessage(key: string): key is MessageKey {
  return Object.hasOwn(MESSAGES, key)
}

interface LanguageValue {
  language: Language
  choose: (language: Language) => void
  /** Takes the language that a person chose elsewhere, unless one was chosen here. */
  suggest: (language: string | undefined) => void
  t: Translate
}

const Context = createContext<LanguageValue | null>(null)

function initial(): Language {
  const stored = localStorage.getItem(STORED)
  if (stored === 'en' || stored === 'zh-CN') return stored
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(initial)
  useChosenElsewhere(STORED, () => setLanguage(initial))
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  const value = useMemo<LanguageValue>(
    () => ({
      language,
      choose: (next) => {
        localStorage.setItem(STORED, next)
        setLanguage(next)
      },
      suggest: (other) => {
        if (localStorage.getItem(STORED) === null && (other === 'en' || other === 'zh-CN')) setLanguage(other)
      },
      t: (key, values) => translate(language, key, values),
    }),
    [language],
  )
  return <Context.Provider value={value}>{children}</Context.Provider>
}

export function useLanguage(): LanguageValue {
  const value = useContext(Context)
  if (!value) throw new Error('useLanguage outside LanguageProvider')
  return value
}

export function useText(): Translate {
  return useLanguage().t
}
