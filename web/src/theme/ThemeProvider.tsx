import { App, ConfigProvider } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { useLanguage } from '../i18n'
import { useChosenElsewhere } from '../i18n/elsewhere'
import { applyPalette, PALETTES, type Mode, type Palette } from './palette'
import { tokens } from './tokens'

/** What the person chose; `system` follows the machine. */
export type Choice = Mode | 'system'

interface ThemeValue {
  mode: Mode
  choice: Choice
  palette: Palette
  choose: (choice: Choice) => void
}

const STORED = 'dais.theme'
const Context = createContext<ThemeValue | null>(null)

function stored(): Choice {
  const value = localStorage.getItem(STORED)
  return value === 'light' || value === 'dark' ? value : 'system'
}

function useSystemMode(): Mode {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), [])
  const [dark, setDark] = useState(query.matches)
  useEffect(() => {
    const changed = () => setDark(query.matches)
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [query])
  return dark ? 'dark' : 'light'
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const system = useSystemMode()
  const [choice, setChoice] = useState<Choice>(stored)
  useChosenElsewhere(STORED, () => setChoice(stored))
  const { language } = useLanguage()
  const mode = choice === 'system' ? system : choice
  useEffect(() => applyPalette(mode), [mode])
  const value = useMemo<ThemeValue>(
    () => ({
      mode,
      choice,
      palette: PALETTES[mode],
      choose: (next) => {
        localStorage.setItem(STORED, next)
        setChoice(next)
      },
    }),
    [mode, choice],
  )
  return (
    <Context.Provider value={value}>
      <ConfigProvider theme={tokens(mode)} locale={language === 'zh-CN' ? zhCN : enUS} componentSize="middle" button={{ autoInsertSpace: false }}>
        <App message={{ maxCount: 3 }}>{children}</App>
      </ConfigProvider>
    </Context.Provider>
  )
}

export function useTheme(): ThemeValue {
  const value = useContext(Context)
  if (!value) throw new Error('useTheme outside ThemeProvider')
  return value
}
