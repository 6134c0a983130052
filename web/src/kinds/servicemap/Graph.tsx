import { useMemo } from 'react'
import { Link } from 'react-router'
import type { ServiceMap, Traffic } from '../../api/traces'
import type { Tone } from '../../components/tone'
import { useText } from '../../i18n'
import { duration, number } from '../../i18n/format'
import { search, useWithin } from '../traces/paths'
import { curve, layered, NODE } from './layout'

/** From here on a share of errors is worth red. */
const BAD = 0.05

export const toneOf = (traffic: Traffic | undefined): Tone => (!traffic?.errors ? 'accent' : traffic.errorShare >= BAD ? 'error' : 'warning')
/** Shares of errors are small: one digit more than elsewhere. */
export const share = (ratio: number): string => `${number(ratio * 100, ratio < 0.1 && ratio > 0 ? 1 : 0)}%`

/** The drawing; the tables beside it say the same in words. */
export function Graph({ map }: { map: ServiceMap }) {
  const t = useText()
  const { to } = useWithin()
  const calls = useMemo(() => map.calls.filter(({ parent, child }) => parent !== child), [map])
  const { width, height, nodes, edges } = useMemo(() => layered(map.services.map((one) => one.service), calls.map(({ parent, child }) => [parent, child])), [map, calls])
  const most = Math.max(1, ...calls.map((call) => call.count))
  return (
    <div className="scroll-x map-scroll" tabIndex={0} role="group" aria-label={t('map.label', { services: map.services.length, calls: calls.length })}>
      <div className="map" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden>
          <defs>
            <marker id="map-end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="var(--muted)" /></marker>
          </defs>
          {calls.map((call, index) => (
            <path key={`${call.parent}\n${call.child}`} d={curve(edges[index] ?? [])} className={`map-edge tone-${toneOf(call.traffic)}`} strokeWidth={1 + 3 * Math.sqrt(call.count / most)} markerEnd="url(#map-end)" />
          ))}
        </svg>
        {calls.map((call, index) => {
          const points = edges[index] ?? []
          const [a, b] = [points[Math.floor((points.length - 1) / 2)], points[Math.ceil((points.length - 1) / 2)]]
          if (!a || !b) return null
          const words = t('map.call', { parent: call.parent, child: call.child, count: number(call.count, 0) })
          return <Link key={`${call.parent}\n${call.child}`} className="map-count numbers" tabIndex={-1} title={words} aria-label={words} style={{ left: (a.x + b.x) / 2, top: (a.y + b.y) / 2 }} to={to('traces') + search({ service: call.child })}>{number(call.count, 0)}</Link>
        })}
        {map.services.map(({ service, traffic }) => {
          const place = nodes.get(service)
          return place && (
            <Link key={service} className={`map-node tone-${toneOf(traffic)}`} style={{ left: place.x, top: place.y, width: NODE.width, height: NODE.height }} to={to('traces') + search({ service })}>
              <span className="strong truncate" title={service}>{service}</span>
              {traffic ? (
                <>
                  <span className="numbers small">{t('map.perSecond', { n: number(traffic.rate, traffic.rate < 1 ? 2 : 1) })} · <span className={traffic.errors ? `toned tone-${toneOf(traffic)}` : 'muted'}>{t('map.errorShare', { share: share(traffic.errorShare) })}</span></span>
                  <span className="numbers small muted">p50 {duration(traffic.p50 / 1e6)} · p95 {duration(traffic.p95 / 1e6)}</span>
                </>
              ) : <span className="small muted">{t('map.service')}</span>}
            </Link>
          )
        })}
      </div>
    </div>
  )
}
