import { Tag, Tooltip } from 'antd'
import { FILTERS, useFilters, useTaken, useUnfilter, type Filter, type Taken } from '../components/filters'
import { useText, type MessageKey } from '../i18n'

const NAMES: Record<Filter, MessageKey> = { app: 'field.application', user: 'field.user', node: 'apps.machine' }

const reach = ({ filters, offers }: Taken, name: Filter): MessageKey => (!filters.includes(name) ? 'filters.notHere' : offers ? 'filters.offered' : 'filters.narrows')

/** What narrows this page and goes along to the next; each can be taken away. One that narrows nothing here stays, and says so. */
export function FilterChips({ className }: { className: string }) {
  const t = useText()
  const filters = useFilters()
  const remove = useUnfilter()
  const taken = useTaken()
  const active = FILTERS.filter((name) => filters[name])
  if (!taken || active.length === 0) return null
  return (
    <div className={`filters ${className}`} role="group" aria-label={t('filters.title')}>
      {active.map((name) => {
        const words = `${t(NAMES[name])}: ${filters[name]}`
        const idle = !taken.filters.includes(name)
        return (
          <Tooltip key={name} title={t(reach(taken, name), { filter: words })}>
            <Tag className={`filter tone-${idle ? 'muted' : 'accent'}${idle ? ' idle' : ''}`} closable={{ 'aria-label': t('filters.remove', { filter: words }) }} onClose={(event) => { event.preventDefault(); remove(name) }}>
              <span className="muted">{t(NAMES[name])}</span> <span className="truncate">{filters[name]}</span>
              <span className="visually-hidden">{t(reach(taken, name), { filter: words })}</span>
            </Tag>
          </Tooltip>
        )
      })}
    </div>
  )
}
