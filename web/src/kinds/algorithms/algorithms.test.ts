import { describe, expect, it } from 'vitest'
import { jobOf } from '../jobs/draft'
import { sweepOf, BLANK as SWEEP, offered } from '../sweeps/draft'
import { again } from '../jobs/phase'
import { filesBetween } from './Compare'
import { algorithmOf, BLANK, draftOf, placeOf, schemaOf, specOf } from './draft'
import { fallbacksOf, fieldsOf, parametersOf, rangeOf } from './schema'
import { entriesOf, tar } from './tar'
import { bestOf } from './versions'

const SCHEMA = {
  type: 'object',
  required: ['target'],
  properties: {
    target: { type: 'string', title: 'Target', 'x-title-zh': '目标列' },
    rate: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.1 },
    rounds: { type: 'integer', minimum: 1, default: 200 },
    loss: { enum: ['squared', 2], default: 'squared' },
    early: { type: 'boolean', default: true },
    columns: { type: 'array', items: { type: 'string' }, default: [] },
    hidden: { type: 'array', items: { type: 'integer' } },
    nested: { type: 'object', properties: {} },
    either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
  },
}

describe('a schema', () => {
  const { fields, rest } = fieldsOf(SCHEMA, 'en')
  it('is drawn as far as a form can say it', () => {
    expect(fields.map(({ name, kind }) => `${name}: ${kind}`)).toEqual(['target: text', 'rate: number', 'rounds: integer', 'loss: choice', 'early: boolean', 'columns: list', 'hidden: list'])
    expect(rest).toEqual(['nested', 'either'])
    expect(fields.filter(({ required }) => required).map(({ name }) => name)).toEqual(['target'])
    expect(fieldsOf(undefined, 'en')).toEqual({ fields: [], rest: [] })
    expect(fieldsOf({ properties: { a: 7, b: { type: 'number', if: {} } } }, 'en').rest).toEqual(['a', 'b'])
  })
  it('speaks the language of the reader', () => {
    expect(fieldsOf(SCHEMA, 'zh-CN').fields[0]?.title).toBe('目标列')
    expect(fields[0]?.title).toBe('Target')
  })
  it('says its ranges', () => {
    const range = (name: string) => rangeOf(fields.find((field) => field.name === name) ?? { name, title: '', kind: 'number', required: false })
    expect([range('rate'), range('rounds'), range('none')]).toEqual(['0 < x ≤ 1', '1 ≤ x', ''])
  })
  it('begins with its defaults, and says only what differs from them', () => {
    const first = fallbacksOf(fields)
    expect(first).toEqual({ rate: 0.1, rounds: 200, loss: 'squared', early: true, columns: [] })
    expect(parametersOf(first, fields)).toEqual({})
    expect(parametersOf({ ...first, target: 'y', rate: 0.5, early: false, hidden: [64, 32], loss: 2, nested: { a: 1 }, rounds: null }, fields))
      .toEqual({ target: 'y', rate: '0.5', early: 'false', hidden: '[64,32]', loss: '2', nested: '{"a":1}' })
  })
})

describe('a job of an algorithm', () => {
  const draft = { name: 'a', program: 'algorithm' as const, algorithmName: 'forest', arguments: { target: 'y', rate: 0.1 }, inputs: { data: 'flowers@v2', more: undefined }, datasets: ['left'] }
  it('names it, its parameters and a dataset for each input', () => {
    expect(jobOf(draft, 'p', SCHEMA).spec).toEqual({ algorithm: { name: 'forest' }, parameters: { target: 'y' }, datasets: [{ name: 'flowers', version: 'v2', input: 'data' }] })
    expect(jobOf({ ...draft, algorithmVersion: 'v3' }, 'p', SCHEMA).spec.algorithm).toEqual({ name: 'forest', version: 'v3' })
  })
  it('runs again in the version and with the parameters that it ran with', () => {
    const job = { ...jobOf(draft, 'p', SCHEMA), status: { algorithm: { name: 'forest', version: 'v2', parameters: { target: 'y', rate: '0.1' } } } }
    expect(again(job, new Set(), 'exactly').spec).toMatchObject({ algorithm: { name: 'forest', version: 'v2' }, parameters: { rate: '0.1' } })
    expect(again(job, new Set(), 'newest').spec).toMatchObject({ algorithm: { name: 'forest' }, parameters: { target: 'y' } })
  })
  it('is searched by its schema', () => {
    const { fields } = fieldsOf(SCHEMA, 'en')
    const by = (name: string) => offered(fields.find((field) => field.name === name) ?? { name, title: name, kind: 'text', required: false })
    expect(by('rate')).toEqual({ name: 'rate', type: 'double', scale: 'linear', min: 0, max: 1 })
    expect(by('loss')).toEqual({ name: 'loss', type: 'categorical', values: ['squared', '2'] })
    const sweep = sweepOf({ ...SWEEP, ...draft, arguments: { target: 'y', rate: 0.5 }, searched: [by('rate')], metric: 'm' }, 'p', SCHEMA)
    expect(sweep.spec.job.parameters).toEqual({ target: 'y' })
  })
})

