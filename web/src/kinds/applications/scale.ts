import type { Application } from '../../api/generated'
import type { Translate } from '../../i18n'
import { lineOf } from '../services/commandLine'
import { scaleOf, type Scale } from '../services/scale'

const LONGEST = 60

export const scaleOfApp = ({ spec, status }: Application): Scale => {
  const { replicas, autoscaling } = spec
  const scale = scaleOf({ metadata: { name: '' }, spec: { ...(replicas !== undefined && { replicas }), ...(autoscaling && { autoscaling }) }, ...(status && { status: { readyReplicas: status.readyReplicas ?? 0, ...(status.scale && { scale: status.scale }) } }) })
  return spec.stopped ? { ...scale, wanted: 0, asleep: false } : scale
}

/** "2 / 2", or "1 of 0–4" where requests decide; nothing for a schedule. */
export function scaleShort(t: Translate, app: Application): string {
  const { ready, wanted, range } = scaleOfApp(app)
  if (app.spec.schedule) return '—'
  return range ? t('services.replicasRange', { ready, ...range }) : t('services.replicasOf', { ready, wanted })
}

/** What runs, in short: an image, the line of a command, or both. */
export function programOf({ spec }: Application): string {
  const line = lineOf([...(spec.command ?? []), ...(spec.args ?? [])])
  return [spec.image, line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line].filter(Boolean).join(' · ')
}
