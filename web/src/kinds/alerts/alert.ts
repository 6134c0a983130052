import type { Acknowledged, Matcher, Notified } from '../../api/alertmanager'
import type { Labels } from '../../api/prom'
import type { Rule, RuleAlert, RuleGroup } from '../../api/rules'
import type { Tone } from '../../components/tone'
import { at } from '../../frame/useProject'

/** One alert, out of what the rules say of it and what became of its notification. */
export interface Alert {
  key: string
  name: string
  severity: string
  state: 'firing' | 'pending' | 'silenced' | 'inhibited'
  labels: Labels
  annotations: Labels
  since: string | undefined
  value: number | undefined
  /** The rule that it comes from, if it is known here. */
  rule: Rule | undefined
  /** Known to Alertmanager under this name. */
  fingerprint: string | undefined
  silencedBy: string[]
  acknowledged: Acknowledged | undefined
  receivers: string[]
}

const keyOf = (labels: Labels) => JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** Alertmanager may have been told more labels (`external_labels`), never fewer. */
const tellsOf = (notified: Notified, labels: Labels) => Object.entries(labels).every(([name, value]) => notified.labels[name] === value)

/** Joins both sides: what rules found, and what only Alertmanager knows of. */
export function alertsOf(found: RuleAlert[], notified: Notified[], groups: RuleGroup[]): Alert[] {
  const rules = groups.flatMap((group) => group.rules).filter((rule) => rule.type === 'alerting')
  const byName = new Map<string, Notified[]>()
  for (const one of notified) byName.set(one.labels.alertname ?? '', [...(byName.get(one.labels.alertname ?? '') ?? []), one])
  const taken = new Set<string>()
  const joined = found.filter((one) => one.state !== 'inactive').map((one): Alert => {
    const same = byName.get(one.labels.alertname ?? '')?.find((other) => !taken.has(other.fingerprint) && tellsOf(other, one.labels))
    if (same) taken.add(same.fingerprint)
    return made(one.labels, one.annotations, ruleOf(rules, one), same, one)
  })
  const others = notified.filter((one) => !taken.has(one.fingerprint)).map((one) => made(one.labels, one.annotations, undefined, one, undefined))
  return [...joined, ...others].toSorted(byUrgency)
}

function ruleOf(rules: Rule[], alert: RuleAlert): Rule | undefined {
  const named = rules.filter((rule) => rule.name === alert.labels.alertname)
  if (named.length < 2) return named[0]
  const key = keyOf(alert.labels)
  return named.find((rule) => rule.alerts?.some((one) => keyOf(one.labels) === key)) ?? named[0]
}

function made(labels: Labels, annotations: Labels, rule: Rule | undefined, notified: Notified | undefined, own: RuleAlert | undefined): Alert {
  const value = Number(own?.value)
  return {
    key: notified?.fingerprint ?? keyOf(labels),
    name: labels.alertname ?? '',
    severity: labels.severity ?? '',
    state: stateOf(notified, own),
    labels, annotations, rule,
    since: own?.activeAt ?? notified?.startsAt,
    value: own && Number.isFinite(value) ? value : undefined,
    fingerprint: notified?.fingerprint,
    silencedBy: notified?.status.silencedBy ?? [],
    acknowledged: notified?.status.acknowledgedBy ?? undefined,
    receivers: notified?.receivers.map((one) => one.name) ?? [],
  }
}

function stateOf(notified: Notified | undefined, own: RuleAlert | undefined): Alert['state'] {
  if (own?.state === 'pending') return 'pending'
  if (notified && notified.status.silencedBy.length > 0) return 'silenced'
  if (notified && notified.status.inhibitedBy.length > 0) return 'inhibited'
  return 'firing'
}

const URGENCY = ['critical', 'error', 'high', 'page', 'warning', 'medium', 'info', 'low', 'none']

/** Lower is more urgent; a severity that nobody knows is a warning. */
export function urgency(severity: string): number {
  const place = URGENCY.indexOf(severity.toLowerCase())
  return place < 0 ? URGENCY.indexOf('warning') : place
}

export function severityTone(severity: string): Tone {
  const place = urgency(severity)
  return place < URGENCY.indexOf('warning') ? 'error' : place < URGENCY.indexOf('info') ? 'warning' : 'accent'
}

const STATES: Alert['state'][] = ['firing', 'pending', 'silenced', 'inhibited']

function byUrgency(a: Alert, b: Alert): number {
  return STATES.indexOf(a.state) - STATES.indexOf(b.state) || urgency(a.severity) - urgency(b.severity) || a.name.localeCompare(b.name) || (a.since ?? '').localeCompare(b.since ?? '')
}

export const GROUPINGS = ['alertname', 'severity', 'namespace', 'node'] as const

/** Groups by one label, in the order of their most urgent alert. */
export function grouped(alerts: Alert[], label: string): [string, Alert[]][] {
  const groups = new Map<string, Alert[]>()
  for (const alert of alerts) {
    const name = label === 'node' ? nodeOf(alert.labels) : (alert.labels[label] ?? '')
    groups.set(name, [...(groups.get(name) ?? []), alert])
  }
  return [...groups]
}

export const withoutPort = (instance: string) => instance.replace(/:\d+$/, '')
export const nodeOf = (labels: Labels) => labels.node ?? labels.Hostname ?? withoutPort(labels.instance ?? '')

/** The labels of an alert that distinguish it from others of its name. */
export function distinguishing(labels: Labels): [string, string][] {
  return Object.entries(labels).filter(([name]) => name !== 'alertname' && name !== 'severity')
}

/** A silence of exactly this alert. */
export const matchersOf = (labels: Labels): Matcher[] =>
  Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }))

export interface Jump {
  to: 'explore' | 'app' | 'service' | 'machine' | 'device' | 'logs'
  address: string
}

/** Where an alert leads: its numbers, what it is about, and what that wrote. */
export function jumpsOf(alert: Alert): Jump[] {
  const { labels, rule } = alert
  const project = labels.namespace
  const app = labels.app ?? labels.label_dais_io_app
  const node = nodeOf(labels)
  const jumps: Jump[] = []
  if (rule) jumps.push({ to: 'explore', address: `${project ? at(project, 'explore') : '/explore'}?expr=${encodeURIComponent(rule.query)}` })
  if (project && app) jumps.push({ to: 'app', address: at(project, 'apps', app) })
  if (project && labels.service) jumps.push({ to: 'service', address: at(project, 'services', labels.service) })
  if (labels.UUID) jumps.push({ to: 'device', address: `/gpus/${encodeURIComponent(labels.UUID)}` })
  if (node && !labels.pod && !project) jumps.push({ to: 'machine', address: `/nodes/${encodeURIComponent(node)}` })
  if (project && (labels.pod || app)) {
    const words = labels.pod ? `pod=${encodeURIComponent(labels.pod)}` : `app=${encodeURIComponent(app ?? '')}`
    jumps.push({ to: 'logs', address: `${at(project, 'logs')}?${words}` })
  }
  return jumps
}