describe('a draft', () => {
  it('becomes an algorithm and comes back', () => {
    const made = algorithmOf({ ...BLANK, name: 'forest', command: 'python "my train.py"', bundle: `sha256:${'0'.repeat(64)}`, cpu: '2', model: 'm', schema: 'type: object\n' }, 'p')
    expect(made.spec).toMatchObject({ command: ['python', 'my train.py'], inputs: [{ name: 'data' }], outputs: { model: 'm' }, resources: { limits: { cpu: '2' } }, parameters: { type: 'object' } })
    expect(specOf(draftOf(made), made.spec)).toEqual(made.spec)
  })
  it('keeps what the form does not show', () => {
    const made = algorithmOf({ ...BLANK, name: 'forest' }, 'p')
    const whole = { ...made.spec, sharedWith: ['far'], deprecated: [{ version: 'v1', reason: 'old' }], checkpoints: { size: '1Gi' }, outputs: { metrics: [{ name: 'loss', goal: 'minimize' as const }] } }
    expect(specOf(draftOf({ ...made, spec: whole }), whole)).toEqual(whole)
  })
  it('says what is no schema', () => {
    expect(() => schemaOf('a: [')).toThrow()
    expect(() => schemaOf('- 1')).toThrow()
    expect(schemaOf('')).toBeUndefined()
    expect(['spec.inputs[1].name', 'spec.code.bundle', 'spec.parameters.type', 'metadata.name'].map((field) => placeOf({ field }))).toEqual([['inputs', 1, 'name'], 'bundle', 'schema', 'name'])
  })
})

describe('code', () => {
  const file = (path: string, text = 'x') => { const one = new File([text], path.split('/').at(-1) ?? ''); Object.defineProperty(one, 'webkitRelativePath', { value: path.includes('/') ? path : '' }); return one }
  it('is packed without what is none, the same each time', async () => {
    const entries = entriesOf([file('f/b.py', 'print(2)'), file('f/.git/config'), file('f/lib/__pycache__/a.pyc'), file('f/lib/a.py')])
    expect(entries.map(({ path }) => path)).toEqual(['b.py', 'lib/a.py'])
    const packed = new Uint8Array(await tar(entries).arrayBuffer())
    expect(packed.length % 512).toBe(0)
    const text = (from: number, to: number) => new TextDecoder().decode(packed.slice(from, to))
    expect([text(0, 4), text(124, 135), text(257, 263), text(512, 520)]).toEqual(['b.py', '00000000010', 'ustar\0', 'print(2)'])
    const sum = packed.slice(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
    expect(Number.parseInt(text(148, 154), 8)).toBe(sum)
    expect(await tar(entries.toReversed()).text()).toBe(await tar(entries).text())
  })
  it('differs in files', () => {
    const one = (path: string, digest: string) => ({ path, digest, size: 1 })
    expect(filesBetween([one('a', '1'), one('b', '1'), one('c', '1')], [one('b', '2'), one('c', '1'), one('d', '1')])).toEqual([{ path: 'a', way: 'fileRemoved' }, { path: 'b', way: 'fileChanged' }, { path: 'd', way: 'fileAdded' }])
  })
  it('of the newest good version is taken', () => {
    expect(bestOf([{ name: 'v3', deprecated: 'x' }, { name: 'v2' }])?.name).toBe('v2')
    expect(bestOf([{ name: 'v1', deprecated: 'x' }])?.name).toBe('v1')
  })
})
