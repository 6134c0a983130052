import { useMemo } from 'react'
import { matched, silences, type Matcher, type Silence } from '../../api/alertmanager'
import type { Rule } from '../../api/rules'
import { isNarrowed, type Filter, type Filters } from '../../components/filters'
import { isSamePerson } from '../../objects/owner'
import { useNarrowedPods } from '../../objects/useNarrowed'
import { matchersOf, nodeOf, withoutPort, type Alert } from './alert'

/** Labels by which something says of which application, person or machine it speaks. */
const LABELS: Record<Filter, readonly string[]> = {
  app: ['app', 'label_dais_io_app', 'service', 'deployment', 'job_name'],
  user: ['user', 'label_dais_io_user'],
  node: ['node', 'Hostname', 'instance'],
}
const NAMES = Object.keys(LABELS) as Filter[]

/** Whether an alert is about what the filters ask for: it speaks of one of `pods`, or its own labels say so. */
export function isAbout({ labels }: Pick<Alert, 'labels'>, { app, user, node }: Filters, pods: ReadonlySet<string>): boolean {
  if (labels.pod && pods.has(`${labels.namespace}/${labels.pod}`)) return true
  const person = labels.user ?? labels.label_dais_io_user
  return (!app || LABELS.app.some((name) => labels[name] === app)) && (!user || (person !== undefined && isSamePerson(person, user))) && (!node || nodeOf(labels) === node)
}

/** Whether a matcher names the application, the person or the machine of a filter. */
function isFor({ name, value, isRegex, isEqual = true }: Matcher, filter: Filter, wanted: string): boolean {
  if (!isEqual || !value || !LABELS[filter].includes(name)) return false
  if (isRegex) return matched(value, wanted)
  return filter === 'user' ? isSamePerson(value, wanted) : (name === 'instance' ? withoutPort(value) : value) === wanted
}

/** Whether matchers name all that the filters ask for. */
const areFor = (matchers: Matcher[], filters: Filters): boolean =>
  NAMES.every((filter) => !filters[filter] || matchers.some((matcher) => isFor(matcher, filter, filters[filter])))

const SELECTED = /([A-Za-z_]\w*)\s*(=~|=)\s*"((?:[^"\\]|\\.)*)"/g

/** What the selectors of a query ask for by name. */
export const selectedBy = (query: string): Matcher[] =>
  [...query.matchAll(SELECTED)].map(([, name = '', operator, value = '']) => ({ name, value: value.replace(/\\(.)/g, '$1'), isRegex: operator === '=~', isEqual: true }))

/** A rule is about what its labels and its query name, and about what it raises an alert of now. */
export function isRuleAbout({ labels = {}, query, alerts = [] }: Pick<Rule, 'labels' | 'query' | 'alerts'>, filters: Filters, pods: ReadonlySet<string>): boolean {
  return areFor([...matchersOf(labels), ...selectedBy(query)], filters) || alerts.some((one) => one.state !== 'inactive' && isAbout(one, filters, pods))
}

/** A silence is about what its matchers name, and about the alerts that it keeps quiet; `alerts` are those that the filters ask for. */
export function isSilenceAbout({ matchers, status }: Pick<Silence, 'matchers' | 'status'>, filters: Filters, alerts: Pick<Alert, 'labels'>[]): boolean {
  return areFor(matchers, filters) || (status.state === 'active' && alerts.some(({ labels }) => silences(matchers, labels)))
}

const OBJECT = /^([a-z0-9-]+)\/[a-z0-9.-]+$/

/** A rule is a project's when it is kept there (its group comes from `project/name`), says so, or raises an alert of it now. */
export function isRuleOf({ labels = {}, file, alerts = [] }: Pick<Rule, 'labels' | 'alerts'> & { file: string }, project: string): boolean {
  return (labels.namespace ?? OBJECT.exec(file)?.[1]) === project || alerts.some((one) => one.state !== 'inactive' && one.labels.namespace === project)
}

/** What of a list the filters of the address ask for; all of it when they ask for nothing. */
function useKept<T>(all: T[] | undefined, filters: Filters, isKept: (one: T, filters: Filters, pods: ReadonlySet<string>) => boolean): T[] | undefined {
  const pods = useNarrowedPods(filters)
  return useMemo(() => (isNarrowed(filters) && pods ? all?.filter((one) => isKept(one, filters, pods)) : all), [all, filters, pods, isKept])
}

export const useNarrowedAlerts = (alerts: Alert[] | undefined, filters: Filters): Alert[] | undefined => useKept(alerts, filters, isAbout)
export const useNarrowedRules = <T extends Rule>(rules: T[] | undefined, filters: Filters): T[] | undefined => useKept(rules, filters, isRuleAbout)
