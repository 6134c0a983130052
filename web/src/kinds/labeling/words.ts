import type { LabelConfig } from '../../api/labeling'
import type { MessageKey } from '../../i18n'

export const KIND: Record<LabelConfig['kind'], MessageKey> = {
  imageClassification: 'labeling.imageClassification',
  imageBoxes: 'labeling.imageBoxes',
  imagePolygons: 'labeling.imagePolygons',
  textClassification: 'labeling.textClassification',
  textSpans: 'labeling.textSpans',
  preference: 'labeling.preference',
}
export const KINDS = Object.keys(KIND) as LabelConfig['kind'][]
