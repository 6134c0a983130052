/** The Open Inference Protocol v2, as far as the form needs it. */

export interface Tensor {
  name: string
  datatype: string
  shape: number[]
}
export interface Metadata {
  name?: string
  inputs?: Tensor[]
  outputs?: Tensor[]
}
export interface Output extends Tensor {
  data: (number | string | boolean)[]
}

const FALLBACK: Tensor = { name: 'X', datatype: 'FP32', shape: [1, 64] }
/** Scikit-learn's handwritten digits: 8 × 8, brightness in sixteenths. */
export const SIDE = 8
export const SHADES = 16

/** A row that the model can take; unknown sizes count as one. */
function shapeOf(tensor: Tensor): number[] {
  return tensor.shape.map((size) => (size > 0 ? size : 1))
}

/** True when the model's one input is a row of 64 numbers: a picture can be drawn. */
export function digitInput(metadata: Metadata | undefined): boolean {
  const inputs = metadata?.inputs ?? []
  const [only] = inputs
  return inputs.length === 1 && only !== undefined && shapeOf(only).reduce((product, size) => product * size, 1) === SIDE * SIDE
}

export function bodyOf(metadata: Metadata | undefined, data?: number[]): string {
  const inputs = (metadata?.inputs?.length ? metadata.inputs : [FALLBACK]).map((tensor) => {
    const shape = shapeOf(tensor)
    const size = shape.reduce((product, one) => product * one, 1)
    const empty = tensor.datatype === 'BYTES' ? '' : 0
    return { name: tensor.name, datatype: tensor.datatype, shape, data: data ?? Array.from({ length: Math.min(size, 4096) }, () => empty) }
  })
  const lines = inputs.map(({ data: values, ...rest }) => `    ${JSON.stringify(rest).slice(0, -1)}, "data": ${JSON.stringify(values)}}`)
  return `{\n  "inputs": [\n${lines.join(',\n')}\n  ]\n}`
}

export function outputsOf(text: string): Output[] {
  try {
    const parsed = JSON.parse(text) as { outputs?: Output[] }
    return parsed.outputs?.filter((one) => Array.isArray(one.data)) ?? []
  } catch {
    return []
  }
}

/** Numbers that could be probabilities of classes: few, none negative, together about one. */
export function probabilities(output: Output): number[] | undefined {
  const values = output.data.map(Number)
  const sum = values.reduce((a, b) => a + b, 0)
  const plausible = values.length > 1 && values.length <= 50 && values.every((one) => one >= 0 && one <= 1) && Math.abs(sum - 1) < 0.02
  return plausible ? values : undefined
}
