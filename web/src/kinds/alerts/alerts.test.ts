import { describe, expect, it } from 'vitest'
import { ApiError, NOT_JSON } from '../../api/http'
import { matcherWords, silences, type Notified } from '../../api/alertmanager'
import { isAbsent } from '../../api/optional'
import type { Rule, RuleAlert } from '../../api/rules'
import { NOTHING, type Filters } from '../../components/filters'
import { alertsOf, grouped, jumpsOf, matchersOf, severityTone, type Alert } from './alert'
import { conditionOf } from './condition'
import { isAbout, isRuleAbout, isRuleOf, isSilenceAbout, selectedBy } from './narrow'

const found = (labels: Record<string, string>, state: RuleAlert['state'] = 'firing', value = '3'): RuleAlert => ({ labels, annotations: {}, state, value, activeAt: '2026-01-01T00:00:00Z' })
const told = (fingerprint: string, labels: Record<string, string>, status: Partial<Notified['status']> = {}): Notified => ({
  fingerprint, labels, annotations: {}, startsAt: '2026-01-01T00:01:00Z', endsAt: '', receivers: [{ name: 'team' }],
  status: { state: 'active', silencedBy: [], inhibitedBy: [], ...status },
})
const rule = (name: string, query: string): Rule => ({ type: 'alerting', name, query, health: 'ok' })

describe('alerts', () => {
  it('join what rules found with what was notified, external labels or not', () => {
    const [alert, ...rest] = alertsOf([found({ alertname: 'Full', node: 'a' })], [told('f1', { alertname: 'Full', node: 'a', cluster: 'c' }, { silencedBy: ['s'] })], [{ name: 'g', file: 'f', interval: 30, rules: [rule('Full', 'x > 1')] }])
    expect(rest).toEqual([])
    expect(alert).toMatchObject({ name: 'Full', state: 'silenced', fingerprint: 'f1', value: 3, since: '2026-01-01T00:00:00Z', silencedBy: ['s'], receivers: ['team'], rule: { query: 'x > 1' } })
  })
  it('keep two of one name apart', () => {
    const alerts = alertsOf([found({ alertname: 'Full', node: 'a' }), found({ alertname: 'Full', node: 'b' })], [told('fb', { alertname: 'Full', node: 'b' })], [])
    expect(alerts.map(({ labels, fingerprint }) => [labels.node, fingerprint])).toEqual([['a', undefined], ['b', 'fb']])
  })
  it('include what only Alertmanager knows of', () => {
    expect(alertsOf([], [told('x', { alertname: 'Outside' }, { inhibitedBy: ['y'] })], [])).toMatchObject([{ name: 'Outside', state: 'inhibited', value: undefined, rule: undefined }])
  })
  it('come most urgent first, pending after firing', () => {
    const alerts = alertsOf([found({ alertname: 'P', severity: 'critical' }, 'pending'), found({ alertname: 'W', severity: 'warning' }), found({ alertname: 'C', severity: 'critical' }), found({ alertname: 'Off' }, 'inactive')], [], [])
    expect(alerts.map(({ name }) => name)).toEqual(['C', 'W', 'P'])
    expect(grouped(alerts, 'severity').map(([name, of]) => [name, of.length])).toEqual([['critical', 2], ['warning', 1]])
  })
  it('have a colour that fits their severity', () => {
    expect(['critical', 'warning', 'info', 'unheard-of', ''].map(severityTone)).toEqual(['error', 'warning', 'accent', 'warning', 'warning'])
  })
  it('lead to what they are about', () => {
    const of = (labels: Record<string, string>) => alertsOf([found({ alertname: 'A', ...labels })], [], [{ name: 'g', file: '', interval: 1, rules: [rule('A', 'up == 0')] }]).flatMap(jumpsOf).map(({ to, address }) => `${to} ${address}`)
    expect(of({ namespace: 'p', pod: 'x-0' })).toEqual(['explore /p/p/explore?expr=up%20%3D%3D%200', 'logs /p/p/logs?pod=x-0'])
    expect(of({ namespace: 'p', app: 'digits' })).toEqual(['explore /p/p/explore?expr=up%20%3D%3D%200', 'app /p/p/apps/digits', 'logs /p/p/logs?app=digits'])
    expect(of({ instance: 'train-01:9100' })).toEqual(['explore /explore?expr=up%20%3D%3D%200', 'machine /nodes/train-01'])
    expect(of({ UUID: 'GPU-1', Hostname: 'a' })).toContain('device /gpus/GPU-1')
  })
})

describe('a silence', () => {
  const labels = { alertname: 'Full', node: 'a.b' }
  it('of an alert keeps that alert quiet and no other', () => {
    expect(silences(matchersOf(labels), labels)).toBe(true)
    expect(silences(matchersOf(labels), { ...labels, node: 'axb' })).toBe(false)
    expect(silences([], labels)).toBe(false)
  })
  it.each([
    [{ name: 'node', value: 'a.*', isRegex: true }, true, 'node=~"a.*"'],
    [{ name: 'node', value: 'a', isRegex: true }, false, 'node=~"a"'],
    [{ name: 'node', value: '(', isRegex: true }, false, 'node=~"("'],
    [{ name: 'zone', value: '', isRegex: false }, true, 'zone=""'],
    [{ name: 'node', value: 'a.b', isRegex: false, isEqual: false }, false, 'node!="a.b"'],
    [{ name: 'node', value: 'z.*', isRegex: true, isEqual: false }, true, 'node!~"z.*"'],
  ])('%j', (matcher, quiet, words) => {
    expect(silences([matcher], labels)).toBe(quiet)
    expect(matcherWords(matcher)).toBe(words)
  })
})

