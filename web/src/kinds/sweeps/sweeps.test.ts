import { describe, expect, it } from 'vitest'
import type { Sweep } from '../../api/generated'
import { PALETTES } from '../../theme/palette'
import { compareAt } from './compare'
import { again, placeOf, sweepOf } from './draft'
import { axisAt, axisId, parallelOption, progressOption } from './options'
import { bestSoFar, dimensionsOf, goodness, importanceOf, placeOn, ranked, readNumbers, rowsOf, within, writeNumbers, type Trial } from './series'

const trial = (number: number, state: Trial['state'], value?: number, parameters: Record<string, string> = {}): Trial =>
  ({ number, state, job: `s-${number}`, parameters, ...(value !== undefined && { value }) })

const sweep: Sweep = {
  metadata: { name: 's', namespace: 'p' },
  spec: {
    parameters: [
      { name: 'rate', type: 'double', min: 0.001, max: 1, scale: 'log' },
      { name: 'depth', type: 'int', min: 1, max: 8 },
      { name: 'kernel', type: 'categorical', values: ['rbf', 'linear'] },
    ],
    objective: { metric: 'loss', goal: 'minimize' },
    job: { command: ['x'] },
  },
}

describe('the best so far', () => {
  const trials = [trial(3, 'Succeeded', 0.5), trial(1, 'Succeeded', 0.8), trial(2, 'Pruned', 0.1), trial(4, 'Failed'), trial(5, 'Succeeded', 0.9)]
  it('goes down where less is better, and only by trials that finished', () => {
    expect(bestSoFar(trials, 'minimize')).toEqual([[1, 0.8], [3, 0.5], [5, 0.5]])
  })
  it('goes up where more is better', () => {
    expect(bestSoFar(trials, 'maximize')).toEqual([[1, 0.8], [3, 0.8], [5, 0.9]])
  })
  it('ranks those that finished', () => {
    expect(ranked(trials, 'minimize').map((one) => one.number)).toEqual([3, 1, 5])
    expect(ranked(trials, 'maximize').map((one) => one.number)).toEqual([5, 1, 3])
  })
  it('is nothing before any trial ended', () => {
    expect(bestSoFar([trial(1, 'Running')], 'maximize')).toEqual([])
  })
})

describe('parallel coordinates', () => {
  const dimensions = dimensionsOf(sweep)
  const rows = rowsOf([
    trial(1, 'Succeeded', 0.5, { rate: '0.01', depth: '3', kernel: 'linear' }),
    trial(2, 'Succeeded', 0.2, { rate: '0.1', depth: '6', kernel: 'rbf' }),
    trial(3, 'Running', undefined, { rate: '0.2', depth: '2', kernel: 'rbf' }),
  ], dimensions)
  it('has an axis for each parameter and one for the objective, the better end up', () => {
    expect(dimensions.map(({ name, kind, inverse = false }) => [name, kind, inverse])).toEqual([['rate', 'log', false], ['depth', 'value', false], ['kernel', 'category', false], ['loss', 'value', true]])
  })
  it('has a line for each trial that has a value', () => {
    expect(rows.map(({ places }) => places)).toEqual([[0.01, 3, 1, 0.5], [0.1, 6, 0, 0.2]])
    expect(placeOn(dimensions[0] ?? { name: '', kind: 'value', values: [] }, undefined)).toBeNaN()
  })
  it('chooses what passes through all stretches', () => {
    expect(within(rows, new Map())).toEqual([])
    expect(within(rows, new Map([[1, []]]))).toEqual([])
    expect(within(rows, new Map([[1, [[2, 4]]]]))).toEqual([1])
    expect(within(rows, new Map([[1, [[0, 9]]], [2, [[0, 0]]]]))).toEqual([2])
    expect(within(rows, new Map([[0, [[0.005, 0.02], [0.05, 0.2]]]]))).toEqual([1, 2])
  })
  it('keeps the choice in the address', () => {
    expect([...readNumbers(writeNumbers([2, 7]))]).toEqual([2, 7])
    expect(readNumbers('').size).toBe(0)
    expect(axisAt(axisId(11))).toBe(11)
  })
})

