import type { Notebook } from '../../api/generated'

/** What the form holds. */
export interface NotebookDraft {
  name: string
  environment?: string
  /** One a line. */
  requirements?: string
  /** `name` or `name@v2`. */
  datasets?: string[]
  storage?: string
  cpu?: string
  memory?: string
  accelerators?: number
  /** Minutes. */
  idle?: number | null
}

const lines = (text = '') => text.split('\n').map((line) => line.replace(/\s#.*$|^#.*$/, '').trim()).filter(Boolean)

function datasetOf(reference: string) {
  const [name = '', version] = reference.split('@')
  return { name, ...(version && { version }) }
}

export function notebookOf(draft: NotebookDraft, namespace: string): Notebook {
  const limits = {
    ...(draft.cpu && { cpu: draft.cpu }),
    ...(draft.memory && { memory: draft.memory }),
    ...(draft.accelerators && { 'nvidia.com/gpu': String(draft.accelerators) }),
  }
  const requirements = draft.environment ? [] : lines(draft.requirements)
  return {
    apiVersion: 'dais.io/v1alpha1', kind: 'Notebook',
    metadata: { name: draft.name, namespace },
    spec: {
      ...(draft.environment && { environment: draft.environment }),
      ...(requirements.length > 0 && { requirements }),
      ...(draft.datasets?.length && { datasets: draft.datasets.map(datasetOf) }),
      ...(draft.storage && { storage: { size: draft.storage } }),
      ...(Object.keys(limits).length > 0 && { resources: { limits } }),
      ...(typeof draft.idle === 'number' && { idleSeconds: Math.round(draft.idle * 60) }),
    },
  }
}
