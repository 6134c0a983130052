import { useCan } from '../../api/access'
import { DATASETS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import type { Origin } from '../../api/versions'
import type { Step } from '../../components/Lineage'
import { at } from '../../frame/useProject'

const PAGES: Record<string, string> = { TrainingJob: 'jobs', LabelingProject: 'labeling' }

/** The page of what made a version, where that has one. */
export function originPath(project: string, { kind, name }: Origin): { to?: string } {
  const page = PAGES[kind]
  return page ? { to: at(project, page, name) } : {}
}

/** As people call it. */
export const originName = ({ kind, name }: Origin) => (kind === 'Bucket' ? `s3://${name}` : name)

/** The versions that something made, as steps of its lineage; none for whoever may not see datasets. */
export function useMade(project: string, kind: string, name: string): Step[] {
  const datasets = useList(DATASETS, { namespace: project, live: 10_000, enabled: useCan('list', DATASETS, project) ?? false })
  return (datasets.data ?? []).flatMap(({ metadata, status }) => {
    const made = status?.versions?.find(({ origin }) => origin?.kind === kind && origin.name === name)
    return made ? [{ label: `${metadata.name} @ ${made.name}`, to: at(project, 'datasets', metadata.name) }] : []
  })
}