describe('the drawings', () => {
  const look = { palette: PALETTES.light, words: { trial: (number: number) => `Trial ${number}`, state: () => 'ok', best: 'best', target: 'target' } }
  it('make the words of strangers harmless', () => {
    const [row] = rowsOf([trial(1, 'Succeeded', 1, { rate: '<img src=x>' })], dimensionsOf(sweep))
    const option = JSON.stringify(parallelOption({ dimensions: dimensionsOf(sweep), rows: row ? [row] : [], goal: 'minimize', best: 1, chosen: new Set() }, look))
    expect(option).not.toContain('<img')
  })
  it('mark every state', () => {
    const option = progressOption({ trials: [trial(1, 'Succeeded', 1), trial(2, 'Pruned', 2), trial(3, 'Failed')], goal: 'minimize', target: 0.5, best: 1 }, look) as unknown as { series: { data: unknown[] }[] }
    expect(option.series.map(({ data }) => data.length)).toEqual([2, 1, 1, 1])
  })
  it('colour from the worst to the best', () => {
    expect([goodness(1, [1, 3], 'minimize'), goodness(3, [1, 3], 'minimize'), goodness(2, [1, 3], 'maximize'), goodness(1, [1, 1], 'maximize')]).toEqual([1, 0, 0.5, 1])
  })
  it('put what matters most first', () => {
    expect(importanceOf({ ...sweep, status: { importance: { depth: 0.2, rate: 0.7, kernel: 0.1 } } }).map(([name]) => name)).toEqual(['rate', 'depth', 'kernel'])
  })
})

describe('a draft of a sweep', () => {
  it('stands for an object without what was left empty', () => {
    const { spec } = sweepOf({
      name: 's', program: 'command', command: 'python t.py', metric: 'loss', goal: 'minimize', algorithm: 'random', startup: 5, seed: null, stopping: 'median', minTrials: 4, maxTrials: 10, parallelTrials: null,
      searched: [{ name: 'rate', type: 'double', min: 0, max: 1, scale: 'log' }, { name: 'kernel', type: 'categorical', values: ['a'], min: 3 }, { type: 'int' }],
    }, 'p')
    expect(spec).toEqual({
      parameters: [{ name: 'rate', type: 'double', min: 0, max: 1, scale: 'log' }, { name: 'kernel', type: 'categorical', values: ['a'] }],
      objective: { metric: 'loss', goal: 'minimize' }, algorithm: { name: 'random' }, earlyStopping: { name: 'median', minTrials: 4 }, maxTrials: 10, job: { command: ['python', 't.py'] },
    })
  })
  it('shows a refusal where it belongs', () => {
    expect(['spec.parameters[1].min', 'spec.parameters[0]', 'spec.job.resources.limits.memory', 'spec.objective.metric', 'spec.earlyStopping.factor', 'metadata.name', 'spec.nothing'].map(placeOf))
      .toEqual([['searched', 1, 'min'], ['searched', 0, 'name'], 'memory', 'metric', 'factor', 'name', undefined])
  })
  it('runs again under the next name, for the same application', () => {
    const made = again({ ...sweep, spec: { ...sweep.spec, suspend: true, stop: true } }, new Set(['s-2']))
    expect([made.metadata, made.spec.suspend, made.spec.stop, made.spec.job.application]).toEqual([{ name: 's-3', namespace: 'p' }, false, false, 's'])
  })
  it('leads to its runs side by side once there are two', () => {
    const runs = ['a', 'b'].map((runId, at) => ({ ...trial(at, 'Succeeded', 1), runId }))
    expect(compareAt('p', '7', runs)).toBe('/p/p/experiments/7/compare?runs=a,b')
    expect(compareAt('p', '7', runs.slice(1))).toBeUndefined()
    expect(compareAt('p', undefined, runs)).toBeUndefined()
  })
})
