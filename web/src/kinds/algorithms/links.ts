import { at } from '../../frame/useProject'

/** Where a job of an algorithm is made. */
export const trainWith = (project: string, algorithm: string, version?: string): string =>
  `${at(project, 'jobs', 'new')}?algorithm=${encodeURIComponent(version ? `${algorithm}@${version}` : algorithm)}`
