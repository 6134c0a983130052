import type { LabelingProject } from '../../api/generated'
import type { LabelConfig } from '../../api/labeling'
import { parse, stringify } from 'yaml'

export interface LabelDraft {
  name?: string
  hotkey?: string
  color?: string
  /** When it is the right one. */
  description?: { en?: string; zh?: string }
}

export interface LabelingDraft {
  name: string
  dataset: string
  files?: string
  kind: LabelConfig['kind']
  labels: LabelDraft[]
  several?: boolean
  ties?: boolean
  fields?: string
  instructions?: string
  minimum?: number | null
  maximum?: number | null
  assignment: 'queue' | 'person'
  overlap: number
  /** How long a task that somebody opened is kept for them. */
  leaseMinutes: number
  goldPercent: number
  review: boolean
  rejected: 'toAnnotator' | 'toQueue'
}

export const BLANK: LabelingDraft = {
  name: '', dataset: '', kind: 'textClassification', labels: [{}, {}],
  assignment: 'queue', overlap: 1, leaseMinutes: 60, goldPercent: 0, review: false, rejected: 'toAnnotator',
}

const words = (text: string | undefined): string[] => (text ?? '').split(/[\s,，]+/).filter(Boolean)

/** What a label says, without what is empty. */
function labelOf({ name = '', hotkey, color, description }: LabelDraft) {
  const { en, zh } = description ?? {}
  return {
    name, ...(hotkey && { hotkey }), ...(color && { color }),
    ...((en || zh) && { description: { ...(en && { en }), ...(zh && { zh }) } }),
  }
}

export function configOf(draft: LabelingDraft): LabelConfig {
  const { kind, labels, several, ties, fields, instructions, minimum, maximum } = draft
  const isChoice = kind === 'textClassification' || kind === 'imageClassification'
  return {
    kind,
    ...(kind !== 'preference' && { labels: labels.filter(({ name }) => name).map(labelOf) }),
    ...(isChoice && several && { several }),
    ...(kind === 'preference' && ties && { ties }),
    ...(kind !== 'preference' && minimum && { minimum }),
    ...(kind !== 'preference' && maximum && { maximum }),
    ...(words(fields).length > 0 && { fields: words(fields) }),
    ...(instructions && { instructions }),
  } as LabelConfig
}

export function projectOf(draft: LabelingDraft, namespace: string): LabelingProject {
  const { name, dataset, files, assignment, overlap, leaseMinutes, goldPercent, review, rejected } = draft
  const policy = { assignment, overlap, leaseSeconds: Math.round(leaseMinutes * 60), goldRate: goldPercent / 100, review, rejected }
  return {
    apiVersion: 'dais.io/v1alpha1', kind: 'LabelingProject', metadata: { name, namespace },
    spec: { dataset, ...(files && { files }), config: configOf(draft), policy },
  } as LabelingProject
}

/** The configuration as YAML, for those who would rather write it. */
export const toYaml = (draft: LabelingDraft): string => stringify(configOf(draft))

/** The form's fields out of YAML that a person wrote; what is wrong with it is thrown. */
export function fromYaml(text: string): Partial<LabelingDraft> {
  const config = parse(text) as Partial<LabelConfig> & { minimum?: number; maximum?: number } | null
  if (!config || typeof config !== 'object' || typeof config.kind !== 'string') throw new Error('kind: is missing')
  const { kind, labels = [], several, ties, fields, instructions, minimum, maximum } = config
  return {
    kind, labels: labels.map((label) => labelOf(label as LabelDraft)), several: several ?? false, ties: ties ?? false,
    fields: (fields ?? []).join(', '), instructions: instructions ?? '', minimum: minimum ?? null, maximum: maximum ?? null,
  }
}
