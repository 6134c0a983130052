import type { RouteObject } from 'react-router'
import { ROUTES } from '../src/routes'
import { project } from './person'

function patterns(routes: RouteObject[], above = ''): string[] {
  return routes.flatMap(({ path = '', children }) => {
    const whole = [above, path].filter(Boolean).join('/')
    return children ? patterns(children, whole) : [whole]
  })
}

/** Every address that the router knows, so that a new page is walked without being named here. */
export const PATTERNS = patterns(ROUTES)

/** Where a pattern leads: in the place of a parameter stands the object that `objects` has of the word before it. */
export function address(pattern: string, objects: Record<string, string> = {}): string {
  const filled = pattern.replace(':project', project).replace('/:tab?', '').replace('*', 'nowhere').replace(/(\w+)\/:\w+/g, (_whole, kind: string) => {
    const object = objects[kind]
    if (!object) throw new Error(`${pattern}: there is no object of ${kind} to show`)
    return `${kind}/${object}`
  })
  return `/${filled}`
}

/** Every page that can be opened without knowing more than a project. */
export const PAGES = PATTERNS.filter((one) => !/:(?!project)/.test(one)).map((one) => address(one))
