import { useEffect, useState } from 'react'
import { useLanguage } from '../i18n'
import { ago, dateTime } from '../i18n/format'

/** "3 min ago", exact on hover, kept true. */
export function Ago({ time }: { time: number | string | undefined }) {
  const { language } = useLanguage()
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 15_000)
    return () => clearInterval(timer)
  }, [])
  if (time === undefined || time === '') return <span className="muted">—</span>
  return (
    <time dateTime={new Date(time).toISOString()} title={dateTime(time)} style={{ whiteSpace: 'nowrap' }}>
      {ago(time, language)}
    </time>
  )
}
