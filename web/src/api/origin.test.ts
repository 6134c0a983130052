import { expect, it } from 'vitest'
import { reached } from './origin'

it('is reached by the name that the portal was reached by', () => {
  expect(reached('http://127.0.0.1:8081', { hostname: 'dais.example' })).toBe('http://dais.example:8081')
  expect(reached('', { hostname: 'dais.example' })).toBe('')
})
