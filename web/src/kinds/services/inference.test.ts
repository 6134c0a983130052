import { describe, expect, it } from 'vitest'
import { bodyOf, digitInput, outputsOf, probabilities } from './inference'
import { endpoint } from './endpoint'

const digits = { inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 64] }] }

describe('the try-it form', () => {
  it('offers a body that fits the model', () => {
    const body = JSON.parse(bodyOf({ inputs: [{ name: 'a', datatype: 'INT64', shape: [-1, 3] }, { name: 'b', datatype: 'BYTES', shape: [2] }] })) as unknown
    expect(body).toEqual({ inputs: [{ name: 'a', datatype: 'INT64', shape: [1, 3], data: [0, 0, 0] }, { name: 'b', datatype: 'BYTES', shape: [2], data: ['', ''] }] })
  })
  it('lets a digit be drawn where 64 numbers are one input', () => {
    expect(digitInput(digits)).toBe(true)
    expect(digitInput({ inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 1, 8, 8] }] })).toBe(true)
    expect(digitInput({ inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 4] }] })).toBe(false)
    expect(digitInput(undefined)).toBe(false)
  })
  it('knows probabilities from other numbers', () => {
    const output = (data: number[]) => ({ name: 'p', datatype: 'FP32', shape: [1, data.length], data })
    expect(probabilities(output([0.2, 0.8]))).toEqual([0.2, 0.8])
    expect(probabilities(output([3]))).toBeUndefined()
    expect(probabilities(output([0.9, 0.9]))).toBeUndefined()
  })
  it('survives an answer that is no answer', () => {
    expect(outputsOf('<html>')).toEqual([])
    expect(outputsOf('{"outputs":[{"name":"y"}]}')).toEqual([])
  })
})

describe('the endpoint', () => {
  const service = { metadata: { name: 's', namespace: 'p' }, spec: { model: 'models:/digits/3' } }
  it('is on the gateway', () => {
    expect(endpoint(service, 'p', 'http://g:8081')).toBe('http://g:8081/serve/p/s/v2/models/digits/infer')
  })
})
