import type { ABTest } from '../../api/generated'
import { lineOf } from '../services/commandLine'
import { isOver } from './phase'

/** What the page does, as it is typed. */
const line = (...words: string[]): string => lineOf(['dais', ...words])

export const applyLine = (): string => line('apply', '-f', 'test.yaml')
export const promoteLine = ({ metadata }: ABTest, variant: string): string => line('abtest', 'promote', metadata.name, '--variant', variant)

/** What may be done with a test from a terminal. */
export function terminalLines(test: ABTest): string[] {
  const { name } = test.metadata
  const going = isOver(test) ? [] : [line('abtest', test.spec.suspend ? 'resume' : 'pause', name), line('abtest', 'stop', name)]
  const promote = test.spec.promote ? [] : [line('abtest', 'promote', name)]
  return [line('abtest', 'show', name), ...going, ...promote]
}
