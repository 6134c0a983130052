import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGGREGATORS, FUNCTIONS } from '../../kinds/explore/complete'
import { app, application, appTraffic, traffic } from './app'
import { device } from './device'
import { machine, shares } from './machine'
import { people, person, summed } from './person'
import { machinesOf, narrowing, podsOf } from './whose'

/** Every metric that pages and dashboards may ask for: the names of the field, and the gateway's own. */
const METRICS = new Set([
  'container_cpu_usage_seconds_total', 'container_memory_working_set_bytes',
  'dais_gateway_request_duration_seconds_bucket', 'dais_gateway_requests_total',
  'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', 'DCGM_FI_DEV_ECC_SBE_VOL_TOTAL', 'DCGM_FI_DEV_FB_FREE', 'DCGM_FI_DEV_FB_USED', 'DCGM_FI_DEV_GPU_TEMP', 'DCGM_FI_DEV_GPU_UTIL',
  'DCGM_FI_DEV_MEMORY_TEMP', 'DCGM_FI_DEV_MEM_CLOCK', 'DCGM_FI_DEV_MEM_COPY_UTIL', 'DCGM_FI_DEV_PCIE_REPLAY_COUNTER', 'DCGM_FI_DEV_POWER_USAGE', 'DCGM_FI_DEV_SM_CLOCK', 'DCGM_FI_DEV_XID_ERRORS', 'DCGM_FI_PROF_GR_ENGINE_ACTIVE',
  'kube_pod_container_resource_requests', 'kube_pod_container_status_restarts_total', 'kube_pod_info', 'kube_pod_labels', 'kube_pod_status_phase',
  'node_boot_time_seconds', 'node_cpu_seconds_total', 'node_disk_io_time_seconds_total', 'node_disk_read_bytes_total', 'node_disk_written_bytes_total',
  'node_filesystem_avail_bytes', 'node_filesystem_size_bytes', 'node_load1', 'node_load15', 'node_memory_Buffers_bytes', 'node_memory_Cached_bytes', 'node_memory_MemAvailable_bytes', 'node_memory_MemTotal_bytes',
  'node_network_receive_bytes_total', 'node_network_receive_errs_total', 'node_network_transmit_bytes_total', 'node_network_transmit_errs_total',
])
const CALLS = new Set([...AGGREGATORS, ...FUNCTIONS])
const WORDS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'and', 'or', 'unless', 'offset', 'bool'])

