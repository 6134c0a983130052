import { describe, expect, it } from 'vitest'
import { NOTHING } from '../../components/filters'
import type { Suggestion } from './complete'
import { examples, offered } from './examples'

const filters = { app: 'digits', user: '', node: 'm1' }

describe('the examples', () => {
  it('ask for the project alone where nothing narrows', () => {
    expect(examples('p', NOTHING)[3]).toBe('sum by (phase) (kube_pod_status_phase{namespace="p"})')
    expect(examples(undefined, NOTHING)[2]).toBe('sum by (service, code) (rate(dais_gateway_requests_total[2m]))')
  })
  it('ask for what the filters ask for', () => {
    const [cpu, , requests] = examples('p', filters)
    expect(cpu).toBe('sum by (pod) (rate(container_cpu_usage_seconds_total{namespace="p",container!=""}[2m]) and on (namespace, pod) kube_pod_labels{label_dais_io_app="digits"} and on (namespace, pod) kube_pod_info{node="m1"})')
    expect(requests).toContain('{namespace="p",service="digits"}')
  })
})

describe('the completion', () => {
  const as = (kind: Suggestion['kind'], ...texts: string[]) => texts.map((text): Suggestion => ({ text, kind }))
  it('offers the labels of the filters first, and their values inside those', () => {
    expect(offered(as('label', 'code', 'node', 'service'), filters, '').map(({ text }) => text)).toEqual(['node', 'service', 'code'])
    expect(offered(as('value', 'a', 'digits'), filters, 'service').map(({ text }) => text)).toEqual(['digits', 'a'])
    expect(offered(as('value', 'a', 'digits'), filters, 'code').map(({ text }) => text)).toEqual(['a', 'digits'])
    expect(offered(as('label', 'code', 'node'), NOTHING, '').map(({ text }) => text)).toEqual(['code', 'node'])
  })
})
