import { useMemo } from 'react'
import type { Algorithm, AlgorithmSpec } from '../../api/generated'
import { ALGORITHMS, CONTROLLER_REVISIONS, LABELS } from '../../api/kinds'
import { useList, type Listed } from '../../api/useKube'
import type { Language } from '../../i18n'
import { releaseOf } from '../applications/releases'

/** One version, as the platform wrote it down. */
export interface Version {
  name: string
  number: number
  time: string | undefined
  by: string
  cause?: string | undefined
  changes: string[]
  spec: AlgorithmSpec
  deprecated?: string | undefined
}

/** Newest first. */
export function useVersions(project: string, algorithm: Algorithm | undefined): Listed<Version> {
  const all = useList(CONTROLLER_REVISIONS, { namespace: project, labels: `${LABELS.kind}=${ALGORITHMS.kind}`, live: 5000, enabled: algorithm !== undefined })
  const { uid } = algorithm?.metadata ?? {}
  const deprecated = algorithm?.spec.deprecated
  const data = useMemo(
    () => all.data?.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid)).map((revision): Version => {
      const { number, time, by, cause, changes, spec } = releaseOf(revision)
      const name = `v${number}`
      return { name, number, time, by, cause, changes, spec: spec as AlgorithmSpec, deprecated: deprecated?.find(({ version }) => version === name)?.reason }
    }).toSorted((a, b) => b.number - a.number),
    [all.data, uid, deprecated],
  )
  return { data, error: all.error, isPending: all.isPending, refetch: all.refetch } as Listed<Version>
}

/** The newest that should be used. */
export const bestOf = <V extends { deprecated?: string | null | undefined }>(versions: V[]): V | undefined => versions.find(({ deprecated }) => !deprecated) ?? versions[0]

/** What comes with dais speaks both languages. */
export function wordsOf(of: Algorithm, language: Language): { title: string; description: string } {
  const notes = language === 'zh-CN' ? of.metadata.annotations : undefined
  return { title: notes?.['dais.io/title-zh'] ?? of.spec.title ?? of.metadata.name, description: notes?.['dais.io/description-zh'] ?? of.spec.description ?? '' }
}
