import type { ComponentProps } from 'react'
import { useText } from '../i18n'
import { FILTERS, useFilters, useTaken } from './filters'
import { Empty } from './States'

/** An empty state that does not say "none yet" of what the filters of the address keep out. */
export function NoneFor(props: ComponentProps<typeof Empty>) {
  const t = useText()
  const filters = useFilters()
  const taken = useTaken()
  const narrowed = FILTERS.some((name) => filters[name] && taken?.filters.includes(name))
  return narrowed ? <Empty title={t('filters.nothing')} hint={t('filters.nothingHint')} /> : <Empty {...props} />
}
