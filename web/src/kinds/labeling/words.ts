import type { LabelConfig, Side } from '../../api/labeling'
import type { MessageKey } from '../../i18n'

export const KIND: Record<LabelConfig['kind'], MessageKey> = {
  imageClassification: 'labeling.imageClassification',
  imageBoxes: 'labeling.imageBoxes',
  imagePolygons: 'labeling.imagePolygons',
  textClassification: 'labeling.textClassification',
  textSpans: 'labeling.textSpans',
  preference: 'labeling.preference',
}
export const SIDES: Record<Side, MessageKey> = { left: 'labeling.left', right: 'labeling.right', tie: 'labeling.tie' }
export const KINDS = Object.keys(KIND) as LabelConfig['kind'][]
