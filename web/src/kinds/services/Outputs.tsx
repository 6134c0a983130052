import { UsageBar } from '../../components/UsageBar'
import { probabilities, type Output } from './inference'

const SHOWN = 12

/** The answer for people: one value large, probabilities as bars. */
export function Outputs({ of }: { of: Output[] }) {
  return of.map((output) => {
    const shares = probabilities(output)
    return (
      <div key={output.name}>
        <div className="muted small">{output.name} · {output.datatype} [{output.shape.join(', ')}]</div>
        {shares ? shares.map((share, index) => (
          // Classes are numbered by their place.
          // oxlint-disable-next-line react/no-array-index-key
          <div className="row" key={index}>
            <span className="mono" style={{ width: 22, textAlign: 'right' }}>{index}</span>
            <div style={{ flex: 1 }}><UsageBar ratio={share} label={String(index)} /></div>
          </div>
        )) : <div className="big-number numbers">{output.data.slice(0, SHOWN).map(String).join(', ')}{output.data.length > SHOWN && ' …'}</div>}
      </div>
    )
  })
}
