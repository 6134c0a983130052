import type { Notebook } from '../../api/generated'
import type { Translate } from '../../i18n'

/** Seconds of idleness where nothing is said. */
const IDLE = 3600

/** JupyterLab's own page below the notebook's address. */
export const labAt = ({ metadata: { name, namespace = '' }, status }: Notebook): string => `${status?.url ?? `/notebook/${namespace}/${name}/`}lab`

export function idleWords(t: Translate, { spec }: Notebook): string {
  const seconds = spec.idleSeconds ?? IDLE
  return seconds === 0 ? t('notebook.idleNever') : t('notebook.minutes', { count: Math.round(seconds / 6) / 10 })
}
