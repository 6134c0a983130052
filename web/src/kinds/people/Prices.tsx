import { Button } from 'antd'
import { useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { useCan } from '../../api/access'
import { CONFIG_MAPS } from '../../api/kinds'
import { usePrices } from '../../api/ledger'
import { Notice } from '../../components/Notice'
import { useText } from '../../i18n'
import { PriceForm } from './PriceForm'

const NAMESPACE = 'dais-system'

/** Says that there is no price list, or what is wrong with it, and how to mend that. */
export function PriceNotice() {
  const t = useText()
  const prices = usePrices().data
  if (!prices || prices.list) return null
  const { fault } = prices
  if (!fault) return <Notice tone="muted" title={t('prices.none')}>{t('prices.noneHint')}</Notice>
  return (
    <Notice tone="error" title={t('prices.wrong')}>
      <span className="mono">{fault.field}</span>: {fault.reason}. {fault.hint}
    </Notice>
  )
}

/** For those who may: writes the price list, or removes it. */
export function PriceActions() {
  const t = useText()
  const client = useQueryClient()
  const prices = usePrices().data
  const may = useCan('update', CONFIG_MAPS, NAMESPACE)
  const [open, setOpen] = useState(false)
  if (!prices || may !== true) return null
  // Costs are everywhere: all that the ledger said is asked for again.
  const done = () => void client.invalidateQueries({ queryKey: ['ledger'] })
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t(prices.list ? 'prices.edit' : 'prices.write')}</Button>
      {open && <PriceForm list={prices.list} exists={Boolean(prices.list ?? prices.fault)} done={done} close={() => setOpen(false)} />}
    </>
  )
}