/** What is wrong with an expression, as far as can be told without a parser. */
function complaints(expression: string): string[] {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"/g, '""')
  const found: string[] = []
  const open: string[] = []
  for (const letter of bare) {
    if ('({['.includes(letter)) open.push(letter)
    else if (')}]'.includes(letter) && open.pop() !== { ')': '(', '}': '{', ']': '[' }[letter]) found.push(`unbalanced ${letter}`)
  }
  if (open.length) found.push(`unclosed ${open.join('')}`)
  if ((bare.match(/"/g) ?? []).length % 2) found.push('unclosed string')
  if (/\(\s*\)/.test(bare.replace(/group_(left|right) \(\)/g, ''))) found.push('empty argument')
  const selecting = bare.replace(/\{[^}]*\}/g, '').replace(/\[[^\]]*\]/g, '').replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
  for (const [name] of selecting.matchAll(/[A-Za-z_:][A-Za-z0-9_:]*/g)) {
    if (!METRICS.has(name) && !CALLS.has(name) && !WORDS.has(name)) found.push(`unknown ${name}`)
  }
  return found
}

describe('the lint', () => {
  it.each([
    ['sum(rate(node_load1[1m])', 'unclosed ('], ['node_load1}', 'unbalanced }'], ['sum(node_lod1)', 'unknown node_lod1'], ['rate()', 'empty argument'], ['node_load1{a="b}', 'unclosed string'],
  ])('sees %s', (expression, complaint) => expect(complaints(expression)).toContain(complaint))
  it('lets what is right pass', () => {
    expect(complaints('sum by (pod) (node_load1{a="}(", b=~"x"} * on (pod) group_left () kube_pod_labels) / 2')).toEqual([])
  })
})

const pages = [
  machine(), machine('instance="a"'), shares('namespace'), shares('namespace, pod', 'node="a"'), device(), device('UUID="a"'), app('p', 'a"b'), appTraffic('p', ['a', 'b']), people, person('u'),
].flatMap((one) => Object.values(one))

const filters = { app: 'digits', user: 'Ann B', node: 'm1' }

describe('what the filters keep', () => {
  it('is by the labels of pods and by their machine', () => {
    expect(narrowing({ app: '', user: '', node: '' })).toBe('')
    expect(narrowing({ app: 'a', user: 'u', node: 'n' })).toBe(' and on (namespace, pod) kube_pod_labels{label_dais_io_app="a",label_dais_io_user="u"} and on (namespace, pod) kube_pod_info{node="n"}')
    expect([podsOf(filters), machinesOf(filters), `node_load1${narrowing(filters)}`].flatMap(complaints)).toEqual([])
  })
  it('knows a person by the label-safe name too', () => {
    expect(narrowing({ ...filters, app: '', node: '' })).toBe(' and on (namespace, pod) kube_pod_labels{label_dais_io_user=~"ann-b-?[0-9a-f]{8}"}')
  })
})

describe('what pages ask', () => {
  it('is well-formed, of metrics that are known', () => {
    expect(pages.flatMap((one) => complaints(one).map((complaint) => `${complaint}: ${one}`))).toEqual([])
  })
})

interface Dashboard {
  uid: string
  title: string
  templating: { list: { name: string; type: string; query: unknown }[] }
  panels: { id: number; title: string; datasource: { uid: string }; gridPos: { x: number; y: number; w: number; h: number }; targets: { expr: string; refId: string; datasource: { uid: string } }[] }[]
}
const folder = join(import.meta.dirname, '../../../../deploy/grafana')
const dashboards = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name): [string, Dashboard] => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard])

/** The pages' own queries, with Grafana's variables for what a page takes from its address. */
const asked: Record<string, string[]> = {
  'cluster.json': [machine(), shares('namespace')].flatMap((one) => Object.values(one)),
  'machine.json': [machine('instance="$instance"'), shares('namespace, pod', 'node="$node"')].flatMap((one) => Object.values(one)),
  'gpu.json': Object.values(device('Hostname=~"$machine",UUID=~"$device"')),
  'application.json': [application('"$project"', '"$app"'), traffic('"$project"', '"$service"')].flatMap((one) => Object.values(one)),
  'person.json': [...Object.values(people), ...Object.values(person('$user')), ...Object.values(people).map((one) => summed(one, '$__range', 60))],
}

describe("Grafana's dashboards", () => {
  it('are the five that the documentation names', () => {
    expect(dashboards.map(([name]) => name).toSorted()).toEqual(Object.keys(asked).toSorted())
    expect(new Set(dashboards.map(([, one]) => one.uid)).size).toBe(5)
  })
  it.each(dashboards)('%s asks what the page asks', (name, { panels }) => {
    const expressions = panels.flatMap((panel) => panel.targets.map((target) => target.expr))
    expect(expressions.length).toBeGreaterThan(7)
    expect(expressions.filter((one) => !asked[name]?.includes(one))).toEqual([])
    expect(expressions.flatMap((one) => complaints(one))).toEqual([])
  })
  it.each(dashboards)('%s names only variables that it has, and one data source', (_name, dashboard) => {
    const variables = dashboard.templating.list.map((one) => one.name)
    const used = [...JSON.stringify(dashboard.panels).matchAll(/\$\{?([A-Za-z]\w*)/g)].map((match) => match[1] ?? '')
    expect([...new Set(used)].filter((one) => !variables.includes(one))).toEqual([])
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' })
    for (const panel of dashboard.panels) for (const { datasource } of [panel, ...panel.targets]) expect(datasource.uid).toBe('${datasource}')
  })
  it.each(dashboards)('%s has panels that do not lie upon each other', (_name, { panels }) => {
    expect(new Set(panels.map((one) => one.id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`))
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24)
  })
})