describe('an absent Alertmanager', () => {
  it('is told from a broken one', () => {
    expect([new ApiError(404, 'x'), new ApiError(200, '/alertmanager', NOT_JSON)].map(isAbsent)).toEqual([true, true])
    expect([new ApiError(500, 'x'), new ApiError(403, 'x'), null].map(isAbsent)).toEqual([false, false, false])
  })
})

describe('a rule', () => {
  const after = (health: Rule['health'], lastEvaluation: string) => conditionOf({ ...rule('R', 'sum(('), health, lastEvaluation })[1]
  it('that never had a turn and has an error is refused', () => {
    expect(after('err', '0001-01-01T00:00:00Z')).toBe('rules.refused')
    expect(after('err', '2026-01-01T00:00:00Z')).toBe('rules.err')
    expect(after('unknown', '0001-01-01T00:00:00Z')).toBe('rules.unknown')
  })
})

describe('the filters of every page', () => {
  const speaks = (labels: Record<string, string>) => ({ labels }) as unknown as Alert
  const pods = new Set(['p/digits-0'])
  const asks = (filters: Partial<Filters>, labels: Record<string, string>) => isAbout(speaks(labels), { ...NOTHING, ...filters }, pods)
  it('keep what speaks of a pod that they ask for, whatever else it says', () => {
    expect(asks({ app: 'digits', user: 'u' }, { namespace: 'p', pod: 'digits-0' })).toBe(true)
    expect(asks({ app: 'digits' }, { namespace: 'q', pod: 'digits-0' })).toBe(false)
  })
  it('keep what names the application, the person and the machine', () => {
    expect(asks({ app: 'digits' }, { service: 'digits' })).toBe(true)
    expect(asks({ app: 'digits', node: 'm1' }, { app: 'digits', instance: 'm1:9100' })).toBe(true)
    expect(asks({ app: 'digits', node: 'm2' }, { app: 'digits', instance: 'm1:9100' })).toBe(false)
    expect(asks({ user: 'Ann B' }, { label_dais_io_user: 'ann-b-0a1b2c3d' })).toBe(true)
    expect(asks({ app: 'digits' }, {})).toBe(false)
  })
  it('keep rules that name what they ask for, or raise an alert of it', () => {
    const asksRule = (filters: Partial<Filters>, of: Partial<Rule>) => isRuleAbout({ ...rule('R', 'up == 0'), ...of }, { ...NOTHING, ...filters }, pods)
    expect(asksRule({ app: 'digits' }, { labels: { app: 'digits' } })).toBe(true)
    expect(asksRule({ app: 'digits' }, { query: 'rate(x{app="digits", code=~"5.."}[5m]) > 1' })).toBe(true)
    expect(asksRule({ app: 'digits' }, { query: 'x{service=~"digits|faces"} > 1' })).toBe(true)
    expect(asksRule({ app: 'digits' }, { query: 'x{app="faces"} > 1', labels: { app: 'faces' } })).toBe(false)
    expect(asksRule({ app: 'digits' }, { query: 'x{app!="digits"} > 1' })).toBe(false)
    expect(asksRule({ app: 'digits' }, {})).toBe(false)
    expect(asksRule({ app: 'digits' }, { alerts: [found({ namespace: 'p', pod: 'digits-0' })] })).toBe(true)
    expect(asksRule({ app: 'digits' }, { alerts: [found({ namespace: 'p', pod: 'digits-0' }, 'inactive')] })).toBe(false)
    expect(asksRule({ node: 'm1' }, { query: 'up{instance="m1:9100"} == 0' })).toBe(true)
    expect(asksRule({ user: 'Ann B' }, { query: 'x{label_dais_io_user="ann-b-0a1b2c3d"}' })).toBe(true)
    expect(asksRule({ app: 'digits', user: 'u' }, { labels: { app: 'digits' } })).toBe(false)
    expect(selectedBy('x{a="b\\"c"}')).toEqual([{ name: 'a', value: 'b"c', isRegex: false, isEqual: true }])
  })
  it('keep silences that name what they ask for, or keep an alert of it quiet', () => {
    const quiet = (name: string, value: string, rest: object = {}) => ({ matchers: [{ name, value, isRegex: false, ...rest }], status: { state: 'active' as const } })
    const asksSilence = (of: ReturnType<typeof quiet>, labels: Record<string, string>[] = []) => isSilenceAbout(of, { ...NOTHING, app: 'digits' }, labels.map(speaks))
    expect(asksSilence(quiet('app', 'digits'))).toBe(true)
    expect(asksSilence(quiet('app', 'dig.*', { isRegex: true }))).toBe(true)
    expect(asksSilence(quiet('app', 'faces'))).toBe(false)
    expect(asksSilence(quiet('app', 'digits', { isEqual: false }))).toBe(false)
    expect(asksSilence(quiet('alertname', 'Full'))).toBe(false)
    expect(asksSilence(quiet('alertname', 'Full'), [{ alertname: 'Full', app: 'digits' }])).toBe(true)
    expect(asksSilence({ ...quiet('alertname', 'Full'), status: { state: 'expired' as never } }, [{ alertname: 'Full', app: 'digits' }])).toBe(false)
  })
  it('leave a project its own rules, and those that raise an alert of it', () => {
    const isOf = (file: string, of: Partial<Rule> = {}) => isRuleOf({ ...rule('R', 'up == 0'), ...of, file }, 'p')
    expect([isOf('p/web'), isOf('q/web'), isOf('/etc/prometheus/p/web.yml')]).toEqual([true, false, false])
    expect(isOf('q/web', { labels: { namespace: 'p' } })).toBe(true)
    expect(isOf('dais-system/dais', { alerts: [found({ namespace: 'p' })] })).toBe(true)
    expect(isOf('dais-system/dais', { alerts: [found({ namespace: 'q' })] })).toBe(false)
  })
})
