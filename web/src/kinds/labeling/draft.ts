import type { LabelingProject } from '../../api/generated'
import type { LabelConfig } from '../../api/labeling'
import { parse, stringify } from 'yaml'

export interface LabelingDraft {
  name: string
  dataset: string
  files?: string
  kind: LabelConfig['kind']
  labels: { name?: string; hotkey?: string; color?: string }[]
  several?: boolean
  ties?: boolean
  fields?: string
  instructions?: string
  overlap: number
  review: boolean
}

export const BLANK: LabelingDraft = { name: '', dataset: '', kind: 'textClassification', labels: [{}, {}], overlap: 1, review: false }

const words = (text: string | undefined): string[] => (text ?? '').split(/[\s,，]+/).filter(Boolean)

export function configOf(draft: LabelingDraft): LabelConfig {
  const { kind, labels, several, ties, fields, instructions } = draft
  const isChoice = kind === 'textClassification' || kind === 'imageClassification'
  return {
    kind,
    ...(kind !== 'preference' && { labels: labels.filter(({ name }) => name).map(({ name = '', hotkey, color }) => ({ name, ...(hotkey && { hotkey }), ...(color && { color }) })) }),
    ...(isChoice && several && { several }),
    ...(kind === 'preference' && ties && { ties }),
    ...(words(fields).length > 0 && { fields: words(fields) }),
    ...(instructions && { instructions }),
  }
}

export function projectOf(draft: LabelingDraft, namespace: string): LabelingProject {
  const { name, dataset, files, overlap, review } = draft
  return {
    apiVersion: 'dais.io/v1alpha1', kind: 'LabelingProject', metadata: { name, namespace },
    spec: { dataset, ...(files && { files }), config: configOf(draft), policy: { overlap, review } },
  } as LabelingProject
}

/** The configuration as YAML, for those who would rather write it. */
export const toYaml = (draft: LabelingDraft): string => stringify(configOf(draft))

/** The form's fields out of YAML that a person wrote; what is wrong with it is thrown. */
export function fromYaml(text: string): Partial<LabelingDraft> {
  const config = parse(text) as Partial<LabelConfig> | null
  if (!config || typeof config !== 'object' || typeof config.kind !== 'string') throw new Error('kind: is missing')
  const { kind, labels = [], several, ties, fields, instructions } = config
  return { kind, labels: labels.map(({ name, hotkey, color }) => ({ name, ...(hotkey && { hotkey }), ...(color && { color }) })), several: several ?? false, ties: ties ?? false, fields: (fields ?? []).join(', '), instructions: instructions ?? '' }
}
