import type { ApplicationSpec } from '../../api/generated'

type Volume = NonNullable<ApplicationSpec['volumes']>[number]
export const SOURCES = ['claim', 'existingClaim', 'dataset', 'config', 'secret'] as const
export type Source = (typeof SOURCES)[number]

/** One folder in the form; `kept` is what stood there, with what the form does not know. */
export interface VolumeDraft {
  name?: string
  mountPath?: string
  source: Source
  size?: string
  /** Name of what is mounted; of a dataset with its version, `digits@v3`. */
  of?: string
  readOnly?: boolean
  kept?: Volume
}

function sourceOf({ source, size = '', of = '', kept }: VolumeDraft): Partial<Volume> {
  if (source === 'claim') return { claim: { ...kept?.claim, size } }
  if (source !== 'dataset') return { [source]: of }
  const [name = '', version = ''] = of.split('@')
  return { dataset: { name, version } }
}

export function mountsOf(volumes: VolumeDraft[]): Volume[] {
  return volumes.map((one) => ({ name: one.name ?? '', mountPath: one.mountPath ?? '', ...(one.readOnly !== undefined && { readOnly: one.readOnly }), ...sourceOf(one) }))
}

export function volumesOf(volumes: Volume[]): VolumeDraft[] {
  return volumes.map((kept) => {
    const source = SOURCES.find((one) => kept[one] !== undefined) ?? 'claim'
    const of = source === 'dataset' ? `${kept.dataset?.name}@${kept.dataset?.version}` : source === 'claim' ? undefined : kept[source]
    return { name: kept.name, mountPath: kept.mountPath, source, kept, ...(kept.readOnly !== undefined && { readOnly: kept.readOnly }), ...(kept.claim && { size: String(kept.claim.size) }), ...(of !== undefined && { of }) }
  })
}
