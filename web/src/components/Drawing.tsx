import { fetchedPart } from './fetched'
import type { CanvasProps, Drawn } from './plot/Canvas'

export type { Drawn }

const Canvas = fetchedPart(async () => (await import('./plot/Canvas')).Canvas)

/** A drawing that is not lines over time. The drawing library is fetched when the first one is. */
export function Drawing(props: CanvasProps) {
  return <Canvas {...props} instead={<div style={{ height: props.height }} aria-busy />} />
}
