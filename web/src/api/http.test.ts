import { describe, expect, it } from 'vitest'
import { fromBody, query } from './http'

describe('errors of the backends, in words', () => {
  it('reads a Kubernetes Status with its causes', () => {
    const error = fromBody(422, {
      kind: 'Status', reason: 'Invalid', message: 'TrainingJob "a" is invalid',
      details: { hint: 'ask for less', causes: [{ field: 'spec.resources.limits.memory', message: 'no machine has 1 TiB' }] },
    }, '')
    expect(error).toMatchObject({ status: 422, message: 'TrainingJob "a" is invalid', reason: 'Invalid', hint: 'ask for less', causes: [{ field: 'spec.resources.limits.memory', message: 'no machine has 1 TiB' }] })
  })
  it('reads the portal\'s own', () => {
    expect(fromBody(400, { error: { field: 'password', reason: 'too short', hint: 'ten characters' } }, '')).toMatchObject({ message: 'too short', hint: 'ten characters', causes: [{ field: 'password', message: 'too short' }] })
  })
  it('reads MLflow, Prometheus, Elasticsearch and plain text', () => {
    expect(fromBody(404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no run x' }, '')).toMatchObject({ message: 'no run x', reason: 'RESOURCE_DOES_NOT_EXIST' })
    expect(fromBody(400, { status: 'error', errorType: 'bad_data', error: 'parse error at 3' }, '')).toMatchObject({ message: 'parse error at 3', reason: 'bad_data' })
    expect(fromBody(400, { error: { type: 'parsing_exception', reason: 'unmatched (' } }, '')).toMatchObject({ message: 'unmatched (', reason: 'parsing_exception' })
    expect(fromBody(502, undefined, 'no healthy replica')).toMatchObject({ message: 'no healthy replica' })
  })
})

describe('query', () => {
  it('leaves out what is not there', () => {
    expect(query({ a: 1, b: undefined, c: '', d: 'x y' })).toBe('?a=1&d=x+y')
    expect(query({})).toBe('')
  })
})
