import { useText } from '../../i18n'
import { amountWords, resourceWords, toneOf, type Share } from './shares'

/** From 0 to 100. */
const percentOf = (value: number, whole: number) => `${whole > 0 ? Math.min(100, Math.max(0, (value / whole) * 100)) : 0}%`

interface Props {
  of: Share
  /** What a job asks for on top: drawn after what is used, and marked where it does not fit. */
  wanted?: number
}

/** One resource of a queue: what is used, what of it is borrowed, where its own ends. */
export function ShareBar({ of, wanted = 0 }: Props) {
  const t = useText()
  const { name, own, used, borrowed, free } = of
  const whole = Math.max(own, used + wanted)
  const fits = Math.min(wanted, free)
  const amount = (value: number) => amountWords(name, value)
  const words = [
    t('queues.usedOf', { used: amount(used), own: amount(own) }),
    borrowed > 0 && t('queues.borrowed', { amount: amount(borrowed) }),
    wanted > 0 && t('queues.wants', { amount: amount(wanted), free: amount(free) }),
  ].filter(Boolean).join(', ')
  return (
    <div className={`share tone-${toneOf(name)}`} role="img" aria-label={`${resourceWords(t, name)}: ${words}`} title={words}>
      <i className="share-used" style={{ width: percentOf(used - borrowed, whole) }} />
      <i className="share-borrowed" style={{ width: percentOf(borrowed, whole) }} />
      <i className="share-wanted" style={{ width: percentOf(fits, whole) }} />
      <i className="share-missing" style={{ width: percentOf(wanted - fits, whole) }} />
      {whole > own && own > 0 && <i className="share-own" style={{ left: percentOf(own, whole) }} />}
    </div>
  )
}

/** A bar with its name and its figures. */
export function ShareLine({ of, wanted }: Props) {
  const t = useText()
  const { name, own, used, borrowed, free } = of
  const amount = (value: number) => amountWords(name, value)
  return (
    <div className="share-line">
      <div className="row spread small">
        <span className="truncate">{resourceWords(t, name)}</span>
        <span className="numbers muted" style={{ whiteSpace: 'nowrap' }}>{amount(used)} / {amount(own)}{borrowed > 0 && <> · {t('queues.borrowed', { amount: amount(borrowed) })}</>}</span>
      </div>
      <ShareBar of={of} {...(wanted !== undefined && { wanted })} />
      {wanted !== undefined && <div className={`small numbers ${wanted > free ? 'toned tone-warning' : 'muted'}`}>{t('queues.wants', { amount: amount(wanted), free: amount(free) })}</div>}
    </div>
  )
}
