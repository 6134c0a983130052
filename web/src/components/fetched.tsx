import { lazy, useEffect, useState, type ComponentType, type ReactNode } from 'react'

/*
 * React keeps what a Suspense boundary shows instead for at least 300 ms, however soon
 * the component comes. Whoever opens an address would wait for that, not for us. So a page
 * that is there already is drawn at once, and a part of a page does without Suspense.
 */

/** A component whose file is fetched when it is first drawn, or before by `fetch`. */
export type Fetched = ComponentType & { fetch: () => Promise<void> }

/** A page, under a Suspense boundary: going to it keeps the page before until it has come. */
export function fetched(load: () => Promise<ComponentType>): Fetched {
  let here: ComponentType | undefined
  const fetch = async () => { here ??= await load() }
  const Later = lazy(async () => ({ default: await load() }))
  function Page() {
    const [Body] = useState(() => here ?? Later)
    return <Body />
  }
  return Object.assign(Page, { fetch })
}

/** A part of a page that needs a large library: `instead` stands in its place until it has come. */
export function fetchedPart<P extends object>(load: () => Promise<ComponentType<P>>): (props: P & { instead: ReactNode }) => ReactNode {
  let here: ComponentType<P> | undefined
  return function Part({ instead, ...props }) {
    const [Body, show] = useState(() => here)
    const [failed, fail] = useState<{ error: unknown }>()
    useEffect(() => {
      if (Body) return
      let gone = false
      load().then((component) => { here = component; if (!gone) show(() => component) }, (error: unknown) => { if (!gone) fail({ error }) })
      return () => { gone = true }
    }, [Body])
    // For the boundary of the page, as if the part itself had failed.
    if (failed) throw failed.error
    return Body ? <Body {...props as unknown as P} /> : instead
  }
}
