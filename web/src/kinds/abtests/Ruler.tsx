import { placeOn, stretchOn, type Scale } from './scale'
import { signed } from './words'

interface Props {
  scale: Scale
  /** What is estimated, and how surely. */
  estimate: number | undefined
  interval: { lower: number; upper: number } | undefined
  colour: string
  /** A line that must not be crossed. */
  bound?: number
  /** What is worth finding. */
  wanted?: number | undefined
  label: string
}

const at = (place: number) => ({ left: `${place}%` })

/** An interval against the control, whose line is zero. */
export function Ruler({ scale, estimate, interval, colour, bound, wanted, label }: Props) {
  const stretch = interval && stretchOn(scale, interval)
  return (
    <div className="ruler" role="img" aria-label={label} title={label}>
      {scale.ticks.map((tick) => <i key={tick} className={Math.abs(tick) < 1e-12 ? 'zero' : 'tick'} style={at(placeOn(scale, tick))} />)}
      {bound !== undefined && <i className="bound" style={at(placeOn(scale, bound))} />}
      {wanted !== undefined && <i className="wanted" style={at(placeOn(scale, wanted))} />}
      {stretch && <b className={`reach ${stretch.cutLeft ? 'cut-left' : ''} ${stretch.cutRight ? 'cut-right' : ''}`} style={{ ...at(stretch.left), width: `${stretch.width}%`, background: colour }} />}
      {estimate !== undefined && Number.isFinite(estimate) && <b className="estimate" style={{ ...at(placeOn(scale, estimate)), background: colour }} />}
    </div>
  )
}

/** The numbers below rulers of one scale. */
export function Ticks({ scale, format = signed }: { scale: Scale; format?: (value: number) => string }) {
  return (
    <div className="ticks numbers" aria-hidden>
      {scale.ticks.map((tick) => <span key={tick} style={at(placeOn(scale, tick))}>{Math.abs(tick) < 1e-12 ? '0' : format(tick)}</span>)}
    </div>
  )
}
