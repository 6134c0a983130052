import { Status } from '../../components/Status'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { troubles, type Device } from './devices'

export function Trouble({ of }: { of: Device }) {
  const t = useText()
  const { xid, uncorrected, corrected } = troubles(of)
  if (!xid && !uncorrected && !corrected) return <Status tone="success" label={t('gpus.fine')} />
  return (
    <div>
      {xid && <div><Status tone="error" label={t('gpus.xid', { code: xid })} /></div>}
      {uncorrected && <div><Status tone="error" label={t('gpus.uncorrected', { count: number(uncorrected, 0) })} /></div>}
      {corrected && <div><Status tone="warning" label={t('gpus.corrected', { count: number(corrected, 0) })} /></div>}
    </div>
  )
}
