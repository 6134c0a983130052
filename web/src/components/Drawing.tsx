import { lazy, Suspense } from 'react'
import type { CanvasProps, Drawn } from './plot/Canvas'

export type { Drawn }

const Canvas = lazy(async () => ({ default: (await import('./plot/Canvas')).Canvas }))

/** A drawing that is not lines over time. The drawing library is fetched when the first one is. */
export function Drawing(props: CanvasProps) {
  return (
    <Suspense fallback={<div style={{ height: props.height }} aria-busy />}>
      <Canvas {...props} />
    </Suspense>
  )
}
