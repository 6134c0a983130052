import { describe, expect, it } from 'vitest'
import { addressOf, endOf, framed } from './session'

describe('the protocol of a shell', () => {
  it('names its container in the address, whatever it is called', () => {
    const address = new URL(addressOf({ project: 'a b', pod: 'p/1', container: '主&x' }), 'http://x')
    expect(address.pathname).toBe('/k8s/api/v1/namespaces/a%20b/pods/p%2F1/exec')
    expect(address.searchParams.get('container')).toBe('主&x')
    expect(address.searchParams.getAll('command')[0]).toBe('sh')
  })

  it('puts the channel before the bytes', () => {
    expect([...framed(0, 'é')]).toEqual([0, 0xc3, 0xa9])
  })

  it('reads how it ended', () => {
    expect(endOf('{"status":"Success"}')).toEqual({ code: 0 })
    const failed = { status: 'Failure', message: 'exit status 3', details: { causes: [{ reason: 'ExitCode', message: '3' }] } }
    expect(endOf(JSON.stringify(failed))).toEqual({ code: 3 })
    expect(endOf('{"status":"Failure","message":"gone","details":{}}').error?.message).toBe('gone')
  })
})
