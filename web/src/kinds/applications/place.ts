import type { Cause } from '../../api/http'
import type { Place } from '../../components/useSubmit'
import type { Draft } from './draft'

/** Where a plain field of the specification stands in the form. */
const PLACES: [RegExp, keyof Draft][] = [
  [/^metadata\.name/, 'name'], [/^spec\.image/, 'image'], [/^spec\.command/, 'command'], [/^spec\.environment/, 'environment'],
  [/^spec\.route\.port/, 'routePort'], [/^spec\.route/, 'routed'],
  [/^spec\.health\.live/, 'livePath'], [/^spec\.health\.startSeconds/, 'startSeconds'], [/^spec\.health/, 'readyPath'],
  [/^spec\.autoscaling\.minReplicas/, 'minReplicas'], [/^spec\.autoscaling\.concurrency/, 'concurrency'], [/^spec\.autoscaling\.idleSeconds/, 'idleSeconds'], [/^spec\.autoscaling/, 'maxReplicas'],
  [/^spec\.replicas/, 'replicas'],
  [/^spec\.rollout\.stepSeconds/, 'stepSeconds'], [/^spec\.rollout\.minRequests/, 'minRequests'], [/^spec\.rollout\.maxFailurePercent/, 'maxFailurePercent'], [/^spec\.rollout/, 'steps'],
  [/^spec\.resources.*memory/, 'memory'], [/^spec\.resources.*nvidia/, 'accelerators'], [/^spec\.resources/, 'cpu'],
  [/^spec\.schedule\.timeZone/, 'timeZone'], [/^spec\.schedule\.deadlineSeconds/, 'deadlineSeconds'], [/^spec\.schedule\.retries/, 'retries'], [/^spec\.schedule/, 'cron'],
  [/set spec\.image/, 'command'],
]
/** Lists, and which field of an entry a path leads to; the name when none of these. */
const LISTS: [RegExp, 'ports' | 'variables' | 'volumes', [RegExp, string][]][] = [
  [/^spec\.ports(?:\[(\d+)\])?/, 'ports', [[/\.port$/, 'port']]],
  [/^spec\.env(?:\[(\d+)\])?(?!\w)/, 'variables', [[/Ref\.name$/, 'of'], [/\.key$/, 'key'], [/\.value$/, 'value']]],
  [/^spec\.volumes(?:\[(\d+)\])?/, 'volumes', [[/\.mountPath/, 'mountPath'], [/\.claim/, 'size'], [/\.(existingClaim|dataset|config|secret)/, 'of']]],
]

/** What the API calls the whole object. */
const WHOLE = new Set(['spec', '<nil>'])

/** The field of the form that `cause` is about. A rule over the whole specification names its field in its words. */
export function placeOf({ field, message }: Cause): Place | undefined {
  const path = field && !WHOLE.has(field) ? field : message.replace(/^Invalid value: /, '')
  for (const [pattern, list, fields] of LISTS) {
    const found = pattern.exec(path)
    if (found) return [list, Number(found[1] ?? 0), fields.find(([one]) => one.test(path))?.[1] ?? 'name']
  }
  return PLACES.find(([pattern]) => pattern.test(path))?.[1]
}
