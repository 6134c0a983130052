import type { ComponentProps } from 'react'
import { useLocation } from 'react-router'
import { useText } from '../i18n'
import { FILTERS, takenBy, useFilters } from './filters'
import { Empty } from './States'

/** An empty state that does not say "none yet" of what the filters of the address keep out. */
export function NoneFor(props: ComponentProps<typeof Empty>) {
  const t = useText()
  const filters = useFilters()
  const { pathname } = useLocation()
  const narrowed = FILTERS.some((name) => filters[name] && takenBy(pathname)?.filters.includes(name))
  return narrowed ? <Empty title={t('filters.nothing')} hint={t('filters.nothingHint')} /> : <Empty {...props} />
}
