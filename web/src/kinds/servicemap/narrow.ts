import type { ServiceMap } from '../../api/traces'

/** The part of the map between named services; all of it where none are named. */
export function narrowed(map: ServiceMap, names: Set<string> | null): ServiceMap {
  if (!names) return map
  return { ...map, services: map.services.filter(({ service }) => names.has(service)), calls: map.calls.filter(({ parent, child }) => names.has(parent) && names.has(child)) }
}
