import { describe, expect, it } from 'vitest'
import { isProgram, jobName } from '../../api/notebooks'
import { notebookOf } from './draft'
import { labAt } from './words'

describe('a notebook of the form', () => {
  it('says what was filled in, and nothing else', () => {
    expect(notebookOf({ name: 'work' }, 'p').spec).toEqual({})
    expect(notebookOf({ name: 'work', requirements: 'pandas # tables\n\n# none\nscipy', datasets: ['iris@v2', 'wine'], storage: '5Gi', cpu: '2', accelerators: 1, idle: 0.5 }, 'p').spec).toEqual({
      requirements: ['pandas', 'scipy'],
      datasets: [{ name: 'iris', version: 'v2' }, { name: 'wine' }],
      storage: { size: '5Gi' },
      resources: { limits: { cpu: '2', 'nvidia.com/gpu': '1' } },
      idleSeconds: 30,
    })
    expect(notebookOf({ name: 'work', idle: 0 }, 'p').spec.idleSeconds).toBe(0)
  })

  it('leaves the packages of an environment to the environment', () => {
    expect(notebookOf({ name: 'work', environment: 'lab', requirements: 'pandas' }, 'p').spec).toEqual({ environment: 'lab' })
  })

  it('is opened where the platform says', () => {
    const notebook = notebookOf({ name: 'work' }, 'p')
    expect(labAt(notebook)).toBe('/notebook/p/work/lab')
    expect(labAt({ ...notebook, status: { url: '/n/' } })).toBe('/n/lab')
  })
})

describe('a job out of a notebook', () => {
  it('is named after its file', () => {
    expect(jobName('a/Train Model.v2.ipynb')).toBe('train-model')
    expect(jobName('数据.py')).toBe('job')
  })

  it('runs notebooks and scripts', () => {
    const entry = (name: string, kind: 'folder' | 'file' | 'notebook' = 'file') => ({ name, path: name, kind })
    expect([entry('a.ipynb', 'notebook'), entry('a.py'), entry('a.sh')].every(isProgram)).toBe(true)
    expect([entry('a.csv'), entry('b.py', 'folder')].some((one) => one.kind !== 'folder' && isProgram(one))).toBe(false)
  })
})
